"""What a mail says and carries, and what it must never carry."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.channels import signed_links
from notifications.channels.base import Message, MessageTemplate, one_line
from notifications.channels.email.mailbox import read_mail, read_mailbox
from notifications.channels.email.renderer import preview
from notifications.channels.wording import moment
from notifications.delivery import plan, send
from notifications.models import Delivery, Endpoint
from notifications.vocabulary.delivery_states import DeliveryAudience, Reason, Relevance
from tests.conftest import declaration, hit
from tests.notifications.cast import confirm_audience, last, reader, tenant
from tests.notifications.conftest import Sink, text_of

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")
SECRET = "Confidential-word"


def declare(operator: User, now: datetime, *, public: bool = False, **more: object) -> Incident:
    hits = (hit(*WEST), hit("storage", "north-europe")) if public else (hit(*WEST),)
    values = {
        "statement": Statement("Told to **all**.", f"{SECRET} for you.", None),
        "internal_title": "Internal-word",
    }
    incident = incident_service.declare(
        declaration=declaration(*hits, **(values | more)), now=now, actor=operator
    )
    plan.plan_due(now=now)
    return incident


def test_a_targeted_mail_says_what_where_since_when_and_why(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    Endpoint.objects.update(time_zone="Europe/Amsterdam")
    incident = declare(
        operator,
        now,
        statement=Statement("", "We *see* it.", datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
    )
    send.work()
    (mail,) = sink.mails
    text, html = text_of(mail), text_of(mail, "html")
    assert mail["Subject"] == f"[Cloud Status] Key Vault requests fail ({incident.tracking_id})"
    for words in (
        "Failing · Investigating",
        "Key Vault in West Europe",
        "09:00 UTC on 1 March 2026 (10:00, Europe/Amsterdam)",
        "by 10:30 UTC on 1 March 2026 (11:30, Europe/Amsterdam)",
        incident.tracking_id,
        "It touches services and regions where your subscription runs.",
        "here-1",
        "At least one of your subscriptions runs in a place that is named here.",
        "its default contact is told",
    ):
        assert words in text
        assert words in html
    assert "We see it." in text
    assert "We <em>see</em> it." in html


def test_headers_let_machines_recognise_thread_and_leave(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    incident = declare(operator, now)
    send.work()
    incident_service.post_update(
        incident_id=incident.pk,
        stage="resolved",
        statement=Statement("p", "t"),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    send.work()
    first, second = sink.mails
    deliveries = Delivery.objects.order_by("id")
    assert [first["Message-ID"], second["Message-ID"]] == [
        f"<{delivery.uuid}@status.example.com>" for delivery in deliveries
    ]
    assert first["References"] == second["References"] == second["In-Reply-To"]
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Precedence"] == "list"
    assert first["List-Id"] == "Cloud Status alerts <alerts.status.example.com>"
    assert first["List-Unsubscribe-Post"] is None, "alerts end only once the address confirms it"
    link = re.fullmatch(
        r"<https://status\.example\.com/subscribe/leave/([^/]+)/>",
        str(first["List-Unsubscribe"]).replace(" ", "").replace("\n", ""),
    )
    assert link is not None
    assert signed_links.read_leave(link[1]) == (
        Endpoint.objects.get().key,
        DeliveryAudience.TARGETED,
    )
    assert first.get_all("To") == ["here@example.com"]
    assert first["Cc"] is first["Bcc"] is None


def test_a_public_mail_has_public_words_only(operator: User, now: datetime, sink: Sink) -> None:
    reader("reader@example.com")
    tenant("contoso", WEST)
    incident = declare(operator, now, public=True)
    send.work()
    (mail,) = sink.to("reader@example.com")
    everything = mail.as_string() + text_of(mail) + text_of(mail, "html")
    for word in (SECRET, "Internal-word", "contoso", "Contoso", "targeted"):
        assert word not in everything
    link = f"https://status.example.com/status/history/{incident.tracking_id}/"
    assert link in text_of(mail)
    assert "Told to <strong>all</strong>." in text_of(mail, "html")
    assert "/subscribe/manage/" in text_of(mail)


@pytest.mark.parametrize(
    ("public", "words", "confidential"),
    [
        (True, Statement("The same.", "The same."), False),
        (True, Statement("Another.", "For you."), True),
        (False, Statement("The same.", "The same."), True),
    ],
)
def test_only_text_that_is_not_published_is_called_confidential(
    operator: User, now: datetime, sink: Sink, public: bool, words: Statement, confidential: bool
) -> None:
    tenant("here", WEST)
    declare(operator, now, public=public, statement=words)
    send.work()
    (mail,) = sink.mails
    for kind in ("plain", "html"):
        assert ("confidential" in text_of(mail, kind)) is confidential


def test_a_mail_about_an_incident_that_is_not_public_links_to_no_entry(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    declare(operator, now)
    send.work()
    (mail,) = sink.mails
    assert "/status/history/" not in text_of(mail) + text_of(mail, "html")


def test_who_was_not_affected_reads_that_and_nothing_meant_for_others(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("guessed", WEST)
    tenant("really", ("key-vault", "north-europe"))
    incident = declare(operator, now)
    send.work()
    confirm_audience(incident, "really-1")
    incident_service.post_update(
        incident_id=incident.pk,
        stage="identified",
        statement=Statement("", "Secret details."),
        now=now,
        actor=operator,
    )
    plan.plan_due(now=now)
    send.work()
    mail = sink.to("guessed@example.com")[1]
    assert text_of(mail).startswith("Not affected")
    assert "your subscriptions were not affected" in text_of(mail)
    assert "Secret details" not in mail.as_string()
    assert "Our analysis confirms" in text_of(sink.to("really@example.com")[0])


def test_markup_in_texts_and_titles_stays_text(operator: User, now: datetime, sink: Sink) -> None:
    tenant("here", WEST)
    declare(
        operator,
        now,
        public_title="<img src=x> & co",
        statement=Statement("", "<script>alert(1)</script> [x](javascript:alert(1)) {{ site }}"),
    )
    send.work()
    html = text_of(sink.mails[0], "html")
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "{{ site }}" in html
    assert "<img src=x> & co" in str(sink.mails[0]["Subject"])


def test_styles_stand_on_the_elements_and_dark_mode_in_the_head(
    operator: User, now: datetime, sink: Sink
) -> None:
    tenant("here", WEST)
    declare(operator, now)
    send.work()
    html = text_of(sink.mails[0], "html")
    assert "prefers-color-scheme: dark" in html
    assert re.search(r'<td class="part[^"]*" align="left" style="[^"]*font', html)
    assert "http-equiv" not in html
    assert len(html.encode()) < 60_000
    assert "<img" not in html, "no tracking pixel, no remote snapshot"


@pytest.mark.parametrize("field", ["subject", "to", "id", "header"])
@pytest.mark.parametrize("ending", ["\n", "\r", "\r\n", "\x00", "\x85", "\u2028"])
def test_no_header_can_be_smuggled_in(field: str, ending: str) -> None:
    evil = f"x{ending}Bcc: everybody@example.com"
    values = {"id": "<a@b>", "to": "a@example.com", "subject": "s", "header": "h"} | {field: evil}
    with pytest.raises(ValueError, match="control character"):
        Message(
            id=values["id"],
            to=values["to"],
            template=MessageTemplate(subject=values["subject"], text="", html=""),
            headers={"X-Test": values["header"]},
        )


def test_a_subject_is_cut_to_one_line() -> None:
    assert one_line("a\r\n b\tc " + "d" * 300, 20) == "a b c dddddddddddddd"


def test_an_unknown_time_zone_falls_back_to_utc(now: datetime) -> None:
    assert (
        moment(now, "Mars/Olympus") == moment(now, "../etc/passwd") == "09:30 UTC on 1 March 2026"
    )
    assert moment(None, "UTC") == ""


def test_a_preview_shows_the_mail_and_stores_nothing(
    operator: User, now: datetime, settings: Settings
) -> None:
    incident = declare(operator, now)
    message = preview(
        last(incident),
        audience=DeliveryAudience.TARGETED,
        relevance=Relevance.RELATED,
        reason=Reason.ALERT_RULE,
    )
    assert SECRET in message.text
    assert not Delivery.objects.exists()


def test_in_a_demo_mails_are_kept_as_files_and_can_be_read(
    operator: User, now: datetime, settings: Settings, sink: Sink, tmp_path: object
) -> None:
    settings.EMAIL_BACKEND = "notifications.channels.email.mailbox.FolderBackend"
    settings.MAIL_FOLDER = f"{tmp_path}/mails"
    assert read_mailbox() == []
    tenant("here", WEST)
    declare(operator, now)
    assert send.work().sent == 1
    (kept,) = read_mailbox()
    assert (kept.to, kept.subject.split("]")[0]) == ("here@example.com", "[Cloud Status")
    assert SECRET in kept.text
    assert SECRET in kept.html
    assert abs((timezone.now() - kept.at).total_seconds()) < 3600
    assert read_mail(kept.name) == kept
    assert read_mail("../settings.eml") is None
    assert read_mail(kept.name.replace(kept.name[:8], "19990101")) is None
    assert sink.mails == []


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        (9, "09:00 UTC on 1 March 2026 (18:00, Asia/Tokyo)"),
        (15, "15:00 UTC on 1 March 2026 (00:00 on 2 March 2026, Asia/Tokyo)"),
    ],
)
def test_the_readers_own_day_is_named_where_it_is_another(hour: int, words: str) -> None:
    assert moment(datetime(2026, 3, 1, hour, tzinfo=UTC), "Asia/Tokyo") == words


@pytest.mark.parametrize("audience", DeliveryAudience)
def test_a_link_in_a_mail_is_what_djangos_signer_makes(audience: DeliveryAudience) -> None:
    key = uuid.uuid4()
    for link, salt, said in (
        (signed_links.leave_url(key, audience), "notifications.leave", f"{key.hex} {audience}"),
        (signed_links.manage_url(key), "notifications.manage", key.hex),
    ):
        assert link.split("/")[-2] == signing.Signer(salt=salt).sign_object(said)
