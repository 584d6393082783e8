"""Before something is done: who hears of it, where impact is back, and whether a start of weeks ago is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Impact, Incident
from incidents.services.incident import post_update
from tests.desk.conftest import BROAD, NEW, Form, publish, sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def test_who_hears_of_a_retraction_is_looked_at_and_nothing_is_done(
    desk: Client, targeted: Incident
) -> None:
    page = f"/admin/desk/{targeted.tracking_id}/retract/"
    form = sent_by(desk.get(page), page) | {"reason": "A probe was wrong.", "look": "1"}
    answer = text_of(desk.post(page, form))
    assert "Nothing was written or sent yet." in answer
    assert "The affected customers read" in answer
    targeted.refresh_from_db()
    assert not targeted.false_positive


def test_what_a_withdrawal_does_is_looked_at(desk: Client, form: Form) -> None:
    publish(desk, form | BROAD)
    incident = Incident.objects.get()
    here = f"/admin/desk/{incident.tracking_id}/"
    fields = sent_by(desk.get(here), f"{here}withdraw/") | {"reason": "Posted by mistake."}
    answer = text_of(desk.post(f"{here}withdraw/", fields | {"look": "1"}))
    assert "its address answers “gone” with your sentence. Nobody is mailed about that." in answer
    incident.refresh_from_db()
    assert incident.withdrawn_at is None


@pytest.fixture
def over(targeted: Incident, operator: User) -> Incident:
    post_update(incident_id=targeted.pk, stage="resolved", now=datetime.now(UTC), actor=operator)
    return targeted


def open_cells() -> int:
    return Impact.objects.open().count()


def test_whoever_takes_it_up_again_is_asked_where(desk: Client, over: Incident) -> None:
    page = f"/admin/desk/{over.tracking_id}/update/"
    form = sent_by(desk.get(page), page)
    form |= {"stage": "investigating", "public_text": "It is back.", "step": "post"}
    answer = desk.post(page, form)
    assert answer.status_code == 422
    assert "tick below where impact is back" in text_of(answer)
    assert "It is back." in answer.content.decode()
    assert open_cells() == 0
    assert desk.post(page, form | {"everywhere": "on"}).status_code == 302
    assert open_cells() == 1


def test_or_ticks_the_cells(desk: Client, over: Incident) -> None:
    page = f"/admin/desk/{over.tracking_id}/update/"
    form = sent_by(desk.get(page), page)
    form |= {"stage": "investigating", "public_text": "It is back.", "step": "post"}
    form |= {"services": ["storage"], "regions": ["north-europe"]}
    assert desk.post(page, form).status_code == 302
    assert list(Impact.objects.open().values_list("service__slug", flat=True)) == ["storage"]


def test_a_further_word_on_what_is_over_asks_nothing(desk: Client, over: Incident) -> None:
    page = f"/admin/desk/{over.tracking_id}/update/"
    form = sent_by(desk.get(page), page) | {"public_text": "A report follows.", "step": "post"}
    assert desk.post(page, form).status_code == 302


def test_a_start_of_months_back_is_asked_about(desk: Client, form: Form) -> None:
    since = datetime.now(UTC) - timedelta(days=92)
    old = form | {"since": f"{since:%Y-%m-%d %H:%M}"}
    answer = desk.post(NEW, old)
    assert answer.status_code == 422
    assert "That is 92 days ago" in text_of(answer)
    publish(desk, old | {"long_ago": "on"})
    assert Incident.objects.get().started_at.date() == since.date()


def test_so_is_a_corrected_one(desk: Client, targeted: Incident) -> None:
    page = f"/admin/desk/{targeted.tracking_id}/times/"
    since = datetime.now(UTC) - timedelta(days=92)
    form = sent_by(desk.get(page), page)
    form |= {"started_at": f"{since:%Y-%m-%d %H:%M}", "reason": "Logs say so."}
    assert "That is 92 days ago" in text_of(desk.post(page, form))
    assert desk.post(page, form | {"long_ago": "on"}).status_code == 302
