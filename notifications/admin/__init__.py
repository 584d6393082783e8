"""The plain admin: tenants, endpoints and rules to edit; what was planned and sent to look at only."""

from notifications.admin import customers, endpoints, outbox

__all__ = ["customers", "endpoints", "outbox"]
