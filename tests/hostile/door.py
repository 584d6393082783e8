"""The way in: connections, people of every role with their sessions, tenants, and the tally."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client

from incidents import access
from incidents.models import Incident, Region, Service
from incidents.services.access import tokens
from incidents.services.incident import declare
from incidents.services.inputs import Declaration, Hit, Override, Statement
from notifications.models import Membership, Person, Tenant
from tests.notifications.cast import tenant

CANARY = "canaryword"


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` by names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def whole(self) -> str:
        return f"{self.headers} {self.body}"


@dataclass
class House:
    port: int
    tried: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    failed: list[str] = field(default_factory=list)
    mark: str = field(default_factory=lambda: format(int(time.time()) % 10**7, "x"))

    def __post_init__(self) -> None:
        self.root = User.objects.create(
            username=f"root-{self.mark}", is_staff=True, is_superuser=True
        )
        self.sessions = {
            role: self._session(role) for role in (*access.ROLES, "nothing", "no staff")
        }
        self.sessions["root"] = self._login(self.root)
        self.sessions[""] = {}
        self.token = self.issue(None)
        now = datetime.now(UTC)
        cell = Service.objects.order_by("pk")[0], Region.objects.order_by("pk")[0]
        slugs = cell[0].slug, cell[1].slug
        self.tenants = [tenant(f"{CANARY}-{each}-{self.mark}", slugs) for each in "ab"]
        self.people = [self._person(each) for each in self.tenants]
        self.hidden = declare(
            declaration=Declaration(
                level="error", public_title=f"{CANARY} title", internal_title=f"{CANARY} internal",
                hits=(Hit(*cell),), started_at=now - timedelta(minutes=20), audience="estimated",
                statement=Statement("", f"{CANARY} text"),
            ),
            now=now, actor=self.root, override=Override(public=False, reason=f"{CANARY} reason"),
        )  # fmt: skip
        self.public = Incident.objects.public().order_by("-pk")[0]

    def _session(self, role: str) -> dict[str, str]:
        user = User.objects.create(username=f"{role}-{self.mark}", is_staff=role != "no staff")
        if role in access.ROLES:
            user.groups.add(Group.objects.get(name=role))
        return self._login(user)

    def _login(self, user: User) -> dict[str, str]:
        client = Client()
        client.force_login(user)
        return {name: morsel.value for name, morsel in client.cookies.items()}

    def _person(self, owner: Tenant) -> Person:
        made = Person.objects.create(email=f"{owner.ref}@example.com")
        Membership.objects.create(person=made, tenant=owner)
        return made

    def issue(self, scopes: list[str] | None) -> str:
        return tokens.issue(user=self.root, name="hostile", now=datetime.now(UTC), scopes=scopes)[1]

    def ask(
        self, method: str, path: str, body: object = None, cookies: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Reply:  # fmt: skip
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if isinstance(body, dict):
            body = urlencode(body)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            raw = body.encode() if isinstance(body, str) else body
            connection.request(method, path, raw, sent)  # type: ignore[arg-type]  # bytes, or nothing
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, found, text)
        finally:
            connection.close()

    def api(self, method: str, path: str, body: object, token: str | None = None) -> Reply:
        """Once more when our own token has asked too often: what is refused for that was not tried."""
        bearer = f"Bearer {token or self.token}"

        def once() -> Reply:
            return self.ask(
                method,
                path,
                json.dumps(body),
                authorization=bearer,
                content_type="application/json",
            )

        reply = once()
        if token is None and reply.status == 429:
            time.sleep(float(reply.headers["retry-after"]) + 1)
            reply = once()
        return reply

    def form(self, path: str, values: Mapping[str, Any], who: str, **headers: str) -> Reply:
        """As a page of ours sends it, with a good mark against forgery."""
        mark = "a" * 32
        cookies = self.sessions[who] | {settings.CSRF_COOKIE_NAME: mark}
        return self.ask("POST", path, {"csrfmiddlewaretoken": mark, **values}, cookies, **headers)

    def held(self, kind: str, ok: bool, what: str, reply: Reply | None = None) -> None:
        """One try. Any answer of 500 is one that did not hold."""
        self.tried[kind] += 1
        if reply is not None:
            self.kinds[kind][str(reply.status)] += 1
            ok = ok and reply.status != 500
        if not ok:
            said = f" -> {reply.status} {reply.body[:160]!r}" if reply else ""
            self.failed.append(f"{kind}: {what}{said}")

    def table(self) -> list[str]:
        lost: Counter[str] = Counter(each.partition(":")[0] for each in self.failed)
        rows = [
            f"| {kind} | {number:,} | {number - lost[kind]:,} |"
            for kind, number in self.tried.items()
        ]
        total = self.tried.total()
        return [
            "| What was tried | tried | held |", "|---|--:|--:|", *rows,
            f"| all | {total:,} | {total - len(self.failed):,} |",
        ]  # fmt: skip
