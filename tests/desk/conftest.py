"""A signed-in operator at the desk, and forms as a browser would send them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident, PolicyVersion
from incidents.policy import PRESETS
from incidents.services.incident import declare
from tests.conftest import declaration, hit

Form = dict[str, Any]
Answer = Any  # of the test client, whose own type has no public name


class _Controls(HTMLParser):
    """What a browser would send for the form that has the given hidden field."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._textarea = ""
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = dict(attrs)
        name, value = got.get("name") or "", got.get("value") or ""
        if tag == "input" and name:
            box = got.get("type") in ("checkbox", "radio")
            if not box or "checked" in got:
                self.fields.setdefault(name, []).append(value or ("on" if box else ""))
        elif tag == "textarea":
            self._textarea = name
            self.fields[name] = [""]
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in got:
            self.fields[self._select] = [value]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.fields[self._textarea] = [self.fields[self._textarea][0].removeprefix("\n")]
            self._textarea = ""
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.fields[self._textarea][0] += data


def sent_by(response: Answer, action: str) -> Form:
    """The fields of the first form with this action, as the page would send them back."""
    page = response.content.decode()
    start = page.index("<form", page.index(f'action="{action}"') - 200)
    parser = _Controls()
    parser.feed(page[start : page.index("</form>", start)])
    return dict(parser.fields)


def text_of(response: Answer) -> str:
    """The page's words, with white space folded."""
    parts: list[str] = []

    class _Words(HTMLParser):
        def handle_data(self, data: str) -> None:
            parts.append(data)

    _Words().feed(response.content.decode())
    return " ".join(" ".join(parts).split())


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


@pytest.fixture
def form() -> Form:
    """One service in one region, audience estimated: targeted only."""
    since = datetime.now(UTC) - timedelta(minutes=20)
    return {
        "kind": "service-issue",
        "level": "error",
        "since": f"{since:%Y-%m-%d %H:%M}",
        "public_title": "Key Vault requests fail",
        "internal_title": "quorum lost on stamp 7",
        "public_text": "Some requests to **Key Vault** fail.",
        "targeted_text": "Your vaults in zone 1 are affected.",
        "services": ["key-vault"],
        "regions": ["west-europe"],
        "extent": "subset",
        "audience": "estimated",
        "dependents": "0",
        "targeted_channel_available": "on",
        "platform_fault": "on",
        "next_update_by": "+30",
    }


BROAD: Form = {"services": ["key-vault", "storage"], "extent": "zone"}
NEW = "/admin/desk/new/"


def publish(desk: Client, form: Form, **more: Any) -> Answer:
    """Preview, then press Publish on it."""
    preview = desk.post(NEW, form)
    assert preview.status_code == 200, text_of(preview)
    return desk.post(NEW, sent_by(preview, NEW) | {"step": "publish"} | more)


@pytest.fixture
def targeted(catalogue: None, operator: User) -> Incident:
    """Open, known to the affected customers only."""
    now = datetime.now(UTC)
    return declare(
        declaration=declaration(started_at=now - timedelta(hours=1)), now=now, actor=operator
    )


@pytest.fixture
def by_azure(db: None, now: datetime) -> None:
    """The preset azure is in force, as an operator may have chosen."""
    document = PRESETS["azure"].as_dict()
    PolicyVersion.objects.create(
        name="azure", version=1, document=document, reason="Chosen.", in_force_from=now
    )


@pytest.fixture
def waiting(catalogue: None) -> Incident:
    """Opened by a machine, and broad: its public post waits for a person."""
    now = datetime.now(UTC)
    return declare(
        declaration=declaration(
            hit("storage", "west-europe", extent="region"),
            hit("key-vault", "west-europe"),
            started_at=now - timedelta(minutes=5),
        ),
        now=now,
        actor=None,
    )
