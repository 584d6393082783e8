"""Each mail that the product sends, one of a kind and in each language: well formed, short, and in one language.

LOOK names a folder that keeps them, for whoever wants to look at them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.header import decode_header
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import override

from incidents.models import Incident, Region, Service
from incidents.services import corrections
from incidents.services import incident as incident_service
from incidents.services.inputs import Changes, Hit, Statement
from incidents.services.retraction import retract
from incidents.services.reviews.review import Draft, Section, publish_review
from notifications.channels import signed_links
from notifications.channels.email.test_mail import send_test_mail
from notifications.customers import members, own_endpoints
from notifications.customers.sign_in import codes as sign_in
from notifications.delivery import contact_notices, plan, send
from notifications.models import CustomerSubscription, Delivery, Endpoint, Footprint, Tenant
from notifications.subscribers import leaving, subscribe
from notifications.subscribers.post_choices import PostChoices
from tests.conftest import declaration, hit
from tests.notifications.cast import confirm_audience, reader, rule, subscription, tenant
from tests.notifications.conftest import Sink, text_of

pytestmark = pytest.mark.usefixtures("catalogue")

WEST, NORTH, EAST = (
    ("key-vault", "west-europe"),
    ("storage", "north-europe"),
    ("storage", "east-us"),
)
LARGEST = 60_000  # bytes; beyond 102 KB, Gmail cuts a mail


class House:
    """One tenant, one reader, and what befalls them; each mail that leaves is kept by what it is."""

    def __init__(self, language: str, sink: Sink, operator: User, now: datetime) -> None:
        self.language, self.sink, self.operator, self.now = language, sink, operator, now
        self.mails: dict[str, EmailMessage] = {}
        self.tenant = tenant("nordwind", WEST, NORTH)
        subscription(self.tenant, "nordwind-shop", WEST, EAST)
        rule(self.tenant, "ops@example.net")
        Tenant.objects.update(language=language, time_zone="Europe/Berlin")
        self.reader = reader("reader@example.org")
        Endpoint.objects.update(language=language, time_zone="Europe/Berlin")
        self.tenant.refresh_from_db()

    def keep(self, name: str, mails: list[EmailMessage] | None = None) -> None:
        """The last mail that left since the one before."""
        found = mails if mails is not None else self.sink.mails
        assert found, name
        self.mails[name] = found[-1]
        self.sink.mails.clear()

    def said(self, name: str) -> None:
        plan.plan_due(now=self.now)
        send.work()
        for mail in self.sink.mails:
            whose = "post" if mail["To"] == "reader@example.org" else "alert"
            self.mails[f"{name}-{whose}"] = mail
        assert self.sink.mails, name
        self.sink.mails.clear()

    def post(
        self, incident: Incident, *, stage: str | None = None, hits: Sequence[Hit] = ()
    ) -> None:
        incident_service.post_update(
            incident_id=incident.pk,
            stage=stage,
            changes=Changes(hits=hits),
            now=self.now,
            actor=self.operator,
        )

    def declare(self, *hits: tuple[str, str], **more: object) -> Incident:
        graver, lesser = {
            "planned-maintenance": ("informational", "informational"),
            "health-advisory": ("informational", "informational"),
        }.get(str(more.get("kind")), ("error", "warning"))
        made = [hit(*one, level=graver if one == WEST else lesser) for one in hits]
        values = {"statement": Statement()} | more
        return incident_service.declare(
            declaration=declaration(*made, **values), now=self.now, actor=self.operator
        )


def alerts(house: House) -> None:
    incident = house.declare(WEST, NORTH)
    house.said("first")
    house.post(incident, hits=[hit(*EAST, level="warning")])
    house.said("spread")
    house.now += timedelta(minutes=20)
    incident_service.recover(
        incident_id=incident.pk,
        regions=[hit(*NORTH).region],
        at=house.now,
        now=house.now,
        actor=house.operator,
    )
    house.said("recovered-in-part")
    house.post(incident, stage="mitigated")
    house.said("mitigated")
    corrections.correct_times(
        incident_id=incident.pk,
        reason="The log says so.",
        started_at=incident.started_at - timedelta(minutes=9),
        now=house.now,
        actor=house.operator,
    )
    house.said("correction")
    publish_review(
        incident_id=incident.pk,
        draft=Draft(
            kind="final",
            sections=[Section("impact", "What happened?", "A network fault.\n\n- One\n- Two")],
            timeline=[(house.now, "It began.")],
        ),
        now=house.now,
        actor=house.operator,
    )
    house.said("review")


def ends_of_other_kinds(house: House) -> None:
    mistaken = house.declare(WEST)
    house.said("mistaken")
    retract(incident_id=mistaken.pk, reason="A faulty probe.", now=house.now, actor=house.operator)
    house.said("retraction")
    tenant("elsewhere", WEST)
    Endpoint.objects.update(language=house.language)
    analysed = house.declare(WEST)
    house.said("before-the-analysis")
    confirm_audience(analysed, "elsewhere-1")
    house.post(analysed, stage="resolved")
    plan.plan_due(now=house.now)
    send.work()
    house.keep("not-affected", house.sink.to("ops@example.net"))


def plans_and_advisories(house: House) -> None:
    start = house.now + timedelta(days=1)
    maintenance = house.declare(
        WEST,
        kind="planned-maintenance",
        stage="planned",
        level="informational",
        started_at=start,
        scheduled_for=start,
        scheduled_until=start + timedelta(hours=2),
        public_title="Key Vault: new keys",
    )
    house.said("maintenance")
    corrections.reschedule(
        incident_id=maintenance.pk,
        scheduled_for=start + timedelta(days=1),
        scheduled_until=start + timedelta(days=1, hours=2),
        reason="A public holiday.",
        now=house.now,
        actor=house.operator,
    )
    house.said("rescheduled")
    house.declare(WEST, kind="health-advisory", level="informational")
    house.said("advisory")


def posts(house: House) -> None:
    Endpoint.objects.filter(pk=house.reader.pk).update(post_cadence="daily")
    incidents = []
    for title in ("Requests fail", "Sign-in fails"):
        incident = incident_service.declare(
            declaration=declaration(
                hit(*WEST), hit("storage", "west-europe"), audience="unknown", public_title=title
            ),
            now=house.now,
            actor=house.operator,
        )
        plan.plan_due(now=house.now)
        incidents.append(incident)
    send.work()
    house.sink.mails.clear()
    Delivery.objects.filter(deferred="daily").update(next_attempt_at=house.now)
    send.work()
    house.keep("daily-summary", house.sink.to("reader@example.org"))
    Endpoint.objects.filter(pk=house.reader.pk).update(post_cadence="every")
    house.post(incidents[1], stage="mitigated")
    plan.plan_due(now=house.now)
    send.work()
    house.keep("post", house.sink.to("reader@example.org"))
    subscribe.request(
        address="new@example.org",
        topics=[(None, None)],
        choices=PostChoices(
            kinds=("service-issue",),
            least_level="warning",
            cadence="daily",
            language=house.language,
            time_zone="Europe/Berlin",
        ),
        now=house.now,
    )
    subscribe.send_confirmations(now=house.now)
    house.keep("confirm")
    subscribe.request(
        address="newer@example.org",
        topics=[],
        choices=PostChoices(language=house.language),
        incident=incidents[0],
        ends_only=True,
        now=house.now,
    )
    subscribe.send_confirmations(now=house.now)
    house.keep("confirm-one-incident")


def ways(house: House) -> None:
    ops = Endpoint.objects.get(address="ops@example.net")
    leaving.leave(
        token=signed_links.leave_url(ops.key, "targeted").rstrip("/").rpartition("/")[2],
        now=house.now,
    )
    contact_notices.send_due(now=house.now)
    house.keep("shall-they-end")
    ended: dict[str, dict[str, Any]] = {
        "left": {"left_alerts_at": house.now},
        "suppressed": {
            "left_alerts_at": None,
            "suppressed_at": house.now,
            "suppressed_because": "550 5.1.1 no such user",
        },
    }
    for name, more in ended.items():
        Endpoint.objects.filter(pk=ops.pk).update(**more)
        contact_notices.find(now=house.now)
        contact_notices.send_due(now=house.now)
        house.keep(name)
    contact_notices.note_failing([ops], now=house.now)
    contact_notices.send_due(now=house.now)
    house.keep("failing")


def codes(house: House) -> None:
    members.invite(
        tenant=house.tenant, address="pia@example.org", role="owner", security=True, by="ann"
    )
    house.keep("invited")
    sign_in.ask_for_code(address="pia@example.org", now=house.now)
    sign_in.send_codes(now=house.now)
    house.keep("sign-in-code")
    own_endpoints.propose(
        tenant=house.tenant,
        channel="mail",
        address="new@example.net",
        format="",
        name="On call",
        now=house.now,
    )
    house.keep("address-code")
    with override(house.language):
        send_test_mail(address="me@example.org", now=house.now)
    house.keep("test-mail")


SCENES = (alerts, ends_of_other_kinds, plans_and_advisories, posts, ways, codes)
LANGUAGES = ("de", "fr", "es", "ja", "ar")
# Each in English and in another language; in all of them for whoever looks.
CASES = [
    (scene, language)
    for number, scene in enumerate(SCENES)
    for language in ("en", *(LANGUAGES if "LOOK" in os.environ else [LANGUAGES[number % 5]]))
]


@pytest.mark.parametrize(
    ("scene", "language"), CASES, ids=[f"{scene.__name__}-{code}" for scene, code in CASES]
)
def test_a_mail_is_well_formed_short_and_in_one_language(
    scene: Callable[[House], None], language: str, operator: User, sink: Sink
) -> None:
    house = House(language, sink, operator, datetime.now(UTC).replace(microsecond=0))
    scene(house)
    for name, mail in house.mails.items():
        raw = sink.raw[str(mail["Message-ID"])]
        if folder := os.environ.get("LOOK"):
            Path(folder, f"{language}-{name}.eml").write_bytes(raw)
        assert list(faults(name, mail, raw, language)) == [], name


def faults(name: str, mail: EmailMessage, raw: bytes, language: str) -> Iterator[str]:
    yield from faults_of_form(mail, raw)
    yield from faults_of_headers(mail, raw)
    yield from faults_of_leaving(name, mail)
    text = text_of(mail)
    own_words = re.sub(r"\S*://\S*", "", text)
    english = re.findall(
        r"\b(the|you|your|this|that|is|are|of|which|with|and|every|only|day)\b", own_words, re.I
    )
    if language != "en" and english:
        yield f"English in it: {english}"
    if name == "test-mail":
        return  # plain text, for who looks after the relay
    html = text_of(mail, "html")
    if f'<html lang="{language}"' not in html:
        yield "the HTML names another language"
    if settings.HELP_URL not in text or settings.HELP_URL not in html:
        yield "it says nowhere where to get help"


def faults_of_form(mail: EmailMessage, raw: bytes) -> Iterator[str]:
    """RFC 5322 (2.1.1, 2.2.3), RFC 2045 and what Gmail cuts."""
    if len(raw) > LARGEST:
        yield f"{len(raw)} bytes"
    if (
        not raw.isascii()
        or b"\n" in raw.replace(b"\r\n", b"")
        or b"\r" in raw.replace(b"\r\n", b"")
    ):
        yield "a line that SMTP does not take as it is"
    if long := [line for line in raw.split(b"\r\n") if len(line) > 998]:
        yield f"a line of {len(long[0])} characters"
    for part in mail.walk():
        yield from (str(defect) for defect in part.defects)
        yield from (
            f"{key}: {defect}"
            for key, value in part.items()
            for defect in getattr(value, "defects", ())
        )


def faults_of_headers(mail: EmailMessage, raw: bytes) -> Iterator[str]:
    for key in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version"):
        if len(mail.get_all(key, [])) != 1:
            yield f"{key}: not once"
    if not re.fullmatch(r"<[^<>@\s]+@status\.example\.com>", str(mail["Message-ID"])):
        yield f"Message-ID: {mail['Message-ID']}"
    date = mail["Date"].datetime
    if abs(date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)) > timedelta(hours=1):
        yield f"Date: {mail['Date']}"
    head = raw.partition(b"\r\n\r\n")[0].decode()
    subject = re.search(r"^Subject: (.*(?:\r\n[ \t].*)*)", head, re.M)
    for word in re.findall(r"=\?[^?]*\?[^?]*\?[^?]*\?=", subject[1] if subject else ""):
        if len(word) > 75 or not decode_header(word)[0][0].strip():
            yield f"Subject: an encoded word too long or empty: {word}"  # RFC 2047, section 2
    if mail["Auto-Submitted"] != "auto-generated":
        yield "Auto-Submitted: RFC 3834"
    if mail["List-Help"] != f"<{settings.HELP_URL}>":
        yield "List-Help: RFC 2369"


def faults_of_leaving(name: str, mail: EmailMessage) -> Iterator[str]:
    leave, one_click = mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"]
    by_list = name in mails_of_lists or name.endswith(("-alert", "-post"))
    if bool(leave) is not by_list or (leave and "https://" not in leave):
        yield f"List-Unsubscribe: {leave}"
    if bool(one_click) is not (by_list and name.endswith(("post", "summary"))):
        yield f"List-Unsubscribe-Post: {one_click}"  # RFC 8058: alerts of a team end by no click
    if by_list and not (mail["List-Id"] and mail["References"] == mail["In-Reply-To"]):
        yield "it belongs to no list or thread"


mails_of_lists = {"not-affected", "daily-summary", "post"}


def test_who_has_five_hundred_subscriptions_gets_a_short_mail_too(
    operator: User, now: datetime, sink: Sink
) -> None:
    owner = tenant("vast", WEST)
    rule(owner, "ops@example.net")
    made = CustomerSubscription.objects.bulk_create(
        CustomerSubscription(tenant=owner, ref=f"vast-{number}", name="漢" * 100 + str(number))
        for number in range(2, 501)
    )
    where = [
        (Service.objects.get(slug=service), Region.objects.get(slug=region))
        for service, region in (WEST, NORTH, EAST)
    ]
    Footprint.objects.bulk_create(
        Footprint(subscription=one, service=service, region=region)
        for one in made
        for service, region in where
    )
    incident_service.declare(
        declaration=declaration(*(hit(*cell) for cell in (WEST, NORTH, EAST))),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    send.work()
    (mail,) = sink.mails
    assert len(sink.raw[str(mail["Message-ID"])]) < LARGEST
    words = text_of(mail)
    assert "500" in words
    assert "495 " in words
    assert "/service-health/events/" in words, "where all of them are named"
