"""The outbox: plan, claim, send, settle; rate limits, circuit breaker, kill switch, health."""
