"""The first promise, asked from outside: no answer of the real site knows of what is targeted.

One history with an incident of every kind that is not public; every address, query, feed, badge and the
export are asked for, with headers and in two languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident, Region, Service
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Override, Statement
from incidents.services.merge import merge
from incidents.services.retraction import retract
from incidents.services.visibility import withdraw
from statuspage import languages
from statuspage.public.formats import format_answers
from statuspage.public.formats.feed.feed_queries import FEEDS
from statuspage.public.formats.statuspage.queries import FIELDS
from statuspage.public.formats.statuspage.v2 import DOCUMENTS
from statuspage.public.query import my_services
from statuspage.public.query.filtered import ASSEMBLERS, FILTERS
from statuspage.public.renderer import render_language, render_site, with_languages
from statuspage.public.serve.app import public_site
from statuspage.public.snapshot.reader import read_snapshot
from statuspage.public.store.current_generation import Store
from statuspage.public.store.export import export
from statuspage.public.store.generation import write_generation
from tests.conftest import NOW, declaration, hit
from tests.public.sites import Reply, ask

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]

SECRET = "canary"
UNKNOWN = "ZZZZ-ZZZ"
PUBLIC = Override(public=True, reason=f"{SECRET} reason")


def said(word: str = "") -> Statement:
    return Statement(public_text=f"Posted {word}", targeted_text=f"{SECRET} text")


def incident(operator: User, **more: Any) -> Incident:
    override = more.pop("override", None)
    actor = more.pop("actor", operator)
    values = {"public_title": f"{SECRET} title", "internal_title": f"{SECRET} internal"}
    return declare(
        declaration=declaration(**{"statement": said(SECRET), **values, **more}),
        now=NOW,
        actor=actor,
        override=override,
    )


def posted(operator: User, **more: Any) -> Incident:
    values = {"public_title": "A public title", "statement": said(), "override": PUBLIC}
    return incident(operator, **{**values, **more})


@dataclass(frozen=True)
class Front:
    """The site as it is served, and the addresses that it has pages for."""

    web: Any
    paths: list[str]

    def ask(self, path: str, query: str = "", method: str = "GET") -> Reply:
        return ask(self.web, path, query, method)


@pytest.fixture
def hidden(operator: User) -> list[Incident]:
    """What the world must not know: targeted, a drill, waiting, retracted, and merged into a public one."""
    targeted = incident(operator)
    drill = incident(operator, drill=True)
    wide = (hit("key-vault", "west-europe"), hit("storage", "east-us"))
    waiting = incident(operator, hits=wide, audience="unknown", actor=None)
    assert waiting.public_due_at is not None
    retracted = incident(operator)
    retract(incident_id=retracted.pk, reason=f"{SECRET} reason", now=NOW, actor=operator)
    merged = incident(operator)
    survivor = posted(operator)
    merge(
        absorbed_id=merged.pk, into_id=survivor.pk, reason=f"{SECRET} reason",
        statement=Statement(targeted_text=f"{SECRET} text"), now=NOW, actor=operator,
    )  # fmt: skip
    return [targeted, drill, waiting, retracted, merged]


@pytest.fixture
def withdrawn(operator: User) -> Incident:
    gone = posted(operator, public_title="What was withdrawn once")
    post_update(
        incident_id=gone.pk, changes=Changes(audience="estimated"), statement=said(),
        now=NOW + timedelta(minutes=1), actor=operator,
    )  # fmt: skip
    withdraw(incident_id=gone.pk, reason="It is over.", now=NOW + timedelta(minutes=2))
    return gone


@pytest.fixture
def front(hidden: list[Incident], withdrawn: Incident, tmp_path: Path) -> Front:
    snapshot = read_snapshot(now=NOW + timedelta(hours=1))
    site = with_languages(render_site(snapshot), [render_language(snapshot, "ja")])
    write_generation(tmp_path, site)

    def elsewhere(_: object, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [])
        return []

    assemblers = {**format_answers, **ASSEMBLERS}
    keys = {"trackingId", *FILTERS, *FIELDS, *my_services.FIELDS}
    web = public_site(
        Store(tmp_path), assemblers, elsewhere, keys=keys, languages=languages.others()
    )
    return Front(web, sorted(path for path in site.pages if path.startswith("/")))


def queries(path: str) -> Iterator[str]:
    """What somebody may ask who looks for traces."""
    for service in Service.objects.all():
        yield f"service={service.slug}"
        yield f"services={service.slug}"
    for region in Region.objects.all():
        yield f"region={region.slug}"
    yield from ("q=title", "q=text", "level=error", "month=2026-03", "geography=europe", "q=e")


def answers(front: Front) -> Iterator[tuple[str, Reply]]:
    for path in front.paths:
        yield path, front.ask(path)
        yield f"HEAD {path}", front.ask(path, method="HEAD")
    for path in ("/status/", "/ja/status/", "/status/history/", "/ja/status/history/", *FEEDS):
        for query in queries(path):
            yield f"{path}?{query}", front.ask(path, query)
    for service in Service.objects.all():
        yield from asked_of("/badge/{}.svg", service.slug, front)
        for name in DOCUMENTS:
            yield from asked_of(f"/api/v2/services/{{}}/{name}.json", service.slug, front)
        for region in Region.objects.all():
            yield from asked_of("/badge/{}.svg", f"{service.slug}/{region.slug}", front)
    for region in Region.objects.all():
        for name in DOCUMENTS:
            yield from asked_of(f"/api/v2/regions/{{}}/{name}.json", region.slug, front)
            path = f"/api/v2/{name}.json"
            yield f"{path}?{region.slug}", front.ask(path, f"region={region.slug}")


def asked_of(address: str, name: str, front: Front) -> Iterator[tuple[str, Reply]]:
    path = address.format(name)
    yield path, front.ask(path)


def test_no_answer_knows_of_what_is_hidden(front: Front, hidden: list[Incident]) -> None:
    words = [SECRET, *(one.tracking_id for one in hidden)]
    count = 0
    for where, reply in answers(front):
        count += 1
        seen = f"{reply.headers} {reply.body.decode(errors='replace')}"
        for word in words:
            assert word not in seen, f"{word} is in the answer of {where}"
    assert count > 100


def test_what_was_withdrawn_is_in_no_answer_but_its_own(front: Front, withdrawn: Incident) -> None:
    for where, reply in answers(front):
        if withdrawn.tracking_id not in where:
            assert b"What was withdrawn once" not in reply.body, where
    own = front.ask(f"/status/history/{withdrawn.tracking_id}/")
    assert own.status == 410
    assert b"What was withdrawn once" not in own.body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_hidden_id_is_answered_byte_for_byte_like_an_unknown_one(
    front: Front, hidden: list[Incident], method: str
) -> None:
    for one in hidden:
        for path, query in (
            ("/status/history/{}/", ""),
            ("/ja/status/history/{}/", ""),
            ("/status/history/{}", ""),
            ("/status/history/", "trackingId={}"),
            ("/badge/{}.svg", ""),
        ):
            known, strange = (
                front.ask(path.format(ref), query.format(ref), method=method)
                for ref in (one.tracking_id, UNKNOWN)
            )
            assert known.status == strange.status
            own = known.body.replace(one.tracking_id.encode(), UNKNOWN.encode())
            assert own == strange.body, path
            if not query:  # an answer that names what was asked for has a mark of its own
                assert known.headers == strange.headers, path


def test_the_export_has_nothing_of_it(front: Front, hidden: list[Incident], tmp_path: Path) -> None:
    folder = tmp_path / "static"
    export(tmp_path, folder, progress=lambda *_: None)
    words = [SECRET, *(one.tracking_id for one in hidden)]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        seen = f"{path} {path.read_bytes().decode(errors='replace')}"
        assert not [word for word in words if word in seen], path
