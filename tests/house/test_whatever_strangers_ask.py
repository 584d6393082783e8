"""Whatever is asked of the running product, it answers within seconds, and never with 500; refusals say why.

Forms, query strings, headers, cookies, signed links, and bodies of the API, each made of a good one.
FUZZ= sets how often each is tried.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services.access import tokens
from incidents.services.incident import declare
from incidents.services.inputs import Override
from notifications.channels import signed_links
from notifications.subscribers import form_guard
from statuspage.api.reference import document
from tests.conftest import declaration
from tests.house.garbling import NASTY, distorted, garbled
from tests.house.test_whatever_strangers_send import often
from tests.notifications.cast import reader, tenant
from tests.public.sites import ask
from tests.public.test_nothing_public_happened import fresh

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]
HEADERS = {
    "ACCEPT_ENCODING": "gzip, br;q=0.5", "ACCEPT_LANGUAGE": "de, en;q=0.5", "IF_NONE_MATCH": 'W/"abc"',
    "IF_MODIFIED_SINCE": "Sat, 28 Feb 2026 10:00:00 GMT", "RANGE": "bytes=0-99", "ORIGIN": "null",
    "SEC_FETCH_SITE": "same-origin", "X_FORWARDED_FOR": "203.0.113.7", "AUTHORIZATION": "Bearer abc",
    "COOKIE": "sessionid=abc; known_browser=a:b:c; desk_session=x", "HX_REQUEST": "true",
    "IDEMPOTENCY_KEY": "one", "IF_MATCH": '"1"', "FORWARDED": "for=203.0.113.7", "X_FORWARDED_PROTO": "https",
    "REFERER": "https://example.com/", "HX_CURRENT_URL": "https://example.com/",
}  # fmt: skip


def text(chance: Random, good: str) -> str:
    """As a WSGI server hands it on: bytes as Latin-1, and no control character of a header's."""
    return garbled(chance, good.encode()).decode("latin-1")[:8000]


def headers(chance: Random) -> dict[str, str]:
    chosen = chance.sample(sorted(HEADERS), chance.randint(0, 4))
    return {f"HTTP_{name}": re.sub(r"[\r\n\0]", "", text(chance, HEADERS[name])) for name in chosen}


def sender(chance: Random) -> str:
    return f"198.18.{chance.randrange(250)}.{chance.randrange(1, 250)}"


@pytest.fixture
def public(operator: User) -> Incident:
    return declare(
        declaration=declaration(), now=datetime.now(UTC), actor=operator,
        override=Override(public=True, reason="for the test"),
    )  # fmt: skip


@often
def test_the_public_site(chance: Any, public: Incident, tmp_path: Path) -> None:
    if not hasattr(test_the_public_site, "web"):
        test_the_public_site.web = fresh(tmp_path / "site")  # type: ignore[attr-defined]
    site, web = test_the_public_site.web  # type: ignore[attr-defined]
    query = "service=storage&region=west-europe&q=fails&from=2026-03-01&to=2026-03-09&level=error&month=2026-03"
    for _ in range(20):
        path = chance.choice(sorted(each for each in site.pages if each.startswith("/")))
        if chance.random() < 0.3:
            path = "/" + text(chance, path)
        asked = quote(text(chance, query), safe="=&%;+") if chance.random() < 0.8 else ""
        named = {name.removeprefix("HTTP_"): value for name, value in headers(chance).items()}
        reply = ask(web, path, asked, chance.choice(("GET", "HEAD", "OPTIONS", "POST")), **named)
        assert reply.status < 500, (path, asked, named)


@pytest.fixture
def forms(public: Incident) -> list[tuple[str, dict[str, str]]]:
    """Addresses that strangers post to, each with what is right there."""
    ann = reader("ann@example.com")
    links = (
        signed_links.manage_url(ann.key), signed_links.leave_url(ann.key, "public"),
        signed_links.confirm_url(uuid.uuid4()),
    )  # fmt: skip

    def token(purpose: str) -> dict[str, str]:
        return {form_guard.FIELD: form_guard.issue(purpose, now=datetime.now(UTC))}

    address, ours = {"address": "ann@example.com"}, f"feedback {public.tracking_id}"
    return [
        ("/subscribe/", token("subscribe") | address | {"scope": "all", "service": "storage"}),
        ("/de/subscribe/", token("subscribe") | address | {"region": "west-europe"}),
        *((urlsplit(each).path, token("manage") | {"service": "storage"}) for each in links),
        (f"/feedback/{public.tracking_id}/", token(ours) | {"useful": "3", "clear": "4", "missing": "x", "key": ""}),
        ("/service-health/sign-in/", token("service-health ask") | address),
        (f"/service-health/code/{uuid.uuid4()}/", token("service-health code") | {"code": "1234 5678"}),
        ("/service-health/of/contoso/", {}),
        ("/admin/login/", {"username": "olga", "password": "wrong", "next": "/admin/desk/", "typed": "a:b"}),
        ("/admin/account/2fa/webauthn/login/", {"credential": "{}"}),
        ("/admin/desk/new/", {"level": "error", "step": "post"}),
    ]  # fmt: skip


@often
def test_forms_links_and_cookies(chance: Any, forms: list[Any], settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    client = Client()
    for _ in range(6):
        path, values = chance.choice(forms)
        if chance.random() < 0.3:
            path = "/" + text(chance, path).lstrip("/")
        given = {
            name: garbled(chance, value.encode()).decode(errors="replace") if chance.random() < 0.5 else value
            for name, value in values.items()
        }  # fmt: skip
        if chance.random() < 0.3:
            given[chance.choice(("service", "topic", "q", "", "page"))] = chance.choice(NASTY)
        sent: dict[str, Any] = {"REMOTE_ADDR": sender(chance)} | headers(chance)
        if chance.random() < 0.2:  # no form at all
            answer = client.generic(
                "POST", quote(path), garbled(chance, b"a=1&b=2"),
                content_type=text(chance, "multipart/form-data; boundary=x").replace("\n", ""), **sent,
            )  # fmt: skip
        else:
            method = client.post if chance.random() < 0.7 else client.get
            answer = method(quote(path), given, **sent)
        assert answer.status_code < 500, (path, given, sent)


# ---- the API

SAMPLES: dict[str, Any] = {
    "string": "storage", "integer": 1, "number": 1.5, "boolean": True, "null": None,
}  # fmt: skip


def sample(schema: dict[str, Any], whole: dict[str, Any], depth: int = 0) -> Any:
    """A value of this shape."""
    shown: list[Any] = schema.get("examples") or [None]
    if "$ref" in schema:
        return sample(
            whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]], whole, depth + 1
        )
    for several in ("anyOf", "allOf", "oneOf"):
        if several in schema:
            return sample(schema[several][0], whole, depth)
    if "example" in schema or "examples" in schema:
        return schema.get("example", shown[0])
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date-time":
        return "2026-03-01T09:00:00Z"
    if schema.get("type") == "array":
        return [sample(schema.get("items", {}), whole, depth)]
    if schema.get("type") == "object" or "properties" in schema:
        return {
            name: sample(each, whole, depth)
            for name, each in schema.get("properties", {}).items()
            if depth < 6
        }
    return SAMPLES.get(schema.get("type", "string"))


def operations() -> Iterator[tuple[str, str, dict[str, Any], Any, str]]:
    """Method, path, parameters, body and its type."""
    whole = document()
    for path, each in whole["paths"].items():
        for method, operation in each.items():
            if method not in ("get", "post", "put", "delete", "patch"):
                continue
            parameters = {
                one["name"]: sample(one.get("schema", {}), whole)
                for one in operation.get("parameters", [])
                if one["in"] == "query"
            }
            kinds: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
            kind = next(iter(kinds), "")
            content = kinds.get(kind, {})
            body = content.get("example") or (
                sample(content.get("schema", {}), whole) if kind else None
            )
            yield method.upper(), path, parameters, body, kind


@often
def test_the_api(chance: Any, public: Incident, operator: User) -> None:
    if not tokens.find(secret=getattr(test_the_api, "secret", ""), now=datetime.now(UTC)):
        made = tokens.issue(user=operator, name="t", now=datetime.now(UTC))
        test_the_api.secret = made[1]  # type: ignore[attr-defined]
        tenant("contoso", ("storage", "west-europe"))
    secret = test_the_api.secret  # type: ignore[attr-defined]
    places = {
        "tracking_id": public.tracking_id,
        "ref": "contoso",
        "tenant": "contoso",
        "format": "json",
    }
    for method, path, parameters, body, kind in chance.sample(list(operations()), 8):
        filled = re.sub(
            r"\{(\w+)\}",
            lambda found: text(chance, "1") if chance.random() < 0.2 else places.get(found[1], "1"),
            path,
        )
        query = {
            name: text(chance, str(value))
            for name, value in parameters.items()
            if chance.random() < 0.5
        }
        raw = (body if isinstance(body, str) else json.dumps(distorted(chance, body))).encode(
            "utf-8", "surrogatepass"
        )
        if chance.random() < 0.3:
            raw = garbled(chance, raw)
        sent: dict[str, Any] = headers(chance) | {
            "HTTP_AUTHORIZATION": f"Bearer {secret}",
            "REMOTE_ADDR": sender(chance),
        }
        answer = Client().generic(
            method, quote(filled, safe="/%"), raw, content_type=kind or "application/json",
            query_params=query, **sent,
        )  # fmt: skip
        assert answer.status_code < 500, (method, filled, query, raw[:400], sent)
        if answer.status_code >= 400 and method != "HEAD":
            told = json.loads(answer.content)
            assert len(told["detail"]) > 10, told
            for each in told.get("errors", []):
                assert each["field"], told
                assert each["problem"], told
                assert each["remedy"], told


@pytest.mark.parametrize("path", [
    "/admin/desk/customers/a%00b/", "/admin/desk/?q=a%00b", "/admin/desk/told/?q=%00",
    "/admin/incidents/service/?q=%00",
    "/service-health/of/a%00b/", "/api/v1/tenants/a%00b",
    "/service-health/api/v1/rules/a%00b", "/subscribe/?incident=%00",
])  # fmt: skip
def test_what_no_text_of_the_database_can_hold_is_nowhere(operator: User, path: str) -> None:
    client = Client()
    client.force_login(operator)
    _, secret = tokens.issue(user=operator, name="t", now=datetime.now(UTC))
    answer = client.get(path, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 404
