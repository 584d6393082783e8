"""Another page moves over at the desk: looked at, mapped, taken in, undone; what is no page is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from incidents.models import FormDraft, ImportBatch, Incident
from tests.desk.conftest import NEW, text_of
from tests.incidents.test_moving_over import STATUSPAGE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
PAGE = "/admin/desk/moving-over/"


def hand_in(desk: Client, content: object, name: str = "incidents.json") -> Any:
    data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    file = SimpleUploadedFile(name, data)
    return desk.post(PAGE, {"step": "read", "format": "auto", "file": file}, follow=True)


def test_a_page_is_looked_at_mapped_taken_in_and_undone(desk: Client) -> None:
    assert "Nothing was moved over yet" in text_of(desk.get(PAGE))

    words = text_of(hand_in(desk, STATUSPAGE))
    assert "1 incident with 2 statements would come; 0 are here already." in words
    assert "1 name that the catalogue does not have" in words
    assert "postmortem_notified_subscribers, 1 time" in words
    assert not Incident.objects.exists()

    draft = str(FormDraft.objects.get().pk)
    mapping = {"draft": draft, "theirs": ["Blobs"], "ours": ["key-vault"]}
    again = desk.post(PAGE, {"step": "check", **mapping}, follow=True)
    assert 'value="key-vault"' in again.content.decode().split("<datalist")[0]

    words = text_of(desk.post(PAGE, {"step": "take", **mapping}, follow=True))
    assert "Moved over: 1 incident with 2 statements; 0 of the page" in words
    mentions = Incident.objects.get().mentions.all()
    assert {each.service.slug for each in mentions if each.service} == {"storage", "key-vault"}
    assert not FormDraft.objects.exists()

    number = ImportBatch.objects.get().pk
    words = text_of(desk.post(PAGE, {"step": "undo", "batch": str(number)}, follow=True))
    assert "Removed again: 1 incident." in words
    assert not Incident.objects.exists()


def test_a_name_that_is_not_ours_is_refused_and_what_was_typed_stays(desk: Client) -> None:
    hand_in(desk, STATUSPAGE)
    draft = str(FormDraft.objects.get().pk)
    mapping = {"draft": draft, "theirs": ["Blobs"], "ours": ["blobbery"]}
    answer = desk.post(PAGE, {"step": "take", **mapping}, follow=True)
    assert "'Blobs' means 'blobbery', which is not in the catalogue" in text_of(answer)
    assert 'value="blobbery"' in answer.content.decode()
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": 1}', "of no known format"),
        ("{", "not valid JSON"),
        ("", "The file is empty."),
        ('{"incidents": [{"id": "1", "created_at": "soon"}]}', "no time; write ISO 8601"),
    ],
)
def test_what_is_no_page_is_refused_by_name(desk: Client, content: str, words: str) -> None:
    answer = hand_in(desk, content)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not FormDraft.objects.exists()


def test_file_or_address_one_of_the_two(desk: Client) -> None:
    answer = desk.post(PAGE, {"step": "read", "format": "auto"})
    assert "Choose a file or write an address" in text_of(answer)
    inner = desk.post(PAGE, {"step": "read", "format": "auto", "address": "http://127.0.0.1/"})
    assert "it is not https:// on port 443 or 8443" in text_of(inner)
    assert 'value="http://127.0.0.1/"' in inner.content.decode()


def test_what_is_laid_aside_leaves_nothing(desk: Client) -> None:
    hand_in(desk, STATUSPAGE)
    draft = str(FormDraft.objects.get().pk)
    assert "nothing was moved over" in text_of(
        desk.post(PAGE, {"step": "drop", "draft": draft}, follow=True)
    )
    gone = desk.post(PAGE, {"step": "take", "draft": draft}, follow=True)
    assert "not here any more" in text_of(gone)


@pytest.mark.parametrize(
    ("path", "step", "field"), [(PAGE, "undo", "batch"), (NEW, "template", "template")]
)
def test_a_number_longer_than_any_is_that_of_nothing(
    desk: Client, path: str, step: str, field: str
) -> None:
    assert desk.post(path, {"step": step, field: "9" * 5000}).status_code < 500
