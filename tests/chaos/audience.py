"""Who is told in the rounds, and what is said to them. Imported once Django is set up."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from incidents.importers.catalogue_file import read_catalogue
from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.imports.catalogue import apply_catalogue
from incidents.services.inputs import Statement
from notifications.channels import endpoints
from notifications.channels.push import vapid
from notifications.channels.push.subscription import PushKeys, read
from notifications.models import Breaker, Delivery, Endpoint, FanOut, Tenant
from notifications.vocabulary.delivery_states import State
from tests.chaos.receivers import BROWSER, PUSH, ROOM, TOPIC
from tests.conftest import CATALOGUE, declaration
from tests.notifications.cast import subscription

WEST = ("key-vault", "west-europe")
UNSETTLED = (State.PENDING, State.SENDING)
NOBODY = "127.0.0.99"


def receivers(
    mails: int, hooks: int, each: int, mail_kinds: tuple[str, ...], hook_kinds: tuple[str, ...]
) -> list[str]:
    """Every address as the receivers see it: a mail address, or the path of a webhook, chat room, browser or topic.

    Of the latter every fourth is a room, every fourth a browser at its push service, and every fourth a topic of ntfy.
    """
    kinds = [("ok", hooks), *((kind, each) for kind in (*hook_kinds, "refused"))]
    return [
        *(f"ok-{number}@example.com" for number in range(mails)),
        *(f"{kind}-{number}@example.com" for kind in mail_kinds for number in range(each)),
        *(
            f"/{kind}-{('', ROOM, PUSH, TOPIC)[number % 4]}{number}"
            for kind, many in kinds
            for number in range(many)
        ),
    ]


def build(
    port: int,
    mails: int,
    hooks: int,
    each: int,
    mail_kinds: tuple[str, ...],
    hook_kinds: tuple[str, ...],
) -> None:
    """One tenant per receiver, told at its default contact. Each kind of trouble has a host of its own."""
    now = timezone.now()
    apply_catalogue(catalogue=read_catalogue(CATALOGUE), now=now)
    User.objects.create(username="olga", is_staff=True, is_superuser=True)
    addresses = receivers(mails, hooks, each, mail_kinds, hook_kinds)
    mail = [Endpoint(address=a, created_at=now) for a in addresses if "@" in a]
    Endpoint.objects.bulk_create(mail)
    hosts = {kind: f"127.0.0.{2 + place}" for place, kind in enumerate(("ok", *hook_kinds))}
    hook, browser = [], read(BROWSER.subscription())
    keys = PushKeys(browser.receiver, browser.auth, vapid.own_key())
    for path in (a for a in addresses if "@" not in a):
        kind = path.strip("/").split("-")[0]
        # Nobody hears at port 1.
        where = f"{hosts[kind]}:{port}" if kind in hosts else f"{NOBODY}:1"
        channels = {ROOM: "chat", PUSH: "push", TOPIC: "apprise"}
        channel = next((name for part, name in channels.items() if part in path), "webhook")
        scheme = "ntfy" if TOPIC in path else "http"
        address = f"{scheme}://{where}{path}"
        secret = keys.as_text() if PUSH in path else ""
        made = endpoints.create(
            channel=channel, address=address, tenant=None, now=now, secret=secret
        )
        hook.append(made[0])
    for number, endpoint in enumerate((*mail, *hook)):
        tenant = Tenant.objects.create(ref=f"t{number}", name=f"t{number}", contact=endpoint)
        subscription(tenant, f"t{number}", WEST)


def heal() -> None:
    """Nobody is suppressed, no host is left alone: each round begins alike."""
    Breaker.objects.all().delete()
    Endpoint.objects.update(suppressed_at=None, suppressed_because="")


def declare(title: str) -> int:
    now = timezone.now()
    if earlier := Incident.objects.filter(public_title=title).first():
        return earlier.pk  # the answer of its commit was lost with the database
    made = incident_service.declare(
        declaration=declaration(
            public_title=title, started_at=now, statement=Statement("", f"<<{title}/1>>")
        ),
        now=now,
        actor=User.objects.get(),
    )
    return made.pk


def update(incident: int, number: int, stage: str) -> None:
    """Nothing happens if it was posted already: the answer of a commit may be lost with the database."""
    said = Incident.objects.get(pk=incident)
    if said.communications.filter(number=number).exists():
        return
    incident_service.post_update(
        incident_id=incident,
        stage=stage,
        statement=Statement("", f"<<{said.public_title}/{number}>>"),
        now=timezone.now(),
        actor=User.objects.get(),
    )


def an_hour_passes() -> None:
    """The database's clock cannot be set, so what it has written is moved into the past."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notifications_delivery SET sent_at = sent_at - interval '61 minutes',"
            " next_attempt_at = next_attempt_at - interval '61 minutes'"
            " WHERE deferred <> '' OR sent_at > now() - interval '1 hour'"
        )


def settled(incidents: Sequence[int], statements: int) -> bool:
    """All planned, and nothing on its way or held back but to those who refuse connections for ever."""
    rows = FanOut.objects.filter(communication__incident__in=incidents, done_at__isnull=False)
    return rows.count() == statements and not stuck(incidents)


def stuck(incidents: Sequence[int]) -> int:
    return _unsettled(incidents).filter(deferred="").count()


def held(incidents: Sequence[int]) -> int:
    return _unsettled(incidents).exclude(deferred="").count()


def _unsettled(incidents: Sequence[int]) -> QuerySet[Delivery]:
    """Without those to hosts that nobody can reach: their breaker is open for ever longer."""
    rows = Delivery.objects.filter(incident__in=incidents, state__in=UNSETTLED)
    return rows.exclude(endpoint__host=NOBODY)


def skipped(incidents: Sequence[int], reason: str) -> int:
    return Delivery.objects.filter(incident__in=incidents, skip_reason=reason).count()
