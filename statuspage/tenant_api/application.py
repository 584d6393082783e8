"""The tenants' API as a whole, and its description."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from statuspage.api.answers.ninja_api import Api, described
from statuspage.tenant_api import events, rules, sending

api = Api(
    title="Service Health",
    version="1",
    description=(
        "What concerns your tenant, for your scripts: the same questions as the pages ask. Events have the shape"
        " of Azure's Microsoft.ResourceHealth/events; /describe-events says the same in the shape of AWS Health."
        " Times are ISO 8601 in UTC. Lists come in pages by cursor, answers with an ETag, refusals as Problem"
        " Details (RFC 9457)."
    ),
    urls_namespace="tenant-api-v1",
)
api.add_router("", events.router)
api.add_router("", rules.router)
api.add_router("", sending.router)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    return described(api, "service-health/api/v1/")


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(document())
