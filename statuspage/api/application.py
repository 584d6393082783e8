"""The API as a whole: its rooms."""

from __future__ import annotations

from statuspage.api import (
    catalogue,
    customers,
    decisions,
    impacted,  # noqa: F401 - fills the router of incidents, as the next three do
    ingest,
)
from statuspage.api.answers.ninja_api import Api
from statuspage.api.incidents import decisions as incident_decisions  # noqa: F401
from statuspage.api.incidents import reads as incident_reads  # noqa: F401
from statuspage.api.incidents import writes as incident_writes  # noqa: F401
from statuspage.api.routers import incidents

api = Api(
    title="Status page",
    version="1",
    description=(
        "Everything the desk can do, for scripts: the same verbs, permissions and confirmations. Times are ISO"
        " 8601 in UTC. Whatever writes takes dry_run=1: the real thing, rolled back. Every POST that"
        " makes something takes an Idempotency-Key; what is done to an incident, If-Match with the ETag that was seen."
    ),
    urls_namespace="api-v1",
)
api.add_router("/incidents", incidents)
api.add_router("", decisions.router)
api.add_router("", catalogue.router)
api.add_router("", customers.router)
api.add_router("", ingest.router)
