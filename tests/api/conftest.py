"""A script with a token, and an incident whose customers it knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import ApiToken, Incident
from incidents.services.access import tokens
from incidents.services.incident import declare
from tests.conftest import declaration
from tests.notifications.cast import tenant

Answer = Any  # of the test client, whose own type has no public name
Put = Callable[..., Answer]
Call = Callable[..., Answer]
V1 = "/api/v1/"


@pytest.fixture(autouse=True)
def nobody_was_refused_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals are counted in Redis, which outlives a test: each counts in a window of its own."""
    name = f"api-refused-{datetime.now(UTC).timestamp()}"
    limit = type("Limit", (), {"name": name, "most": 10, "within": timedelta(minutes=10)})
    monkeypatch.setattr("statuspage.api.authentication.REFUSALS", limit)


@pytest.fixture
def incident(catalogue: None, operator: User) -> Incident:
    for ref in ("contoso", "fabrikam", "litware"):
        tenant(ref, ("key-vault", "west-europe"))
    now = datetime.now(UTC)
    return declare(
        declaration=declaration(audience="unknown", started_at=now - timedelta(hours=1)),
        now=now,
        actor=operator,
    )


def path_of(incident: Incident | str) -> str:
    tracking_id = incident if isinstance(incident, str) else incident.tracking_id
    return f"/api/v1/incidents/{tracking_id}/impacted"


def token_of(user: User, *, now: datetime | None = None) -> tuple[ApiToken, str]:
    return tokens.issue(user=user, name="impact analysis", now=now or datetime.now(UTC))


@pytest.fixture
def secret(operator: User) -> str:
    return token_of(operator)[1]


@pytest.fixture
def put(incident: Incident, secret: str) -> Put:
    """PUT a body to the incident's list; `query`, `token` and headers as given."""

    def send(
        body: bytes = b"contoso-1\n",
        query: str = "",
        *,
        to: Incident | str = incident,
        token: str = secret,
        content_type: str = "text/csv",
        **headers: str,
    ) -> Answer:
        return Client(enforce_csrf_checks=True).generic(
            "PUT",
            path_of(to) + query,
            body,
            headers={"Authorization": f"Bearer {token}"} | headers,
            # Of an empty body the client would tell neither.
            CONTENT_TYPE=content_type,
            CONTENT_LENGTH=str(len(body)),
        )

    return send


def told(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.content)
    return found


def every(call: Call, path: str) -> list[dict[str, Any]]:
    """The rows of a list, read one a page."""
    page = told(call("get", f"{path}?limit=1"))
    found: list[dict[str, Any]] = page["items"]
    while page["next"]:
        page = told(call("get", f"{path}?limit=1&cursor={page['next']}"))
        found += page["items"]
    return found


def listed(incident: Incident) -> set[str]:
    return set(incident.impacted.values_list("subscription__ref", flat=True))


@pytest.fixture
def call(catalogue: None, operator: User) -> Call:
    """`call("post", "incidents", {...})`: as a script would."""
    secret = token_of(operator)[1]

    def send(
        method: str, path: str, body: Any = None, *, token: str = secret, **headers: str
    ) -> Answer:
        return Client(enforce_csrf_checks=True).generic(
            method.upper(),
            V1 + path,
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"} | headers,
        )

    return send


def cell(service: str = "key-vault", region: str = "west-europe", **more: Any) -> dict[str, Any]:
    return {"service": service, "region": region} | more


def body(**more: Any) -> dict[str, Any]:
    """One cell, an Error, audience estimated: targeted only, unless told otherwise."""
    since = datetime.now(UTC) - timedelta(minutes=20)
    return {
        "kind": "service-issue",
        "level": "error",
        "started_at": since.isoformat(),
        "public_title": "Key Vault requests fail",
        "audience": "estimated",
        "impacts": [cell()],
    } | more
