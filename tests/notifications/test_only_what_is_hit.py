"""No sentence names a pair of service and region that is not hit, nor says of a receiver what is not so.

Generated incidents, receivers and languages; EXAMPLES=2000 tries more of them than the suite does.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents import wording
from incidents.cells import PlacedCell, grouped
from incidents.models import Incident
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Changes, Override
from incidents.wording import WordingFacts
from notifications.audience import concern
from notifications.channels.chat.renderer import ChatRenderer
from notifications.channels.email.renderer import MailRenderer
from notifications.delivery import plan
from notifications.models import Delivery, Endpoint
from statuspage.public.renderer import render_language, render_site
from statuspage.public.snapshot.reader import Reader
from tests.conftest import NOW, declaration, hit
from tests.notifications.cast import subscription, tenant

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
LANGUAGES = ("en", "de", "fr", "es", "ja", "ar")
SERVICES = {"storage": "Storage", "key-vault": "Key Vault"}
REGIONS = {
    "west-europe": "West Europe",
    "north-europe": "North Europe",
    "east-us": "East US",
    "west-us": "West US",
}
OFFERED = [(service, region) for service in SERVICES for region in REGIONS]
CELLS = st.lists(st.sampled_from(OFFERED), min_size=1, max_size=6, unique=True)
SPOKEN = {
    "opening", "stage", "recovery", "spread", "reopened", "handover", "retraction", "monitored", "planned_end",
}  # fmt: skip
MOMENT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

Named = tuple[str, str]


def named_in(text: str, services: Iterable[str], regions: Iterable[str]) -> set[Named]:
    """The pairs that a reader takes from a text: a service and a region between two stops."""
    found = set()
    for clause in re.split(r"[.;:\n。；：（）؛|]", text):
        inside = [name for name in services if name in clause]
        found |= {(one, place) for place in regions if place in clause for one in inside}
    return found


def visible(html: str) -> str:
    body = re.sub(r"(?s)<(style|script|head).*?</\1>", "\n", html)
    return unescape(re.sub(r"<[^>]+>", "\n", body))


# ---- The sentences alone ----


@settings(max_examples=EXAMPLES or 100)
@given(
    cells=st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 9)), min_size=1, max_size=40, unique=True
    ),
    about=st.sampled_from(sorted(SPOKEN)),
    kind=st.sampled_from(["service-issue", "planned-maintenance", "health-advisory", "security-advisory"]),
    level=st.sampled_from(["error", "warning", "informational"]),
    stage=st.sampled_from(["investigating", "identified", "mitigated", "planned", "in-progress", "cancelled"]),
    over=st.booleans(),
    language=st.sampled_from(LANGUAGES),
)  # fmt: skip
def test_a_sentence_from_facts_names_only_what_is_hit(
    cells: list[tuple[int, int]],
    about: str,
    kind: str,
    level: str,
    stage: str,
    over: bool,
    language: str,
) -> None:
    services = [f"Svc{number}q" for number in range(8)]
    regions = [f"Reg{number}q" for number in range(10)]
    hits = {(services[one], regions[other]) for one, other in cells}
    groups = grouped(PlacedCell(*pair) for pair in sorted(hits))
    told = {(one, place) for group in groups for one in group.services for place in group.regions}
    assert told == hits, "nothing is lost, and nothing is added"
    times = dict.fromkeys(("since", "at", "start", "end"), MOMENT)
    facts = WordingFacts(
        about, kind, level, stage, groups, groups[:1], times | ({"until": MOMENT} if over else {})
    )
    text = wording.written([facts], language)
    assert named_in(text, services, regions) <= hits


# ---- Everything that leaves the house ----

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("recover"), st.sampled_from(sorted(REGIONS))),
        st.tuples(st.just("spread"), st.sampled_from(OFFERED)),
        st.tuples(st.just("stage"), st.sampled_from(["identified", "mitigating", "mitigated"])),
    ),
    max_size=3,
)


def live(
    incident: Incident, steps: list[tuple[str, object]], operator: User
) -> Iterator[set[Named]]:
    """Live through the steps; yields what each of them adds to the cells that were ever hit."""
    now = NOW
    for what, where in steps:
        now += timedelta(minutes=5)
        try:
            if what == "recover":
                region = hit("storage", str(where)).region
                recover(incident_id=incident.pk, regions=[region], at=now, now=now, actor=operator)
            elif what == "spread" and isinstance(where, tuple):
                changes = Changes(hits=[hit(*where)])
                post_update(incident_id=incident.pk, changes=changes, now=now, actor=operator)
                yield {(SERVICES[where[0]], REGIONS[where[1]])}
            else:
                post_update(incident_id=incident.pk, stage=str(where), now=now, actor=operator)
        except EntryError:
            continue  # nothing is open there, say


def published_texts(language: str) -> Iterator[str]:
    # Within the transaction that takes the example back; `read` would want one of its own.
    snapshot = Reader()._read(NOW + timedelta(hours=1))
    site = render_site(snapshot) if language == "en" else render_language(snapshot, language)
    for path, page in site.pages.items():
        if page.content_type.startswith("text/html"):
            yield visible(page.body.decode())
        elif path.endswith(".json"):
            yield from words_of(json.loads(page.body))
    for part in site.parts.values():
        if part.startswith((b"[", b"{")):  # rows for queries: each string is told by itself
            yield from strings_of(json.loads(part))
        else:
            yield visible(part.decode())


def strings_of(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for inside in value:
            yield from strings_of(inside)
    elif isinstance(value, str):
        yield value


def words_of(value: object, key: str = "") -> Iterator[str]:
    """What a document says; names of components and products list all there are, and say nothing."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from words_of(inside, name)
    elif isinstance(value, list):
        for inside in value:
            yield from words_of(inside, key)
    elif isinstance(value, str) and key in ("body", "text", "description", "external_desc"):
        yield value


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
@settings(
    derandomize=True,
    max_examples=EXAMPLES or 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    cells=CELLS,
    kind=st.sampled_from(["service-issue", "planned-maintenance", "health-advisory"]),
    steps=STEPS,
    footprints=st.lists(CELLS, min_size=1, max_size=3),
    language=st.sampled_from(LANGUAGES),
)
def test_nothing_that_leaves_the_house_names_what_is_not_hit(
    cells: list[tuple[str, str]],
    kind: str,
    steps: list[tuple[str, object]],
    footprints: list[list[tuple[str, str]]],
    language: str,
    operator: User,
) -> None:
    with transaction.atomic():
        ever = {(SERVICES[service], REGIONS[region]) for service, region in cells}
        own = tenant("mine", *footprints[0])
        for number, footprint in enumerate(footprints[1:], start=2):
            subscription(own, f"mine-{number}", *footprint)
        Endpoint.objects.update(language=language)
        planned = kind == "planned-maintenance"
        incident = declare(
            declaration=declaration(
                *(hit(*cell) for cell in cells),
                kind=kind,
                public_title="Trouble",
                stage="in-progress" if planned else "investigating",
                scheduled_for=NOW - timedelta(hours=1) if planned else None,
            ),
            override=Override(public=True, reason="Everybody shall read it."),
            now=NOW,
            actor=operator,
        )
        for more in live(incident, steps, operator):
            ever |= more
        seen: set[Named] = set()
        for text in published_texts(language):
            seen |= named_in(text, SERVICES.values(), REGIONS.values())
            assert named_in(text, SERVICES.values(), REGIONS.values()) <= ever, text
        assert seen, "what is hit is named somewhere, so this test can tell"
        plan.plan_due(now=NOW + timedelta(hours=1))
        told = list(
            Delivery.objects.select_related("endpoint", "communication__incident").order_by("id")
        )
        concern.attach(told)
        for delivery in told:
            mail = MailRenderer().compose(delivery)
            room = json.loads(ChatRenderer().compose(delivery).event)["text"]
            for text in (mail.text, visible(mail.html), room):
                assert named_in(text, SERVICES.values(), REGIONS.values()) <= ever, text
            _says_what_is_so(delivery, footprints, mail.text)
        transaction.set_rollback(True)


def _says_what_is_so(
    delivery: Delivery, footprints: list[list[tuple[str, str]]], text: str
) -> None:
    """Of the receiver: the subscriptions that are concerned, each with its own cells and no other."""
    scope = set(delivery.communication.scope.values_list("service__slug", "region__slug"))
    concerned = {
        f"mine-{number}": {(SERVICES[one], REGIONS[other]) for one, other in scope & set(footprint)}
        for number, footprint in enumerate(footprints, start=1)
        if scope & set(footprint)
    }
    assert delivery.concern is not None
    assert delivery.concern.hit == len(concerned)
    if concerned:
        assert delivery.concern.subscriptions == len(footprints)
    rows: dict[str, set[Named]] = {}  # a line for each state that its cells are in
    for line in text.splitlines():
        for name in concerned:
            if line.startswith(f"- {name}:"):
                told = line.removeprefix(f"- {name}:")
                rows.setdefault(name, set()).update(
                    named_in(told, SERVICES.values(), REGIONS.values())
                )
    assert rows == concerned
