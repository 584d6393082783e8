"""A customer says whether an event hit them; the operator takes it into the list's draft, or refuses it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident
from notifications.customers.impacted_lists import replace_list
from notifications.models import EventAnswer, ListDraft, Tenant
from tests.conftest import NOW
from tests.notifications.cast import tenant
from tests.portal.people import form_token, person, signed_in
from tests.portal.test_events import WEST, declared, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
EDITOR = "otto@nordwind.example.com"


@pytest.fixture
def incident(operator: User) -> Incident:
    return declared(operator)


@pytest.fixture
def otto(nordwind: Tenant) -> Client:
    person(EDITOR, nordwind, role="editor")
    return signed_in(EDITOR)


@pytest.fixture
def desk(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def page(incident: Incident) -> str:
    return f"/service-health/of/nordwind/events/{incident.tracking_id}/"


def say(client: Client, incident: Incident, **form: object) -> int:
    token = form_token(client, page(incident))
    answer = client.post(page(incident), {"act": "answer", "form_token": token, **form})
    return answer.status_code


def settle(desk: Client, incident: Incident, step: str) -> str:
    form = {"step": step, "answer": EventAnswer.objects.get().pk}
    return desk.post(
        f"/admin/desk/{incident.tracking_id}/list/", form, follow=True
    ).content.decode()


def test_an_editor_says_they_have_seen_it_and_the_first_is_kept(
    otto: Client, nordwind: Tenant, incident: Incident
) -> None:
    person("eva@nordwind.example.com", nordwind, role="owner")
    eva = signed_in("eva@nordwind.example.com")
    for client in (otto, eva):
        token = form_token(client, page(incident))
        sent = client.post(page(incident), {"act": "acknowledge", "form_token": token})
        assert sent.status_code == 302
    assert f"by {EDITOR}" in text(eva, page(incident))
    assert "We have seen it" not in text(eva, page(incident))
    anna = signed_in("anna@nordwind.example.com")
    assert b"Keep it" not in anna.get(page(incident)).content
    assert anna.post(page(incident), {"act": "answer"}).status_code == 403


def test_without_names_it_is_about_those_that_are_said_to_be_hit(
    otto: Client, incident: Incident
) -> None:
    assert say(otto, incident, hit="not-hit", note="Ours ran on.") == 302
    kept = EventAnswer.objects.get()
    assert [each.ref for each in kept.subscriptions.all()] == ["nordwind-1"]
    shown = text(otto, page(incident))
    assert "This did not hit us</strong>: 1 subscription." in shown
    assert "has not looked at it yet" in shown
    assert "Ours ran on." in shown


def test_names_of_others_and_words_too_long_are_refused_and_stay_in_the_form(
    otto: Client, incident: Incident
) -> None:
    tenant("other", WEST)
    for wrong, named in (
        ({"subscriptions": ["other-1"]}, "other-1 is none of yours"), ({"note": "x" * 2001}, "note"),
        ({"hit": "maybe"}, "maybe"),
    ):  # fmt: skip
        form = {"act": "answer", "hit": "hit", "note": "kept as typed", **wrong}
        token = form_token(otto, page(incident))
        answer = otto.post(page(incident), form | {"form_token": token})
        assert answer.status_code == 422
        assert named in answer.content.decode()
        assert str(form["note"]) in answer.content.decode()
    assert not EventAnswer.objects.exists()


def test_taken_it_is_a_draft_of_the_estimate_with_it_and_changes_no_list(
    desk: Client, otto: Client, incident: Incident
) -> None:
    tenant("other", WEST)
    say(otto, incident, hit="not-hit", note="<b>Ours</b> ran on.")
    screen = desk.get(f"/admin/desk/{incident.tracking_id}/").content.decode()
    assert "1 answer of customers waits" in screen
    shown = desk.get(f"/admin/desk/{incident.tracking_id}/list/").content.decode()
    assert "&lt;b&gt;Ours&lt;/b&gt; ran on." in shown
    assert "What customers say: read, not in force yet" in settle(desk, incident, "take")
    draft = ListDraft.objects.get()
    assert draft.sample == {"added": ["other-1"], "removed": []}
    assert not incident.impacted.exists()
    assert "has taken it into its list" in text(otto, page(incident))
    assert "settled" in settle(desk, incident, "take")  # a second press


def test_the_list_in_force_gains_who_was_hit_and_a_second_answer_joins_the_draft(
    desk: Client, otto: Client, operator: User, incident: Incident
) -> None:
    tenant("other", WEST)
    replace_list(incident_id=incident.pk, lines=["other-1"], now=NOW, actor=operator)
    say(otto, incident, hit="hit", subscriptions=["nordwind-1"])
    settle(desk, incident, "take")
    say(otto, incident, hit="hit", subscriptions=["nordwind-dr"])
    settle(desk, incident, "take")
    draft = ListDraft.objects.get()
    assert (draft.subscriptions, draft.added, draft.removed) == (3, 2, 0)


def test_refused_nothing_changes_and_another_answer_waits_again(
    desk: Client, otto: Client, incident: Incident
) -> None:
    say(otto, incident, hit="not-hit")
    assert "Refused; the list is as it was." in settle(desk, incident, "refuse")
    assert not ListDraft.objects.exists()
    assert "has looked at it and left its list as it is" in text(otto, page(incident))
    say(otto, incident, hit="not-hit", note="Only a note.")
    assert EventAnswer.objects.get().state == "refused"
    say(otto, incident, hit="hit")
    assert EventAnswer.objects.get().state == ""
