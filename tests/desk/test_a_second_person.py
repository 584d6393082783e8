"""Two people for what is set so; drafts of whoever may not send; and who is asked once more who they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from incidents.access import APPROVER, OPERATOR, REPORTER
from incidents.models import Incident, PolicyVersion, Proposal, Review
from incidents.services.access import tokens
from incidents.services.incident import declare, post_update
from notifications.models import KillSwitch
from statuspage.desk.form.optimistic_lock import seen_now
from tests.conftest import declaration, hit
from tests.desk.conftest import NEW, Form, sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
POLICIES, POLICY = "/admin/desk/policies/", "name: trial\nbroad:\n  services: 3\n"
PASSWORD = "correct horse battery staple"


def person(name: str, *roles: str) -> Client:
    user = User.objects.create(username=name, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    client = Client()
    client.force_login(user)
    return client


def go_on(client: Client, proposal: Proposal) -> Any:
    """Press the button on the proposal's page."""
    page = client.get(f"/admin/desk/proposals/{proposal.pk}/")
    return client.post(proposal.path, sent_by(page, proposal.path) | {"step": "preview"})


def test_what_a_reporter_prepares_an_operator_publishes_after_the_same_preview(form: Form) -> None:
    reporter, operator = person("rita", REPORTER), person("olaf", OPERATOR)
    preview = reporter.post(NEW, form)
    kept = reporter.post(NEW, sent_by(preview, NEW) | {"step": "publish"}, follow=True)
    assert "waits for a second person" in text_of(kept)
    assert not Incident.objects.exists()

    shown = go_on(operator, Proposal.objects.get())
    assert shown.status_code == 200
    done = operator.post(NEW, sent_by(shown, NEW) | {"step": "publish"})

    assert done.status_code == 302
    assert str(Incident.objects.get().decisions.get().actor) == "olaf"
    assert Proposal.objects.get().settled_at is not None


def test_a_reporter_cannot_do_it_alone_by_naming_a_proposal(form: Form) -> None:
    reporter = person("rita", REPORTER)
    for _ in range(2):
        preview = reporter.post(NEW, form)
        number = getattr(Proposal.objects.first(), "pk", 1)
        sent = sent_by(preview, NEW) | {"step": "publish", "proposal": str(number)}
        reporter.post(NEW, sent)
    assert not Incident.objects.exists()
    assert Proposal.objects.count() == 1


def test_a_withdrawal_needs_two_where_it_is_set_so(settings: Settings, targeted: Incident) -> None:
    settings.FOUR_EYES = ["withdrawal"]
    one, other = person("anna", APPROVER), person("arno", APPROVER)
    public(targeted)
    path = f"/admin/desk/{targeted.tracking_id}/withdraw/"
    form = {"reason": "Posted by mistake.", "seen": seen_now(targeted)}

    one.post(path, form)
    kept = Proposal.objects.get()
    for alone in ({}, {"proposal": str(kept.pk)}):
        one.post(path, form | alone)
    assert not is_withdrawn(targeted)
    assert Proposal.objects.count() == 1

    changed = {"reason": "Another reason.", "proposal": str(kept.pk), "seen": seen_now(targeted)}
    other.post(path, changed)
    assert not is_withdrawn(targeted)  # what was changed is a proposal of the other person

    other.post(path, form | {"proposal": str(kept.pk), "seen": seen_now(targeted)})
    assert is_withdrawn(targeted)
    assert str(Proposal.objects.get(pk=kept.pk).settled_by) == "arno"


def twice(path: str, incident: Incident, **form: str) -> tuple[bool, bool]:
    """Whether it is public after one person has pressed, alone and again by their own proposal; and after a second."""
    one, other = person("anna", OPERATOR, APPROVER), person("arno", OPERATOR, APPROVER)
    one.post(path, form | {"seen": seen_now(incident)})
    kept = Proposal.objects.get()
    one.post(path, form | {"seen": seen_now(incident), "proposal": str(kept.pk)})
    alone = Incident.objects.public().exists()
    other.post(path, sent_by(other.get(f"/admin/desk/proposals/{kept.pk}/"), path))
    assert str(Proposal.objects.get(pk=kept.pk).settled_by) == "arno"
    return alone, Incident.objects.public().exists()


def test_a_waiting_post_is_confirmed_by_two(settings: Settings, waiting: Incident) -> None:
    settings.FOUR_EYES = ["post"]
    path = f"/admin/desk/{waiting.tracking_id}/confirm/"
    assert twice(path, waiting, public_text="We know.") == (False, True)


def test_an_override_to_the_public_takes_two_and_one_away_from_it_one(
    settings: Settings, targeted: Incident
) -> None:
    settings.FOUR_EYES = ["post"]
    path = f"/admin/desk/{targeted.tracking_id}/override/"
    form = {"public": "yes", "reason": "everybody asks", "public_text": "We know."}
    assert twice(path, targeted, **form) == (False, True)


def test_whatever_a_form_is_about_turning_public_takes_two(
    settings: Settings, operator: User
) -> None:
    settings.FOUR_EYES = ["post"]
    cells = hit("key-vault", "west-europe"), hit("key-vault", "north-europe")
    entry = declaration(*cells, level="warning")
    incident = declare(declaration=entry, now=datetime.now(UTC), actor=operator)
    path = f"/admin/desk/{incident.tracking_id}/audience/"
    assert twice(path, incident, audience="unknown") == (False, True)


def test_taking_a_proposed_level_takes_two_where_it_turns_public(
    settings: Settings, operator: User
) -> None:
    settings.FOUR_EYES = ["post"]
    cells = [hit("azure-resource-manager", each) for each in ("west-europe", "north-europe")]
    entry = declaration(*cells, level="warning", started_at=datetime.now(UTC))
    incident = declare(declaration=entry, now=datetime.now(UTC), actor=operator)
    path = f"/admin/desk/{incident.tracking_id}/level/"
    assert twice(path, incident, level="error") == (False, True)


@pytest.fixture
def three(targeted: Incident, operator: User) -> Incident:
    """Targeted; with the one that is `targeted`, too, three services fail: broad enough for everybody."""
    cells = hit("storage", "west-europe"), hit("azure-resource-manager", "west-europe")
    return declare(declaration=declaration(*cells), now=datetime.now(UTC), actor=operator)


def test_a_merge_takes_two_where_the_one_that_goes_on_turns_public(
    settings: Settings, targeted: Incident, three: Incident
) -> None:
    settings.FOUR_EYES = ["post"]
    path = f"/admin/desk/{targeted.tracking_id}/merge/"
    form = {"into": three.tracking_id, "reason": "one cause"}
    assert twice(path, targeted, **form) == (False, True)
    assert Incident.objects.public().get() == three


def test_by_a_token_neither_a_merge_that_turns_public_nor_more_than_that_is_refused(
    settings: Settings, targeted: Incident, three: Incident
) -> None:
    settings.FOUR_EYES = ["post"]
    olga = User.objects.get(username="olga")
    secret = tokens.issue(user=olga, name="script", now=datetime.now(UTC))[1]

    def merge_them() -> int:
        return (
            Client()
            .post(
                f"/api/v1/incidents/{targeted.tracking_id}/merge",
                {"into": three.tracking_id, "reason": "one cause"},
                content_type="application/json",
                headers={"Authorization": f"Bearer {secret}"},
            )
            .status_code
        )

    assert merge_them() == 403
    assert not Incident.objects.public().exists()
    public(three)
    assert merge_them() == 201, "it was public before"


def test_a_review_needs_two_where_it_is_set_so(settings: Settings, targeted: Incident) -> None:
    settings.FOUR_EYES = ["review"]
    now, olga = datetime.now(UTC), User.objects.get(username="olga")
    post_update(incident_id=targeted.pk, now=now, stage="mitigated", actor=olga)
    path = f"/admin/desk/{targeted.tracking_id}/review/"
    one, other = person("anna", APPROVER), person("arno", APPROVER)
    written = {"kind": "preliminary", "text_1": "Requests failed."}
    form = sent_by(one.get(path), path) | written
    one.post(path, sent_by(one.post(path, form | {"step": "preview"}), path) | {"step": "publish"})
    assert not Review.objects.exists()

    shown = go_on(other, Proposal.objects.get())
    other.post(path, sent_by(shown, path) | {"step": "publish"})
    assert str(Review.objects.get().actor) == "arno"


@pytest.mark.parametrize("act", ["post", "review", "withdrawal"])
def test_a_token_is_one_person(settings: Settings, targeted: Incident, act: str) -> None:
    olga = User.objects.get(username="olga")
    secret = tokens.issue(user=olga, name="script", now=datetime.now(UTC))[1]
    if act == "withdrawal":
        public(targeted)
    if act == "review":
        now = datetime.now(UTC)
        post_update(incident_id=targeted.pk, now=now, stage="mitigated", actor=olga)
    path, body = {
        "post": ("override", {"public": True, "reason": "everybody asks"}),
        "review": ("review", {"kind": "final", "sections": [{"heading": "What?", "text": "A fan."}]}),
        "withdrawal": ("withdrawal", {"reason": "Posted by mistake."}),
    }[act]  # fmt: skip

    def send() -> int:
        answer = Client().post(
            f"/api/v1/incidents/{targeted.tracking_id}/{path}",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )
        return answer.status_code

    settings.FOUR_EYES = [act]
    before = _said(targeted)
    assert send() == 403
    assert _said(targeted) == before, "nothing was done"
    settings.FOUR_EYES = []
    assert send() == 201


def _said(incident: Incident) -> list[object]:
    incident.refresh_from_db()
    return [incident.published_at, incident.withdrawn_at, incident.communications.count(),
            Review.objects.count()]  # fmt: skip


def test_a_policy_needs_two_where_it_is_set_so(settings: Settings) -> None:
    settings.FOUR_EYES = ["policy"]
    one, other = person("anna", APPROVER), person("arno", APPROVER)
    before = PolicyVersion.objects.count()
    form = {"text": "name: trial\nbroad:\n  services: 3\n", "reason": "calmer", "step": "adopt"}
    one.post("/admin/desk/policies/", form)
    assert PolicyVersion.objects.count() == before

    shown = go_on(other, Proposal.objects.get())
    other.post("/admin/desk/policies/", sent_by(shown, "/admin/desk/policies/") | {"step": "adopt"})
    assert PolicyVersion.objects.count() == before + 1


def test_a_proposal_is_dropped_and_nothing_was_done(form: Form) -> None:
    reporter = person("rita", REPORTER)
    reporter.post(NEW, sent_by(reporter.post(NEW, form), NEW) | {"step": "publish"})
    kept = Proposal.objects.get()
    reporter.post(f"/admin/desk/proposals/{kept.pk}/")
    assert reporter.get(f"/admin/desk/proposals/{kept.pk}/").status_code == 404
    assert not Incident.objects.exists()


# ---- who is it?


@pytest.fixture
def olga(settings: Settings, db: None) -> Client:
    settings.ASK_AGAIN = 5
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
    User.objects.create_superuser("ottilie", password=PASSWORD)
    client = Client()
    assert (
        client.post("/admin/login/", {"username": "ottilie", "password": PASSWORD}).status_code
        == 302
    )
    return client


def test_the_kill_switch_asks_for_the_password_and_then_does_what_was_sent(olga: Client) -> None:
    asked = olga.post("/admin/desk/sending/", {"step": "stop", "reason": "a storm"})
    assert asked.status_code == 302
    assert "/admin/account/reauthenticate/" in asked.headers["Location"]
    assert not KillSwitch.objects.exists()

    assert olga.post(asked.headers["Location"], {"password": "wrong"}).status_code == 200
    assert not KillSwitch.objects.exists()
    olga.post(asked.headers["Location"], {"password": PASSWORD, "next": "/admin/desk/sending/"})
    assert KillSwitch.objects.get().reason == "a storm"

    olga.post("/admin/desk/sending/", {"step": "release"})  # one answer does for some minutes
    assert KillSwitch.objects.get().released_at is not None


@pytest.mark.parametrize("act", ["policy", "withdraw", "erase"])
def test_what_cannot_be_taken_back_asks_too(olga: Client, act: str, targeted: Incident) -> None:
    public(targeted)
    path, form = {
        "policy": (POLICIES, {"text": POLICY, "reason": "x", "step": "adopt"}),
        "withdraw": (
            f"/admin/desk/{targeted.tracking_id}/withdraw/",
            {"reason": "by mistake", "seen": seen_now(targeted)},
        ),
        "erase": ("/admin/desk/erase/tenant/contoso/", {"reason": "ticket 7", "sure": "on"}),
    }[act]  # fmt: skip
    if act == "erase":
        from tests.notifications.cast import tenant

        tenant("contoso")
    asked = olga.post(path, form)
    assert "/admin/account/reauthenticate/" in asked.headers["Location"]
    assert not is_withdrawn(targeted)


def is_withdrawn(incident: Incident) -> bool:
    return Incident.objects.filter(pk=incident.pk, withdrawn_at__isnull=False).exists()


def public(incident: Incident) -> None:
    from incidents.services.decisions.operator_decisions import override

    override(
        incident_id=incident.pk,
        public=True,
        reason="everybody asks",
        public_text="We know.",
        now=datetime.now(UTC),
        actor=User.objects.get(username="olga"),
    )
    incident.refresh_from_db()
