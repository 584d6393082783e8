"""The first promise: nothing targeted is public. Generated lives of incidents, every public byte searched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.models import Incident
from incidents.services.corrections import correct_times
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Override, Statement
from incidents.services.merge import merge
from incidents.services.retraction import retract
from incidents.services.reviews.review import Draft, Section, publish_review
from incidents.services.visibility import withdraw
from notifications.models import CustomerSubscription, Tenant
from statuspage.public.render.page import Site
from statuspage.public.renderer import render_language, render_site, with_languages
from statuspage.public.snapshot.reader import read_snapshot
from tests.conftest import NOW, declaration, hit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]

STEPS = st.lists(
    st.sampled_from(
        [
            "update",
            "spread",
            "known",
            "mitigate",
            "review",
            "withdraw",
            "merge",
            "absorb",
            "correct",
            "retract",
        ]
    ),
    max_size=5,
)
numbers = count()


def public_bytes(site: Site) -> Iterator[tuple[str, bytes]]:
    """Everything a visitor can get: paths, pages, parts, and the index."""
    for path, page in site.pages.items():
        yield path, path.encode() + page.content_type.encode() + page.body
    yield from site.parts.items()
    yield "index", json.dumps(dict(site.index)).encode()


def live(incident: Incident, step: str, canary: str, now: datetime, operator: User) -> None:
    secret = Statement(targeted_text=f"{canary} targeted text of a step")
    if step == "update":
        post_update(
            incident_id=incident.pk, stage="identified", statement=secret, now=now, actor=operator
        )
    elif step == "spread":
        post_update(
            incident_id=incident.pk,
            changes=Changes(hits=[hit("storage", "east-us")], level="error"),
            statement=secret,
            now=now,
            actor=operator,
        )
    elif step == "known":
        post_update(
            incident_id=incident.pk,
            changes=Changes(audience="estimated"),
            statement=secret,
            now=now,
            actor=operator,
        )
    elif step == "mitigate":
        post_update(
            incident_id=incident.pk, stage="mitigated", statement=secret, now=now, actor=operator
        )
    elif step == "review":
        incident.refresh_from_db()
        if not incident.ever_broad:
            draft = Draft(kind="final", sections=[Section("impact", "What?", f"{canary} review")])
            publish_review(incident_id=incident.pk, draft=draft, now=now, actor=operator)
    elif step == "withdraw":
        withdraw(incident_id=incident.pk, reason="It is over.", now=now)
    else:
        rarer(incident, step, canary, now, operator)


def rarer(incident: Incident, step: str, canary: str, now: datetime, operator: User) -> None:
    secret = Statement(targeted_text=f"{canary} targeted text of a step")
    if step == "correct":
        correct_times(
            incident_id=incident.pk,
            started_at=incident.started_at - timedelta(minutes=7),
            reason=f"{canary} reason",
            statement=secret,
            now=now,
            actor=operator,
        )
    elif step == "retract":
        retract(
            incident_id=incident.pk,
            reason=f"{canary} reason",
            targeted_text=secret.targeted_text,
            now=now,
            actor=operator,
        )
    else:
        others = Incident.objects.active().filter(merged_into=None, withdrawn_at=None)
        other = others.exclude(pk=incident.pk).order_by("-pk").first()
        if other is not None:
            pair = (incident, other) if step == "merge" else (other, incident)
            merge(
                absorbed_id=pair[0].pk,
                into_id=pair[1].pk,
                reason=f"{canary} reason",
                statement=secret,
                now=now,
                actor=operator,
            )


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    level=st.sampled_from(["error", "warning", "informational"]),
    audience=st.sampled_from(["unknown", "estimated"]),
    broad=st.booleans(),
    override=st.sampled_from([None, True, False]),
    by_machine=st.booleans(),
    steps=STEPS,
)
def test_no_targeted_word_name_or_tracking_id_is_in_any_public_byte(
    operator: User,
    *,
    level: str,
    audience: str,
    broad: bool,
    override: bool | None,
    by_machine: bool,
    steps: list[str],
) -> None:
    canary = f"canary{next(numbers)}x"
    tenant = Tenant.objects.create(ref=f"{canary}-tenant", name=f"{canary} tenant")
    CustomerSubscription.objects.create(
        tenant=tenant, ref=f"{canary}-sub", name=f"{canary} subscription"
    )
    hits = [hit("key-vault", "west-europe")] + ([hit("storage", "west-us")] if broad else [])
    incident = declare(
        declaration=declaration(
            *hits,
            level=level,
            audience=audience,
            public_title=f"Title of {canary[::-1]}",
            internal_title=f"{canary} internal",
            statement=Statement(
                public_text=f"Draft of {canary[::-1]}", targeted_text=f"{canary} targeted"
            ),
        ),
        now=NOW,
        actor=None if by_machine else operator,
        override=None if override is None else Override(override, f"{canary} reason"),
    )
    for minute, step in enumerate(steps, start=1):
        try:
            live(incident, step, canary, NOW + timedelta(minutes=minute), operator)
        except EntryError:
            continue  # a step that this life does not allow

    snapshot = read_snapshot(now=NOW + timedelta(hours=1))
    # One other language stands for all: they differ in our own words alone.
    site = with_languages(render_site(snapshot), [render_language(snapshot, "ja")])

    shown = Incident.objects.public().filter(pk=incident.pk).exists()
    known = shown or Incident.objects.filter(pk=incident.pk, published_at__isnull=False).exists()
    for where, data in public_bytes(site):
        assert canary.encode() not in data, f"a targeted word is in {where}"
        if not shown:
            assert canary[::-1].encode() not in data, f"an unposted text is in {where}"
        if not known:
            assert incident.tracking_id.encode() not in data, f"the tracking ID is in {where}"


def test_the_search_finds_a_word_that_is_public(operator: User) -> None:
    """A check of the check: without it a search that looks nowhere would pass."""
    declare(
        declaration=declaration(statement=Statement(public_text="A sparrow sings.")),
        now=NOW,
        actor=operator,
        override=Override(public=True, reason="for the test"),
    )
    found = [
        w for w, data in public_bytes(render_site(read_snapshot(now=NOW))) if b"sparrow" in data
    ]
    assert any(path.startswith("/status/history/") for path in found)
    assert any(path.startswith("index/") for path in found)
    assert {"/status/", "/feed.json", "index"} <= set(found)
