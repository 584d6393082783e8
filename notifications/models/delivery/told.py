"""What has reached its receiver: sent by itself, or an item of a digest that was sent. For the ORM and for SQL."""

from __future__ import annotations

from django.db.models import Case, Q, When

from notifications.vocabulary.delivery_states import SkipReason, State


def alone_or_in_digest(*states: State) -> Q:
    """Deliveries that are in one of these states, or go with a digest that is."""
    return Q(state__in=states) | Q(skip_reason=SkipReason.IN_DIGEST, digest__state__in=states)


TOLD = alone_or_in_digest(State.SENT)
# When (UTC), and nothing where it has not: what has left its digest was not told by it.
TOLD_AT = Case(When(skip_reason=SkipReason.IN_DIGEST, then="digest__sent_at"), default="sent_at")


def told_at_sql(alias: str) -> str:
    """TOLD_AT of the deliveries of this name. Digests are looked up one by one: joined, the planner may read all of
    them for an incident of which nothing is in one."""
    return f"""
CASE WHEN {alias}.skip_reason = 'in_digest'
  THEN (SELECT digest.sent_at FROM notifications_delivery digest WHERE digest.id = {alias}.digest_id)
  ELSE {alias}.sent_at END
"""  # noqa: S608 - a name of our own


# Of deliveries `d`: somebody hears of it, or was to and could not be told.
NOT_LEFT_OUT = "(d.state <> 'skipped' OR d.skip_reason = 'in_digest')"
