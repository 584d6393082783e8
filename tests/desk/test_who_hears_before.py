"""Before a verb sends: who would hear of it, and what; and then nothing has happened."""

from __future__ import annotations

import pytest
from django.test import Client

from incidents.models import Communication, Incident
from tests.desk.conftest import sent_by, text_of
from tests.notifications.cast import tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def test_recovering_shows_who_hears_and_is_done_by_a_second_press(
    desk: Client, targeted: Incident
) -> None:
    tenant("contoso", ("key-vault", "west-europe"))
    tenant("mute", ("key-vault", "west-europe"), contact=False)
    url = f"/admin/desk/{targeted.tracking_id}/recover/"
    seen = sent_by(desk.get(f"/admin/desk/{targeted.tracking_id}/"), url)["seen"]

    looked = desk.post(url, {"seen": seen, "region": "west-europe", "look": "1"})

    words = text_of(looked)
    assert looked.status_code == 200
    assert "Nothing was written or sent yet." in words
    assert "Tenants concerned 2" in words
    assert "Alerted now (mail) 1" in words
    assert "1 tenant concerned hears nothing" in words
    assert "Mute : it has no default contact" in words
    assert Communication.objects.count() == 1

    desk.post(url, sent_by(looked, url))
    assert Communication.objects.count() == 2
    targeted.refresh_from_db()
    assert targeted.stage == "mitigated"


@pytest.mark.parametrize(
    ("address", "fields", "words"),
    [
        ("override", {"public": "yes", "reason": "The press has it."}, "Everybody reads"),
        (
            "times",
            {"started_at": "-90", "reason": "The log says so."},
            "The affected customers read",
        ),
    ],
)
def test_other_verbs_show_it_alike(
    desk: Client, targeted: Incident, address: str, fields: dict[str, str], words: str
) -> None:
    url = f"/admin/desk/{targeted.tracking_id}/{address}/"
    page = f"/admin/desk/{targeted.tracking_id}/" + ("times/" if address == "times" else "")
    seen = sent_by(desk.get(page), url)["seen"]
    looked = desk.post(url, fields | {"seen": seen, "look": "1"})
    assert looked.status_code == 200, text_of(looked)
    assert words in text_of(looked)
    assert Communication.objects.count() == 1
    targeted.refresh_from_db()
    assert targeted.published_at is None
