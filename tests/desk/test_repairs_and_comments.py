"""Repair items are kept until they are done; those who write a review comment on it, and nobody else reads that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from incidents import access
from incidents.models import AuditEvent, Incident, RepairItem, ReviewComment, Revision
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Override
from incidents.services.reviews.review import Draft, Repair, Section, publish_review
from tests.conftest import declaration
from tests.desk.conftest import sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
REPAIRS = "/admin/desk/repairs/"


@pytest.fixture
def over(operator: User) -> Incident:
    now = datetime.now(UTC)
    incident = declare(
        declaration=declaration(started_at=now - timedelta(hours=3)),
        now=now,
        actor=operator,
        override=Override(public=True, reason="For the test."),
    )
    post_update(incident_id=incident.pk, stage="resolved", now=now, actor=operator)
    return incident


def publish(incident: Incident, operator: User, *repairs: Repair) -> None:
    draft = Draft("final", [Section("what", "What?", "It failed.")], repairs=repairs)
    publish_review(incident_id=incident.pk, draft=draft, now=datetime.now(UTC), actor=operator)


def test_what_is_promised_is_listed_until_it_is_done(
    desk: Client, over: Incident, operator: User
) -> None:
    publish(over, operator, Repair("A path that is forgotten"))
    publish(
        over,
        operator,
        Repair("An alarm", "Edge", "in-progress", "2199-01"),
        Repair("A second path", "Network", "planned", "2020-02"),
        Repair("A test", state="done"),
    )
    words = text_of(desk.get(REPAIRS))
    assert words.index("A second path") < words.index("An alarm"), "the earliest month first"
    assert "2 open, 1 overdue" in words
    assert "A test" not in words
    assert "forgotten" not in words, "a newer version counts"

    late = RepairItem.objects.get(text="A second path")
    before = Revision.objects.get().number
    answer = desk.post(REPAIRS, {"repair": late.pk, "state": "done", "owner": "Net", "due": ""})
    assert answer.status_code == 302
    late.refresh_from_db()
    assert (late.state, late.owner, late.due) == ("done", "Net", "")
    assert "A second path" not in text_of(desk.get(REPAIRS)).split("1 open")[1]
    assert AuditEvent.objects.filter(what="incidents_repairitem", verb="update").count() == 1
    assert over.communications.count() == 4, "nobody is told"
    assert Revision.objects.get().number >= before


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"due": "March"}, "'March' is no month; write it as in 2026-03."),
        ({"state": "soon"}, "'soon'; use done, in-progress or planned."),
        ({"repair": "x"}, "reload"),
        ({"repair": "9" * 30}, "reload"),
        ({"owner": "x" * 201}, "shorten it to 200"),
    ],
)
def test_what_cannot_be_is_refused_and_stays_as_typed(
    desk: Client, over: Incident, operator: User, typed: dict[str, str], says: str
) -> None:
    publish(over, operator, Repair("A second path", "Network"))
    item = RepairItem.objects.get()
    fields = {"repair": item.pk, "state": "planned", "owner": "Mine", "due": ""} | typed
    answer = desk.post(REPAIRS, fields)
    assert answer.status_code == 422
    if "repair" not in typed:
        assert says in text_of(answer)
        assert str(fields["owner"]) in answer.content.decode()
    item.refresh_from_db()
    assert item.owner == "Network"


def test_comments_are_added_and_seen_to(desk: Client, over: Incident) -> None:
    page = f"/admin/desk/{over.tracking_id}/review/"
    desk.post(f"{page}comments/", {"comment": "<b>Say</b> which cable."})
    note = ReviewComment.objects.get()
    words = text_of(desk.get(page))
    assert "<b>Say</b> which cable." in words
    assert "Comments (1 open)" in words
    preview = desk.post(page, sent_by(desk.get(page), page) | {"text_1": "A cable."})
    assert "1 comment on it has not been seen to" in text_of(preview)
    desk.post(f"{page}comments/", {"settle": note.pk})
    answer = desk.post(f"{page}comments/", {"settle": note.pk}, follow=True)
    assert "This comment was seen to before." in text_of(answer)
    assert "seen to by olga" in text_of(answer)
    empty = desk.post(f"{page}comments/", {"comment": " "}, follow=True)
    assert "the comment is empty" in text_of(empty)
    assert ReviewComment.objects.count() == 1


def test_a_comment_is_not_lost_when_one_is_signed_out(
    client: Client, over: Incident, operator: User
) -> None:
    page = f"/admin/desk/{over.tracking_id}/review/"
    asked = client.post(f"{page}comments/", {"comment": "Say which cable."})
    assert asked.status_code == 403
    assert "Say which cable." in asked.content.decode()
    assert f'value="{page}"' in asked.content.decode(), "and leads back to the review"


def test_who_only_prepares_comments_and_changes_no_repair_item(
    client: Client, over: Incident, operator: User
) -> None:
    publish(over, operator, Repair("A second path", "Network"))
    rita = User.objects.create(username="rita", is_staff=True)
    rita.groups.set([Group.objects.get(name=access.REPORTER)])
    client.force_login(rita)
    page = f"/admin/desk/{over.tracking_id}/review/"
    assert client.post(f"{page}comments/", {"comment": "Which?"}).status_code == 302
    words = client.get(REPAIRS)
    assert "A second path" in text_of(words)
    assert f'action="{REPAIRS}"' not in words.content.decode()
    item = RepairItem.objects.get()
    assert client.post(REPAIRS, {"repair": item.pk, "state": "done"}).status_code == 403
