"""The impacted list at the desk: handed in as a file, looked at, put into force or laid aside."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from incidents.models import Incident
from notifications.customers.impacted_lists import replace_list
from notifications.models import AudienceVersion, ListDraft
from tests.desk.conftest import Answer, text_of
from tests.notifications.cast import tenant

pytestmark = pytest.mark.django_db

CELL = ("key-vault", "west-europe")


@pytest.fixture
def customers(targeted: Incident) -> None:
    for ref in ("contoso", "fabrikam", "litware"):
        tenant(ref, CELL)


def page_of(incident: Incident) -> str:
    return f"/admin/desk/{incident.tracking_id}/list/"


def hand_in(desk: Client, incident: Incident, content: bytes, name: str = "list.csv") -> Answer:
    file = SimpleUploadedFile(name, content)
    return desk.post(page_of(incident), {"step": "read", "file": file}, follow=True)


def press(desk: Client, incident: Incident, step: str) -> Answer:
    draft = ListDraft.objects.get()
    return desk.post(page_of(incident), {"step": step, "draft": draft.pk}, follow=True)


def listed(incident: Incident) -> set[str]:
    return set(incident.impacted.values_list("subscription__ref", flat=True))


def test_a_file_is_shown_with_what_it_changes_before_it_counts(
    desk: Client, targeted: Incident, customers: None
) -> None:
    replace_list(incident_id=targeted.pk, lines=["litware-1"], now=datetime.now(UTC))

    shown = hand_in(desk, targeted, b"subscription,why\ncontoso-1,a\nfabrikam-1,b\n")

    assert "Added: contoso-1, fabrikam-1" in text_of(shown)
    assert "Removed: litware-1" in text_of(shown)
    assert listed(targeted) == {"litware-1"}

    done = press(desk, targeted, "apply")

    assert "2 subscriptions are on the list: 2 added, 1 removed." in text_of(done)
    assert "Version 2: 2 subscriptions" in text_of(done)
    assert listed(targeted) == {"contoso-1", "fabrikam-1"}
    assert not ListDraft.objects.exists()


def test_the_operator_is_named_with_the_version(
    desk: Client, targeted: Incident, customers: None, operator: User
) -> None:
    hand_in(desk, targeted, b"contoso-1\n")
    press(desk, targeted, "apply")
    assert AudienceVersion.objects.get().actor == operator


def test_a_file_that_is_laid_aside_changes_nothing(
    desk: Client, targeted: Incident, customers: None
) -> None:
    hand_in(desk, targeted, b"contoso-1\n")
    press(desk, targeted, "drop")
    assert (listed(targeted), ListDraft.objects.count()) == (set(), 0)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"contoso-1\nnobody-7\n", "line 2: nobody-7 is no known subscription"),
        (b"contoso-1\n=cmd()\n", "line 2: '=cmd()' is no identifier of a subscription"),
        (b"\xff\xfe\x00", "save the file as UTF-8"),
        (b"", "The file is empty"),
        (b"contoso\x001\n", "line 1"),
    ],
)
def test_a_fault_is_told_with_its_line_and_nothing_is_kept(
    desk: Client, targeted: Incident, customers: None, content: bytes, told: str
) -> None:
    answer = hand_in(desk, targeted, content)
    assert answer.status_code == 422
    assert told in text_of(answer)
    assert not ListDraft.objects.exists()


def test_without_a_file_the_form_says_so(desk: Client, targeted: Incident) -> None:
    answer = desk.post(page_of(targeted), {"step": "read"})
    assert answer.status_code == 422
    assert "Choose a file." in text_of(answer)


def test_a_list_that_was_replaced_meanwhile_is_not_overwritten(
    desk: Client, targeted: Incident, customers: None
) -> None:
    hand_in(desk, targeted, b"contoso-1\n")
    replace_list(incident_id=targeted.pk, lines=["fabrikam-1"], now=datetime.now(UTC))

    answer = press(desk, targeted, "apply")

    assert "Nothing was changed: the list was replaced meanwhile" in text_of(answer)
    assert listed(targeted) == {"fabrikam-1"}


def test_a_draft_of_another_incident_or_none_is_refused(
    desk: Client, targeted: Incident, customers: None
) -> None:
    for draft in ("", "x", "9" * 30, "77"):
        answer = desk.post(page_of(targeted), {"step": "apply", "draft": draft}, follow=True)
        assert "not here any more" in text_of(answer)


def test_the_incident_leads_to_its_list_and_an_empty_one_says_what_counts_instead(
    desk: Client, targeted: Incident
) -> None:
    incident = desk.get(f"/admin/desk/{targeted.tracking_id}/")
    assert page_of(targeted) in incident.content.decode()
    assert "No list yet" in text_of(desk.get(page_of(targeted)))
