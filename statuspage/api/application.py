"""The API as a whole: its rooms."""

from __future__ import annotations

from statuspage.api import (
    catalogue,
    decisions,
    impacted,  # noqa: F401 - fills the router of incidents, as those of its folder do
    ingest,
    looking_back,
    scheduled,
    sending,
)
from statuspage.api.answers.ninja_api import Api
from statuspage.api.customers import endpoints, rules, tenants  # noqa: F401 - fill their router
from statuspage.api.customers.lookup import router as customers
from statuspage.api.incidents import afterwards
from statuspage.api.incidents import decisions as incident_decisions  # noqa: F401
from statuspage.api.incidents import reads as incident_reads  # noqa: F401
from statuspage.api.incidents import writes as incident_writes  # noqa: F401
from statuspage.api.routers import incidents
from statuspage.api.setup import as_documents, monitors, moving_over, recordings, text_templates

api = Api(
    title="Status page",
    version="1",
    description=(
        "Everything the desk can do, for scripts: the same verbs, permissions and confirmations. Times are ISO"
        " 8601 in UTC. Whatever writes takes dry_run=1: the real thing, rolled back. Every POST that"
        " makes something takes an Idempotency-Key; what is done to an incident, If-Match with the ETag that was seen."
        " Lists come in pages: send `next` of one as `cursor` for the next. RateLimit headers say what is left."
    ),
    urls_namespace="api-v1",
)
api.add_router("/incidents", incidents)
for router in (
    decisions.router,
    afterwards.router,
    scheduled.router,
    catalogue.router,
    customers,
    ingest.router,
    monitors.router,
    as_documents.router,
    recordings.router,
    text_templates.router,
    moving_over.router,
    sending.router,
    looking_back.router,
):
    api.add_router("", router)
