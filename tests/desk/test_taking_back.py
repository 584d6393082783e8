"""What the desk sends waits for some seconds, or for a time that was chosen: until then nobody hears of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import AuditEvent, FormDraft, Incident, ScheduledPost
from incidents.services.incident import declare, post_update
from incidents.services.scheduled import posts
from tests.conftest import declaration, hit
from tests.desk.conftest import NEW, Form, publish, sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
SECONDS = 30


@pytest.fixture(autouse=True)
def undo(settings: Any) -> None:
    settings.UNDO_SECONDS = SECONDS


@pytest.fixture
def here(targeted: Incident) -> str:
    return f"/admin/desk/{targeted.tracking_id}/"


def over() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=SECONDS + 1)


def post(desk: Client, here: str, **fields: str) -> ScheduledPost:
    page = f"{here}update/"
    form = sent_by(desk.get(page), page) | {"step": "post"} | fields
    answer = desk.post(page, form)
    assert answer.status_code == 302, text_of(answer)
    return ScheduledPost.objects.latest("id")


def test_an_update_is_said_when_its_seconds_are_over(
    desk: Client, here: str, targeted: Incident
) -> None:
    waits = post(desk, here, public_text="A cable was cut.", stage="mitigating")
    assert targeted.communications.count() == 1
    assert "The update of" in text_of(desk.get(here))
    assert f"goes out at {waits.due_at:%H:%M:%S} UTC." in text_of(desk.get(here))
    assert posts.send_due(now=datetime.now(UTC)) == []
    assert [each.state for each in posts.send_due(now=over())] == ["sent"]
    said = targeted.communications.get(number=2)
    assert (said.stage, said.public_text) == ("mitigating", "A cable was cut.")
    assert said.actor is not None
    assert said.actor.username == "olga"
    assert posts.send_due(now=over()) == [], "once, however often one looks"
    told = AuditEvent.objects.filter(what="incidents_communication").latest("id")
    assert (told.actor, told.via) == ("olga", f"scheduled post {waits.pk}")


def test_taken_back_it_was_never_said_and_is_in_the_form_again(
    desk: Client, here: str, targeted: Incident
) -> None:
    waits = post(desk, here, public_text="A cable was cut.", next_update_by="+45")
    answer = desk.post(f"/admin/desk/scheduled/{waits.pk}/", {"do": "take-back"})
    draft = FormDraft.objects.get()
    assert answer["Location"] == f"{here}update/?draft={draft.pk}"
    page = desk.get(answer["Location"])
    typed = sent_by(page, f"{here}update/")
    assert typed["public_text"] == ["A cable was cut."]
    assert typed["next_update_by"] == ["+45"]
    assert posts.send_due(now=over()) == []
    assert targeted.communications.count() == 1
    again = desk.post(f"/admin/desk/scheduled/{waits.pk}/", {"do": "take-back"}, follow=True)
    assert "Too late" in text_of(again)


def test_a_first_notice_waits_too_and_there_is_no_incident_before(desk: Client, form: Form) -> None:
    answer = publish(desk, form)
    assert answer["Location"] == "/admin/desk/"
    assert not Incident.objects.exists()
    waits = ScheduledPost.objects.get()
    back = desk.post(f"/admin/desk/scheduled/{waits.pk}/", {"do": "take-back"})
    typed = sent_by(desk.get(back["Location"]), NEW)
    assert typed["public_title"] == [form["public_title"]]
    assert typed["services"] == form["services"]
    publish(desk, form)
    posts.send_due(now=over())
    assert Incident.objects.get().public_title == form["public_title"]


def test_at_once_if_the_operator_says_so(desk: Client, form: Form) -> None:
    publish(desk, form, at_once="1")
    assert Incident.objects.count() == 1
    assert not ScheduledPost.objects.exists()


def test_what_is_sent_twice_waits_once(desk: Client, form: Form, here: str) -> None:
    preview = sent_by(desk.post(NEW, form), NEW) | {"step": "publish"}
    for _ in "12":
        desk.post(NEW, preview)
    page = f"{here}update/"
    update = sent_by(desk.get(page), page) | {"step": "post", "public_text": "A cable was cut."}
    for _ in "12":
        desk.post(page, update)
    assert sorted(each.verb for each in posts.open_posts()) == ["declare", "post_update"]


def test_send_now(desk: Client, here: str, targeted: Incident) -> None:
    waits = post(desk, here, public_text="A cable was cut.")
    answer = desk.post(f"/admin/desk/scheduled/{waits.pk}/", {"do": "now"}, follow=True)
    assert "is out." in text_of(answer)
    assert targeted.communications.count() == 2


def test_the_next_step_goes_on_from_the_one_before(
    desk: Client, operator: User, catalogue: None
) -> None:
    """Two regions recovered in a hurry, from one page: the second is the end."""
    now = datetime.now(UTC)
    cells = [hit("storage", region) for region in ("west-europe", "north-europe")]
    incident = declare(
        declaration=declaration(*cells, started_at=now - timedelta(hours=1)),
        now=now,
        actor=operator,
    )
    here = f"/admin/desk/{incident.tracking_id}/"
    fields = sent_by(desk.get(here), f"{here}recover/")
    for region in ("west-europe", "north-europe"):
        answer = desk.post(f"{here}recover/", fields | {"region": [region]}, follow=True)
        assert answer.status_code == 200, text_of(answer)
    assert incident.communications.count() == 2, "the first is out, the second can be taken back"
    posts.send_due(now=over())
    incident.refresh_from_db()
    assert incident.stage == "mitigated"
    # Neither was news to whoever did both: the page they still look at goes on to work.
    page = f"{here}update/"
    form = {"seen": fields["seen"], "stage": "resolved", "public_text": "All well.", "step": "post"}
    assert desk.post(page, form).status_code == 302


def test_what_would_be_refused_is_refused_at_once(desk: Client, here: str) -> None:
    answer = desk.post(f"{here}audience/", {"audience": "confirmed", "seen": "1-99999"})
    assert answer.status_code == 422
    assert not ScheduledPost.objects.exists()


LATER = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")


def test_a_post_for_a_time(desk: Client, here: str, targeted: Incident) -> None:
    waits = post(desk, here, public_text="We go on tomorrow.", send_at=LATER)
    assert not waits.brief
    for page in (here, "/admin/desk/"):
        assert "Goes out later" in text_of(desk.get(page))
        assert "We go on tomorrow." in text_of(desk.get(page))
    moved = (datetime.now(UTC) + timedelta(days=3)).replace(second=0, microsecond=0)
    form = {"do": "move", "send_at": f"{moved:%Y-%m-%d %H:%M}"}
    desk.post(f"/admin/desk/scheduled/{waits.pk}/", form)
    waits.refresh_from_db()
    assert waits.due_at == moved
    assert posts.send_due(now=moved - timedelta(seconds=1)) == []
    assert [each.state for each in posts.send_due(now=moved)] == ["sent"]
    assert targeted.communications.count() == 2


@pytest.mark.parametrize(
    ("typed", "says"),
    [("2020-01-01 09:00", "over"), ("soon", "soon"), ("2099-01-01 09:00", "2099")],
)
def test_a_time_that_is_none_is_refused(desk: Client, here: str, typed: str, says: str) -> None:
    page = f"{here}update/"
    form = sent_by(desk.get(page), page) | {"step": "post", "public_text": "x", "send_at": typed}
    answer = desk.post(page, form)
    assert answer.status_code == 422
    assert says in text_of(answer)


@pytest.fixture
def ended(desk: Client, here: str, targeted: Incident, operator: User) -> ScheduledPost:
    waits = post(desk, here, public_text="We are still on it.", send_at=LATER)
    post_update(incident_id=targeted.pk, stage="resolved", now=datetime.now(UTC), actor=operator)
    posts.send_due(now=waits.due_at)
    waits.refresh_from_db()
    return waits


def test_where_the_incident_ended_meanwhile_it_is_held_and_asked(
    desk: Client, here: str, targeted: Incident, ended: ScheduledPost
) -> None:
    assert ended.state == "held"
    assert targeted.communications.count() == 2
    assert "The incident is over since this was written (Resolved)." in text_of(desk.get(here))
    assert posts.send_due(now=over() + timedelta(days=3)) == [], "it waits for a person"
    answer = desk.post(f"/admin/desk/scheduled/{ended.pk}/", {"do": "take-back"})
    assert "We are still on it." in text_of(desk.get(answer["Location"]))


def test_what_takes_an_ended_incident_up_again_asks_where_impact_is_back(
    desk: Client, here: str, targeted: Incident, ended: ScheduledPost, settings: Any
) -> None:
    settings.UNDO_SECONDS = 0
    asked = desk.post(f"/admin/desk/scheduled/{ended.pk}/", {"do": "now"}, follow=True)
    targeted.refresh_from_db()
    assert targeted.stage == "resolved"
    assert "Say where impact is back" in text_of(asked)
    page = f"{here}update/"
    typed = sent_by(asked, page) | {"step": "post"}
    assert typed["public_text"] == ["We are still on it."]
    assert typed["stage"] == ["investigating"]
    refused = desk.post(page, typed | {"send_at": ""})
    assert refused.status_code == 422
    assert "tick below where impact is back" in text_of(refused)
    answer = desk.post(page, typed | {"everywhere": "on", "send_at": ""})
    assert answer.status_code == 302, text_of(answer)
    targeted.refresh_from_db()
    assert (targeted.stage, targeted.mitigated_at) == ("investigating", None)
    assert not FormDraft.objects.exists()


def test_what_is_held_can_be_sent_all_the_same(
    desk: Client, here: str, targeted: Incident, operator: User
) -> None:
    waits = post(desk, here, public_text="We have found it.", stage="identified", send_at=LATER)
    now = datetime.now(UTC)
    post_update(incident_id=targeted.pk, stage="mitigating", now=now, actor=operator)
    posts.send_due(now=waits.due_at)
    answer = desk.post(f"/admin/desk/scheduled/{waits.pk}/", {"do": "now"}, follow=True)
    waits.refresh_from_db()
    targeted.refresh_from_db()
    assert "is out." in text_of(answer)
    assert (waits.state, targeted.stage) == ("sent", "identified")


def test_who_may_not_sign_in_any_more_sends_nothing(
    desk: Client, here: str, targeted: Incident, operator: User
) -> None:
    waits = post(desk, here, public_text="A cable was cut.")
    operator.is_active = False
    operator.save()
    posts.send_due(now=over())
    waits.refresh_from_db()
    assert (waits.state, waits.why) == ("held", "olga may not sign in any more.")


@pytest.mark.parametrize("small", ["retract", "withdraw", "times", "recover", "audience"])
def test_every_verb_that_sends_waits(desk: Client, form: Form, small: str, settings: Any) -> None:
    settings.UNDO_SECONDS = 0
    publish(desk, form | {"services": ["key-vault", "storage"], "extent": "zone"})
    settings.UNDO_SECONDS = SECONDS
    incident = Incident.objects.get()
    here = f"/admin/desk/{incident.tracking_id}/"
    page = here if small in ("withdraw", "recover", "audience") else f"{here}{small}/"
    fields = sent_by(desk.get(page), f"{here}{small}/") | {"reason": "It was another one."}
    fields |= {"started_at": "-50", "targeted_text": "Typed."} if small == "times" else {}
    fields |= {"audience": "unknown"} if small == "audience" else {}
    answer = desk.post(f"{here}{small}/", fields)
    assert answer.status_code == 302, text_of(answer)
    assert incident.communications.count() == 1
    waits = ScheduledPost.objects.get()
    back = desk.post(f"/admin/desk/scheduled/{waits.pk}/", {"do": "take-back"})
    if small in ("retract", "withdraw", "times"):
        assert "It was another one." in desk.get(back["Location"]).content.decode()
    incident.refresh_from_db()
    assert incident.withdrawn_at is None
    assert not incident.false_positive
