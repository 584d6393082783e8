"""No act at the desk sends to more than CONFIRM_RECEIVERS without the number, except first notices and ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from incidents.models import Communication, Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Statement
from notifications.delivery import plan
from notifications.models import Delivery, FanOut, ListDraft
from statuspage.desk.form.optimistic_lock import seen_now
from statuspage.desk.urls import urlpatterns
from tests.conftest import declaration, hit
from tests.desk.conftest import Form, publish, sent_by, text_of
from tests.notifications.cast import reader, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

WEST = ("key-vault", "west-europe")
NORTH = ("key-vault", "north-europe")
Prepared = tuple[str, dict[str, Any]]


@pytest.fixture
def told(operator: User, settings: Settings) -> Incident:
    """Targeted, open in two regions; three tenants were told. Two receivers are many here."""
    settings.CONFIRM_RECEIVERS = 2
    tenant("one", WEST, NORTH)
    tenant("two", WEST)
    tenant("three", NORTH)
    for name in ("ann", "ben"):
        reader(f"{name}@example.org")
    now = datetime.now(UTC)
    incident = declare(
        declaration=declaration(hit(*WEST), hit(*NORTH), started_at=now - timedelta(hours=1)),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    assert Delivery.objects.count() == 3
    return incident


def at(incident: Incident, name: str, **fields: Any) -> Prepared:
    url = reverse(f"desk:{name}", args=[incident.tracking_id])
    return url, {"seen": seen_now(incident), **fields}


def update(desk: Client, told: Incident) -> Prepared:
    return at(told, "update", stage="identified", public_text="We know why.", step="post")


def update_with_override(desk: Client, told: Incident) -> Prepared:
    url, fields = at(told, "update", stage="identified", public_text="We know.", step="preview")
    preview = desk.post(url, fields)
    more = {"step": "post", "override": "public", "override_reason": "The press knows."}
    return url, sent_by(preview, url) | more | {"receivers": "3"}


def recover(desk: Client, told: Incident) -> Prepared:
    return at(told, "recover", region="west-europe")


def confirm_the_audience(desk: Client, told: Incident) -> Prepared:
    Incident.objects.filter(pk=told.pk).update(impacted_version=1)
    return at(told, "audience", audience="confirmed")


def take_the_level(desk: Client, told: Incident) -> Prepared:
    """A Warning in two regions at once is proposed as an Error."""
    now = datetime.now(UTC)
    post_update(
        incident_id=told.pk,
        changes=Changes(level="warning"),
        statement=Statement(targeted_text="It is less than we thought."),
        now=now,
    )
    plan.plan_due(now=now)
    return at(told, "level", level="error")


def forget_the_audience(desk: Client, told: Incident) -> Prepared:
    return at(told, "audience", audience="unknown")


def override(desk: Client, told: Incident) -> Prepared:
    return at(told, "override", public="yes", reason="The press knows.", public_text="We know.")


def confirm_what_waits(desk: Client, told: Incident) -> Prepared:
    hits = (hit("storage", "west-europe", extent="region"), hit(*WEST))
    now = datetime.now(UTC)
    return at(declare(declaration=declaration(*hits, started_at=now), now=now), "confirm")


def correct_times(desk: Client, told: Incident) -> Prepared:
    start = told.started_at - timedelta(hours=1)
    return at(told, "times", started_at=f"{start:%Y-%m-%d %H:%M}", reason="Found in the logs.")


def correct_times_after_the_end(desk: Client, told: Incident) -> Prepared:
    post_update(incident_id=told.pk, now=datetime.now(UTC), stage="resolved")
    plan.plan_due(now=datetime.now(UTC))
    return correct_times(desk, told)


def reschedule(desk: Client, told: Incident) -> Prepared:
    now = datetime.now(UTC)
    planned = declaration(
        hit(*WEST),
        kind="planned-maintenance",
        stage="planned",
        started_at=now + timedelta(days=1),
        scheduled_for=now + timedelta(days=1),
    )
    later = f"{now + timedelta(days=2):%Y-%m-%d %H:%M}"
    moved = declare(declaration=planned, now=now)
    return at(moved, "times", scheduled_for=later, reason="Parts are late.")


def merge(desk: Client, told: Incident) -> Prepared:
    now = datetime.now(UTC)
    other = declare(declaration=declaration(hit(*WEST), started_at=now), now=now)
    plan.plan_due(now=now)
    return at(other, "merge", into=told.tracking_id, reason="The same fault.")


def review(desk: Client, told: Incident) -> Prepared:
    post_update(incident_id=told.pk, now=datetime.now(UTC), stage="mitigated")
    plan.plan_due(now=datetime.now(UTC))
    url = reverse("desk:review", args=[told.tracking_id])
    written = sent_by(desk.get(url), url) | {"text_1": "Vaults failed.", "step": "publish"}
    return url, written


def put_a_list_into_force(desk: Client, told: Incident) -> Prepared:
    Incident.objects.filter(pk=told.pk).update(audience="confirmed")
    for name in ("four", "five"):
        tenant(name, ("storage", "east-us"))
    url = reverse("desk:list-of", args=[told.tracking_id])
    file = SimpleUploadedFile("list.csv", b"one-1\nfour-1\nfive-1\n")
    assert desk.post(url, {"step": "read", "file": file}).status_code == 302
    return url, {"step": "apply", "draft": ListDraft.objects.get().pk}


def try_again(desk: Client, told: Incident) -> Prepared:
    Delivery.objects.filter(incident=told).update(state="failed", attempts=1)
    return at(told, "deliveries-retry")


ASKING: dict[str, list[tuple[Callable[[Client, Incident], Prepared], int]]] = {
    "update": [(update, 3), (update_with_override, 5)],
    "recover": [(recover, 3)],
    "audience": [(confirm_the_audience, 3), (forget_the_audience, 2)],
    "level": [(take_the_level, 3)],
    "override": [(override, 2)],
    "confirm": [(confirm_what_waits, 2)],
    "times": [(correct_times, 3), (correct_times_after_the_end, 3), (reschedule, 2)],
    "merge": [(merge, 3)],
    "review": [(review, 3)],
    "list-of": [(put_a_list_into_force, 2)],
    "deliveries-retry": [(try_again, 3)],
}
# First notices, ends (a retraction is one), and what sends nothing that was not asked for before.
FREE = {
    "new": "a first notice",
    "live-verdict": "looks",
    "drafts": "nobody is told",
    "monitors": "a first notice",
    "backtest": "looks",
    "recordings": "looks",
    "backtest-run": "looks",
    "sample": "looks",
    "review-live": "looks",
    "review-comments": "nobody is told",
    "repairs": "nobody is told",
    "how-fast": "nobody is told",
    "moving-over": "nobody is told",
    "text-templates": "nobody is told",
    "text-template": "nobody is told",
    "undo": "takes back, or lets go what was confirmed when it was said",
    "scheduled": "takes back, or lets go what was confirmed when it was said",
    "retract": "an end",
    "withdraw": "nobody is told",
    "unmerge": "nobody is told",
    "policies": "nobody is told",
    "customers": "nobody is told",
    "customer-new": "nobody is told",
    "customer": "nobody is told",
    "customer-rules": "nobody is told",
    "customer-rule-new": "nobody is told",
    "customer-rule": "nobody is told",
    "sending": "releases what was confirmed when it was said; a test mail goes to one",
    "lift": "what was skipped meanwhile stays skipped",
    "erase-endpoint": "nobody is told",
    "erase-tenant": "nobody is told",
    "proposal": "drops what was proposed; to confirm it leads to the form of the act itself",
}


def trace() -> tuple[int, ...]:
    """What a word of ours leaves behind, on its way out or not yet."""
    open_ones = FanOut.objects.filter(done_at__isnull=True)
    return (
        Communication.objects.count(),
        open_ones.count(),
        Delivery.objects.filter(state="failed").count(),
        Incident.objects.filter(published_at__isnull=False).count(),
    )


def under_way() -> int:
    return Delivery.objects.exclude(state="skipped").exclude(state="failed").count()


@pytest.mark.parametrize(
    ("act", "hearers"),
    [pytest.param(*each, id=each[0].__name__) for acts in ASKING.values() for each in acts],
)
def test_many_hear_only_once_their_number_is_confirmed(
    desk: Client, told: Incident, act: Callable[[Client, Incident], Prepared], hearers: int
) -> None:
    url, fields = act(desk, told)
    plan.plan_due(now=datetime.now(UTC))
    before, known = (
        trace(),
        set(Delivery.objects.exclude(state="failed").values_list("pk", flat=True)),
    )

    question = desk.post(url, fields)

    assert question.status_code == 422
    assert trace() == before
    said = re.search(r"Yes, ([\d,]+) receivers shall hear of this", text_of(question))
    assert said is not None, text_of(question)
    assert int(said[1]) == hearers
    ticked = {"receivers": said[1]} | ({"step": fields["step"]} if "step" in fields else {})
    again = sent_by(question, url) | {
        name: fields[name] for name in ("override", "override_reason") if name in fields
    }
    one_less = desk.post(url, again | ticked | {"receivers": str(hearers - 1)})
    assert one_less.status_code == 422
    assert trace() == before

    done = desk.post(url, again | ticked)

    assert done.status_code == 302, text_of(done)
    assert trace() != before
    plan.plan_due(now=datetime.now(UTC))
    # Not one more than was confirmed, and not one less.
    heard = Delivery.objects.exclude(pk__in=known).exclude(state="failed")
    assert heard.count() == hearers


def test_first_notices_and_ends_are_never_held_up_by_a_number(
    desk: Client, told: Incident, form: Form
) -> None:
    assert publish(desk, form).status_code == 302
    first = Incident.objects.latest("id")
    assert desk.post(*at(told, "recover", region="west-europe", receivers="3")).status_code == 302
    assert desk.post(*at(told, "recover", region="north-europe")).status_code == 302
    told.refresh_from_db()
    assert told.mitigated_at is not None
    url, fields = at(told, "update", stage="resolved", public_text="Over.", step="post")
    assert desk.post(url, fields).status_code == 302
    assert desk.post(*at(first, "retract", reason="A broken probe.")).status_code == 302


def test_a_few_are_told_without_a_question(
    desk: Client, told: Incident, settings: Settings
) -> None:
    settings.CONFIRM_RECEIVERS = 4
    assert desk.post(*recover(desk, told)).status_code == 302


def test_without_a_threshold_nobody_is_asked(
    desk: Client, told: Incident, settings: Settings
) -> None:
    settings.CONFIRM_RECEIVERS = 0
    assert desk.post(*recover(desk, told)).status_code == 302


def test_the_question_shows_the_words_and_loses_none(desk: Client, told: Incident) -> None:
    Incident.objects.filter(pk=told.pk).update(impacted_version=1)
    url, fields = at(told, "audience", audience="confirmed", targeted_text="It is **your** vault.")
    question = desk.post(url, fields)
    assert "3 receivers would hear of this" in text_of(question)
    assert "Nothing was written or sent yet." in text_of(question)
    assert "<strong>your</strong> vault" in question.content.decode()
    assert "Everybody" not in text_of(question)
    desk.post(url, sent_by(question, url) | {"receivers": "3"})
    assert told.communications.latest("number").targeted_text == "It is **your** vault."


def test_every_address_of_the_desk_that_takes_a_form_is_in_the_table(
    desk: Client, told: Incident
) -> None:
    names = {each.name for each in urlpatterns}
    assert not set(ASKING) & set(FREE)
    assert set(ASKING) | set(FREE) <= names
    for each in urlpatterns:
        if each.name not in ASKING and each.name not in FREE:
            known = {"tracking_id": told.tracking_id, "month": "2026-01", "ref": "contoso"}
            keys = {name: value for name, value in known.items() if name in str(each.pattern)}
            url = reverse(f"desk:{each.name}", kwargs=keys)
            assert desk.post(url).status_code == 405, each.name
