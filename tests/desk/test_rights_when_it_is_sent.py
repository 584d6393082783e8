"""What waits is carried out only if whoever sent it may still do it then, and with as many people as it takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from incidents.access import APPROVER, OPERATOR, REPORTER
from incidents.models import Incident, ScheduledPost
from incidents.services.incident import declare
from incidents.services.scheduled import posts, verbs
from statuspage.desk.form.optimistic_lock import seen_now
from tests.conftest import declaration, hit
from tests.desk.conftest import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
CHOSEN = "+30"  # minutes from now


def person(name: str, *roles: str) -> tuple[User, Client]:
    user = User.objects.create(username=name, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    client = Client()
    client.force_login(user)
    return user, client


def kept(client: Client, incident: Incident, verb: str, **form: str) -> ScheduledPost:
    """Sent by this person, to be carried out later."""
    path = f"/admin/desk/{incident.tracking_id}/{verb}/"
    sent = form | {"seen": seen_now(incident), "send_at": CHOSEN}
    answer = client.post(path, sent)
    assert answer.status_code == 302, text_of(answer)
    return ScheduledPost.objects.latest("id")


def later() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=31)


def test_an_act_is_held_whose_author_lost_the_role(targeted: Incident) -> None:
    anna, client = person("anna", APPROVER)
    waits = kept(client, targeted, "retract", reason="no fault of ours", targeted_text="Nothing.")
    anna.groups.set(Group.objects.filter(name=REPORTER))
    (held,) = posts.send_due(now=later())
    assert (held.state, held.why) == ("held", "anna may not do this any more.")
    targeted.refresh_from_db()
    assert not targeted.false_positive

    now = f"/admin/desk/scheduled/{waits.pk}/"
    assert "may not do this any more" in text_of(client.post(now, {"do": "now"}, follow=True))
    _, olaf = person("olaf", OPERATOR)
    assert "may not do this any more" in text_of(olaf.post(now, {"do": "now"}, follow=True))
    targeted.refresh_from_db()
    assert not targeted.false_positive
    _, arno = person("arno", OPERATOR, APPROVER)
    assert "Sent." in text_of(arno.post(now, {"do": "now"}, follow=True))


def test_what_has_come_to_turn_public_waits_for_a_second_person(
    settings: Any, operator: User
) -> None:
    settings.FOUR_EYES = []
    cells = hit("key-vault", "west-europe"), hit("key-vault", "north-europe")
    entry = declaration(*cells, level="warning")
    targeted = declare(declaration=entry, now=datetime.now(UTC), actor=operator)
    client = person("anna", OPERATOR)[1]
    waits = kept(client, targeted, "audience", audience="unknown")
    assert waits.turns_public
    ScheduledPost.objects.update(turns_public=False)  # as if it had not, when it was kept
    settings.FOUR_EYES = ["post"]
    (held,) = posts.send_due(now=later())
    assert held.state == "held"
    assert "takes two people" in held.why
    assert not Incident.objects.public().exists()

    now = f"/admin/desk/scheduled/{waits.pk}/"
    assert "takes two people" in text_of(client.post(now, {"do": "now"}, follow=True))
    assert not Incident.objects.public().exists()
    _, olaf = person("olaf", OPERATOR)
    assert "Sent." in text_of(olaf.post(now, {"do": "now"}, follow=True))
    assert Incident.objects.public().get() == targeted


def test_an_override_needs_the_right_to_override() -> None:
    assert verbs.needs("post_update", {"override": None}) == ("incidents.change_incident",)
    assert "incidents.override_policy" in verbs.needs("declare", {"override": {"public": True}})
