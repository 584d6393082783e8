"""Nothing public changes when nothing public happened: every public answer before and after a hidden history.

Bytes, headers, sizes, anchors and counters of each page that is published and of each address of the URL
configuration, as an anonymous reader gets them. HISTORIES= sets how many histories are tried.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from incidents import access
from incidents.models import Communication, Incident, Region
from incidents.services.access import tokens
from incidents.services.alerts.monitor import open_from_monitor, resolve_from_monitor
from incidents.services.corrections import correct_times
from incidents.services.decisions.operator_decisions import set_audience
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Changes, Override, Statement
from incidents.services.merge import merge, unmerge
from incidents.services.retraction import retract
from incidents.services.reviews.review import Draft, Section, publish_review
from incidents.services.visibility import withdraw
from notifications.customers.impacted_lists import replace_list
from notifications.customers.sign_in import codes
from notifications.delivery import kill_switch, plan
from notifications.evidence import erasure
from notifications.inbound import suppression
from notifications.models import CustomerSubscription, Endpoint, Tenant
from notifications.subscribers import subscribe
from statuspage import languages
from statuspage.public.formats import format_answers
from statuspage.public.publisher import Publisher
from statuspage.public.query.filtered import ASSEMBLERS
from statuspage.public.renderer import render_language, render_site, with_languages
from statuspage.public.serve.app import public_site
from statuspage.public.serve.health import Health
from statuspage.public.snapshot.reader import read_snapshot
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import beat, write_generation
from tests.conftest import NOW, declaration, hit
from tests.house.test_roles import addresses
from tests.notifications.cast import rule, tenant
from tests.public.sites import ask
from tests.public.test_nothing_targeted_is_answered import queries

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]
HISTORIES = int(os.environ.get("HISTORIES", "3"))
LATER = NOW + timedelta(days=2)
UNKNOWN = "ZZZZ-ZZZ"
# What is new with every answer, whatever happened.
FLEETING = re.compile(
    rb'(name="(?:form_token|csrfmiddlewaretoken|key|challenge)" value=")[^"]*|"(?:heartbeat_age|as_of)": ?[^,}]*'
    rb'|data-options="[^"]*"'  # with a challenge
    rb"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?[^<\"]*|\d+ seconds"
)
senders, names = count(), count()
Answers = dict[str, tuple[object, ...]]


def elsewhere(_: object, start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [])
    return []


def fresh(folder: Path) -> Any:
    """The site as a publisher that has just been started would publish it."""
    shutil.rmtree(folder, ignore_errors=True)
    snapshot = read_snapshot(now=LATER)
    site = with_languages(render_site(snapshot), [render_language(snapshot, "ja")])
    write_generation(folder, site)
    beat(folder, site.revision, LATER)
    store = Store(folder, clock=lambda: LATER)
    health = Health(store, {}, private=("sending",), token="watcher")
    web = public_site(
        store, {**format_answers, **ASSEMBLERS}, elsewhere, health=health,
        languages=languages.others(),
    )  # fmt: skip
    return site, web


def published(folder: Path) -> Iterator[tuple[str, tuple[object, ...]]]:
    site, web = fresh(folder)
    yield "the revision", (site.revision,)
    yield "the index", (site.index,)
    for name, each in site.parts.items():
        yield f"part {name}", (each,)
    for path in site.pages:
        for coding in ("identity", "gzip"):
            reply = ask(web, path, accept_encoding=coding)
            yield f"{path} {coding}", _reply(reply.status, reply.headers, reply.body)
    for path in ("/status/", "/status/history/", "/status/feed/", "/api/v2/summary.json"):
        for query in queries(path):
            reply = ask(web, path, query)
            yield f"{path}?{query}", _reply(reply.status, reply.headers, reply.body)
    for path in ("/-/live", "/-/ready", "/-/ready/desk"):
        reply = ask(web, path)
        yield path, _reply(reply.status, {}, FLEETING.sub(b"", reply.body))


def _reply(status: int, headers: dict[str, str], body: bytes) -> tuple[object, ...]:
    # When the files were written: this folder is made anew for each look. What a publisher that goes on
    # leaves as it is, the test asks of the publisher.
    return status, {k: v for k, v in headers.items() if k != "last-modified"}, body


def configured(tracking_id: str, ref: str) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Every address of the URL configuration, filled in with this incident and this tenant."""
    filled = {"tracking_id": tracking_id, "tenant": ref, "ref": ref, "language": "de"}
    client = Client()
    for pattern in sorted(set(addresses())):
        if "(?P<url>" in pattern:
            continue
        path = re.sub(
            r"<(?:[\w]+:)?(\w+)>",
            lambda found: filled.get(found[1], "00000000-0000-4000-8000-000000000000" if found[1] == "key" else "1"),
            "/" + pattern,
        )  # fmt: skip
        path = re.sub(r"\(\?P<\w+>[^)]*\)\)?", "v1", path).replace("^", "").replace("\\Z", "")
        # Each from another address: how many ask is counted.
        sender = f"198.18.{next(senders) // 250 % 250}.{next(senders) % 250 + 1}"
        answer = client.get(path, REMOTE_ADDR=sender)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]  # either kind
        headers = {
            name: value for name, value in answer.headers.items()
            if name not in ("Set-Cookie", "Content-Length", "RateLimit", "Expires", "Last-Modified")
        }  # fmt: skip
        body = (
            FLEETING.sub(b"", body)
            .replace(tracking_id.encode(), b"ID")
            .replace(ref.encode(), b"REF")
        )
        told = repr(headers).replace(tracking_id, "ID").replace(ref, "REF")
        yield f"the address {pattern}", (answer.status_code, told, body)


def changed(before: Answers, after: Answers) -> list[str]:
    found = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [f"{name}: {before.get(name)!r:.300} -> {after.get(name)!r:.300}" for name in found]


# ---- what happens, unseen


@dataclass
class World:
    operator: User
    now: datetime = NOW
    hidden: list[Incident] = field(default_factory=list)
    tenants: list[Tenant] = field(default_factory=list)
    endpoints: list[Endpoint] = field(default_factory=list)

    def one(self, number: int) -> Incident:
        """One of the hidden incidents, of which there are at least two."""
        while len(self.hidden) < 2:
            declare_one(self, number)
        return self.hidden[number % len(self.hidden)]

    def by(self) -> dict[str, Any]:
        return {"now": self.now, "actor": self.operator}


def said() -> Statement:
    return Statement(targeted_text=f"For the affected alone {next(names)}.")


PLACES = [("key-vault", "west-europe"), ("storage", "east-us"), ("databricks", "west-europe")]


def declare_one(world: World, number: int) -> None:
    made = declare(
        declaration=declaration(
            hit(*PLACES[number % 3]), statement=said(), public_title=f"Unposted {next(names)}",
            level=("error", "warning", "informational")[number % 3], drill=number % 5 == 4,
            kind=("service-issue", "security-advisory")[number % 4 == 3],
        ),
        override=Override(public=False, reason="not for the world"),
        **world.by(),
    )  # fmt: skip
    world.hidden.append(made)


def by_a_monitor(world: World, number: int) -> None:
    key = f"alert {number % 3}"
    made, _ = open_from_monitor(
        source="probe", key=key, cells=[hit(*PLACES[number % 3])], level="warning",
        started_at=world.now, now=world.now,
    )  # fmt: skip
    if number % 2:
        resolve_from_monitor(source="probe", key=key, now=world.now)
    world.hidden.append(made)


def update(world: World, number: int) -> None:
    stage = ("investigating", "identified", "mitigating", "mitigated", "resolved")[number % 5]
    post_update(incident_id=world.one(number).pk, stage=stage, statement=said(), **world.by())


def relevel(world: World, number: int) -> None:
    changes = Changes(level=("warning", "error")[number % 2], dependents=number % 3)
    post_update(
        incident_id=world.one(number).pk, changes=changes, statement=said(),
        override=Override(public=False, reason="not for the world"), **world.by(),
    )  # fmt: skip


def end(world: World, number: int) -> None:
    recover(
        incident_id=world.one(number).pk, regions=list(Region.objects.all()), at=world.now,
        statement=said(), **world.by(),
    )  # fmt: skip


def correct(world: World, number: int) -> None:
    one = world.one(number)
    correct_times(
        incident_id=one.pk, started_at=one.started_at - timedelta(minutes=number % 30 + 1),
        reason="as it was", statement=said(), **world.by(),
    )  # fmt: skip


def take_back(world: World, number: int) -> None:
    retract(
        incident_id=world.one(number).pk, reason="a false alarm", targeted_text="Sorry.", **world.by()
    )  # fmt: skip


def absorb(world: World, number: int) -> None:
    one, other = world.one(number), world.one(number + 1)
    with transaction.atomic():
        merge(
            absorbed_id=one.pk, into_id=other.pk, reason="one thing", statement=said(), **world.by()
        )  # fmt: skip
        if Incident.objects.public().filter(pk=other.pk).exists():
            raise ValueError("together they are broad, and for the world: not a hidden history")
    if number % 2:
        unmerge(incident_id=one.pk, **world.by())


def look_back(world: World, number: int) -> None:
    draft = Draft(kind="final", sections=[Section("impact", "What?", "Only the affected read it.")])
    publish_review(incident_id=world.one(number).pk, draft=draft, **world.by())


def gone(world: World, number: int) -> None:
    withdraw(incident_id=world.one(number).pk, reason="It is over.", **world.by())


def customers(world: World, number: int) -> None:
    made = tenant(f"t{next(names)}", PLACES[number % 3])
    rule(made, f"r{next(names)}@example.com", services=("storage",))
    world.tenants.append(made)
    world.endpoints += Endpoint.objects.order_by("-pk")[:2]


def analysed(world: World, number: int) -> None:
    one = world.one(number)
    lines = [f"{each.ref}\n" for each in CustomerSubscription.objects.all()[:3]]
    replace_list(incident_id=one.pk, lines=lines or ["none\n"], **world.by())
    set_audience(incident_id=one.pk, audience="confirmed", **world.by())


def telling(world: World, number: int) -> None:
    for each in Communication.objects.filter(incident__in=world.hidden):
        plan.plan(communication_id=each.pk, now=world.now)


def forgetting(world: World, number: int) -> None:
    if world.endpoints:
        found = erasure.plan_endpoints([world.endpoints.pop()])
        erasure.erase(found, reason="ticket", **world.by())
    elif world.tenants:
        erasure.erase(erasure.plan_tenant(world.tenants.pop().ref), reason="ticket", **world.by())


def sending(world: World, number: int) -> None:
    kill_switch.stop(reason="a trial", **world.by())


def readers(world: World, number: int) -> None:
    address = f"reader{next(names)}@example.com"
    subscribe.request(address=address, topics=[(None, None)], now=world.now)
    codes.ask_for_code(address=address, now=world.now)


def suppressed(world: World, number: int) -> None:
    for each in world.endpoints[:1]:
        Endpoint.objects.filter(pk=each.pk).update(
            suppressed_at=world.now, suppressed_because="gone"
        )
        if number % 2:
            suppression.lift(endpoint_id=each.pk, reason="it works", **world.by())


def people(world: World, number: int) -> None:
    made = User.objects.create(username=f"u{next(names)}", is_staff=True)
    made.groups.add(Group.objects.get(name=access.AUDITOR))
    tokens.issue(user=made, name="script", now=world.now)


STEPS: dict[str, Callable[[World, int], None]] = {
    each.__name__: each
    for each in (
        declare_one, by_a_monitor, update, relevel, end, correct, take_back, absorb, look_back, gone,
        customers, analysed, telling, forgetting, sending, readers, suppressed, people,
    )
}  # fmt: skip


@pytest.fixture
def history(operator: User) -> None:
    """What the world knows: one that goes on, one that is over and explained, one withdrawn, two merged."""
    public = Override(public=True, reason="for the test")

    def post(text: str, **more: Any) -> Incident:
        return declare(
            declaration=declaration(statement=Statement(text, "To the affected."), **more),
            now=NOW - timedelta(days=3), actor=operator, override=public,
        )  # fmt: skip

    old = {"started_at": NOW - timedelta(days=3, hours=1)}
    post("It goes on.", hits=(hit("storage", "west-us"),), **old)
    done = post("It ends.", **old)
    post_update(
        incident_id=done.pk, stage="resolved", statement=Statement("Over."),
        now=NOW - timedelta(days=2), actor=operator,
    )  # fmt: skip
    away = post("It goes.", **old)
    post_update(
        incident_id=away.pk, changes=Changes(audience="estimated"), statement=Statement("Few."),
        now=NOW - timedelta(days=2), actor=operator,
    )  # fmt: skip
    withdraw(incident_id=away.pk, reason="It was of few.", now=NOW - timedelta(days=1))
    one, other = post("One of two.", **old), post("Two of two.", **old)
    merge(
        absorbed_id=one.pk, into_id=other.pk, reason="one thing", now=NOW - timedelta(days=1),
        actor=operator,
    )  # fmt: skip


@dataclass
class Seen:
    """What the world sees before anything hidden happens."""

    publisher: Publisher
    published: Answers
    asked: Answers


@pytest.fixture
def seen(history: None, tmp_path: Path) -> Seen:
    """Once for all histories, which follow one another: all of them together change nothing."""
    publisher = Publisher(tmp_path / "kept", clock=lambda: LATER)
    publisher.publish()
    asked = dict(configured(UNKNOWN, "nobody"))
    return Seen(publisher, dict(published(tmp_path / "fresh")), asked)


@settings(
    max_examples=HISTORIES,
    phases=[Phase.generate],  # to make an example smaller takes many more looks than are worth it
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=st.randoms(use_true_random=False), length=st.integers(8, 20))
def test_no_public_answer_tells_of_a_hidden_history(
    seen: Seen, operator: User, tmp_path: Path, chance: Random, length: int
) -> None:
    world, done = World(operator), []
    for number in range(length):
        world.now = NOW + timedelta(minutes=number)
        name = chance.choice(sorted(STEPS))
        try:
            STEPS[name](world, chance.randrange(60))
        except (EntryError, ValueError):
            continue  # a step that this life does not allow
        done.append(name)

    assert not seen.publisher.due(), f"the number of the public snapshot moved: {done}"
    assert changed(seen.published, dict(published(tmp_path / "fresh"))) == [], done
    assert changed(seen.asked, dict(configured(UNKNOWN, "nobody"))) == [], done
    if world.hidden:
        ref = world.tenants[0].ref if world.tenants else "nobody"
        told = dict(configured(world.hidden[0].tracking_id, ref))
        assert changed(seen.asked, told) == [], (
            f"a hidden incident or tenant is answered otherwise: {done}"
        )


def test_what_is_public_is_seen(history: None, operator: User, tmp_path: Path) -> None:
    """A check of the check: the smallest public statement changes answers."""
    before = dict(published(tmp_path / "fresh"))
    one = Incident.objects.public().filter(closed_at=None).order_by("pk")[0]
    post_update(
        incident_id=one.pk, statement=Statement("A word."), now=NOW, actor=operator,
        override=Override(public=True, reason="for the test"),
    )  # fmt: skip
    found = changed(before, dict(published(tmp_path / "fresh")))
    told = {each.partition(": ")[0] for each in found}
    assert {"the revision", "the index", "/status/ identity", "/feed.json gzip"} <= told
