"""What is being typed is kept on the server: found again, taken over, thrown away, and gone once it is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import FormDraft, Incident
from incidents.services.desk import drafts
from tests.desk.conftest import NEW, Form, publish, sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

DRAFTS = "/admin/desk/drafts/"


def kept(client: Client, page: str, fields: Form, draft: str = "") -> str:
    answer = client.post(DRAFTS, fields | {"page": page, "draft": draft})
    assert answer.status_code == 200, answer.content
    return str(answer.json()["draft"])


def test_a_draft_is_found_again_as_it_was_typed(desk: Client, form: Form) -> None:
    typed = form | {"regions": ["west-europe", "north-europe"], "zones-west-europe": ["1"]}
    first = kept(desk, NEW, form)
    assert kept(desk, NEW, typed, first) == first
    assert f'href="{NEW}?draft={first}"' in desk.get("/admin/desk/").content.decode()

    back = sent_by(desk.get(f"{NEW}?draft={first}"), NEW)

    for name, value in typed.items():
        assert back[name] == (value if isinstance(value, list) else [value]), name
    assert back["draft"] == [first]
    assert not Incident.objects.exists()


def test_another_takes_it_over_and_is_told_whose_it_was(desk: Client, form: Form) -> None:
    draft = kept(desk, NEW, form)
    other = Client()
    other.force_login(User.objects.create(username="petra", is_staff=True, is_superuser=True))
    page = other.get(f"{NEW}?draft={draft}")
    assert "A draft of olga, saved" in text_of(page)
    kept(other, NEW, sent_by(page, NEW), draft)
    assert FormDraft.objects.get().owner.username == "petra"


def test_what_is_sent_leaves_no_draft(desk: Client, form: Form, targeted: Incident) -> None:
    declared = kept(desk, NEW, form)
    publish(desk, form | {"draft": declared})
    update = f"/admin/desk/{targeted.tracking_id}/update/"
    fields = sent_by(desk.get(update), update) | {"public_text": "We are on it.", "step": "post"}
    posted = kept(desk, update, fields)
    assert "Draft of olga" in text_of(desk.get(f"/admin/desk/{targeted.tracking_id}/"))
    desk.post(update, fields | {"draft": posted})
    assert not FormDraft.objects.exists()
    assert "sent or thrown away meanwhile" in text_of(desk.get(f"{NEW}?draft={declared}"))


def test_a_draft_is_thrown_away_by_hand_and_by_age(desk: Client, form: Form) -> None:
    desk.post(DRAFTS, {"discard": kept(desk, NEW, form)})
    assert not FormDraft.objects.exists()
    kept(desk, NEW, form)
    now = datetime.now(UTC)
    assert drafts.forget_old(now=now) == 0
    assert drafts.forget_old(now=now + drafts.KEPT + timedelta(minutes=1)) == 1


@pytest.mark.parametrize(
    "page", ["", "/status/", "/admin/desk/audit/", "//evil.example/", "/x\x00"]
)
def test_only_forms_of_the_desk_have_drafts(desk: Client, form: Form, page: str) -> None:
    answer = desk.post(DRAFTS, form | {"page": page})
    assert (answer.status_code, answer.json()["draft"]) == (422, None)


def test_what_is_too_large_is_said(desk: Client, form: Form) -> None:
    answer = desk.post(DRAFTS, form | {"page": NEW, "public_text": "x" * 1_000_001})
    assert "keeps 1,000,000 at most. Shorten it." in answer.json()["error"]
    assert not FormDraft.objects.exists()


@pytest.mark.parametrize("wanted", ["x", "00000000-0000-0000-0000-000000000000", "' or 1=1"])
def test_an_id_that_is_none_shows_an_empty_form(desk: Client, wanted: str) -> None:
    page = desk.get(NEW, {"draft": wanted})
    assert page.status_code == 200
    assert sent_by(page, NEW)["public_title"] == [""]


def test_words_for_a_waiting_post_are_kept_until_it_is_confirmed(
    desk: Client, waiting: Incident
) -> None:
    url = f"/admin/desk/{waiting.tracking_id}/confirm/"
    page = f"/admin/desk/{waiting.tracking_id}/"
    draft = kept(desk, url, {"public_text": "Vaults and Storage fail."})
    found = desk.get(page).content.decode()
    assert f'href="{page}?draft={draft}"' in found
    back = sent_by(desk.get(f"{page}?draft={draft}"), url)
    assert back["public_text"] == ["Vaults and Storage fail."]
    assert back["draft"] == [draft]
    desk.post(url, back | {"look": "1"})
    assert FormDraft.objects.exists(), "looked at, not sent"
    desk.post(url, back)
    assert not FormDraft.objects.exists()
    assert waiting.communications.latest("number").public_text == "Vaults and Storage fail."
