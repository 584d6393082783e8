"""Public incidents that go on while publishers die. Imported once Django is set up."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from incidents.models import Incident, Revision
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Override, Statement
from incidents.services.visibility import withdraw
from tests.conftest import declaration, hit

OPEN, WITHDRAWN = "Requests to Key Vault fail", "It will be withdrawn"


def begin() -> None:
    """One incident that stays open, and one whose address answers 410."""
    User.objects.create(username="olga", is_staff=True, is_superuser=True)
    _declare(OPEN)
    gone = _declare(WITHDRAWN)
    withdraw(incident_id=gone.pk, reason="Its review was delivered.", now=timezone.now())


def _declare(title: str) -> Incident:
    now = timezone.now()
    return declare(
        declaration=declaration(
            hit("key-vault", "west-europe"),
            public_title=title,
            started_at=now,
            statement=Statement("We are looking into it."),
        ),
        now=now,
        actor=User.objects.get(username="olga"),
        override=Override(public=True, reason="for everybody to see"),
    )


def address() -> str:
    return f"/status/history/{Incident.objects.get(public_title=OPEN).tracking_id}/"


def goes_on(number: int) -> None:
    """Mostly an update; now and then an entry that comes, or one that goes: then older ones are purged."""
    now = timezone.now()
    brief = Incident.objects.public().filter(public_title=f"Brief {number - 5}").first()
    if number % 10 == 0:
        _declare(f"Brief {number}")
    elif brief is not None:
        withdraw(incident_id=brief.pk, reason="It is over.", now=now)
    else:
        post_update(
            incident_id=Incident.objects.get(public_title=OPEN).pk,
            statement=Statement(f"We have looked {number} times."),
            now=now,
            actor=User.objects.get(username="olga"),
        )


def revision() -> int:
    return Revision.objects.get(id=1).number
