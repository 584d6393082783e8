"""What comes back: suppressed at once or after some times, left after a complaint, believed only if signed."""

from __future__ import annotations

import json
import mailbox
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.channels import signed_links
from notifications.channels.email import return_path
from notifications.delivery import plan, send
from notifications.inbound import bounces, suppression
from notifications.inbound.reports import read_report
from notifications.models import Attempt, Bounce, Delivery, Endpoint, OperatorAct
from notifications.vocabulary.delivery_states import State
from tests.conftest import declaration
from tests.notifications.cast import last, tenant
from tests.notifications.conftest import Sink
from tests.notifications.mail_reports import complaint, notice, report

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@pytest.fixture
def sent(operator: User, now: datetime, sink: Sink, settings: Settings) -> Delivery:
    """A delivery to here@example.com that the relay has taken."""
    settings.RETURN_PATH = "bounces@status.example.com"
    tenant("here", WEST)
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("For all.", "For you.")),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    send.work()
    return Delivery.objects.get()


def back(delivery: Delivery) -> str:
    return return_path.address_of(delivery.uuid)


def take(raw: bytes, now: datetime) -> tuple[str, str]:
    return bounces.by_report(read_report(raw), now=now)


def here() -> Endpoint:
    return Endpoint.objects.get(address="here@example.com")


def test_a_letter_leaves_with_a_return_path_of_its_own(
    sent: Delivery, sink: Sink, operator: User, now: datetime
) -> None:
    assert sink.senders == [back(sent)]
    assert sink.mails[0]["From"] == "Cloud Status <status@example.com>"


def test_an_unknown_mailbox_is_suppressed_at_once_and_its_alerts_are_counted_as_skipped(
    sent: Delivery, now: datetime, operator: User
) -> None:
    assert take(report(back(sent)), now) == ("hard", "noted")
    assert here().suppressed_at == now
    assert here().suppressed_because == "550 5.1.1 <here@example.com>: User unknown"
    assert Attempt.objects.filter(result="bounced").count() == 1

    incident_service.post_update(
        incident_id=sent.incident_id,
        stage="identified",
        statement=Statement("p", "t"),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(sent.incident).pk, now=now)
    assert send.work().skipped == 1
    assert Delivery.objects.get(state=State.SKIPPED).skip_reason == "suppressed"


def test_the_same_report_twice_counts_once_also_when_the_provider_tells_it_too(
    sent: Delivery, now: datetime
) -> None:
    assert take(report(back(sent), status="5.2.2", answer="552 5.2.2 full"), now)[0] == "soft"
    assert take(report(back(sent), status="5.2.2", answer="552 5.2.2 full"), now) == (
        "soft",
        "known already",
    )
    assert Bounce.objects.count() == 1
    assert here().suppressed_at is None


@pytest.mark.parametrize(
    ("days", "suppressed"), [((0, 1, 2), True), ((0, 0, 0), False), ((0, 1, 9), False)]
)
def test_refusals_suppress_on_some_days_within_the_window_and_not_within_one_incident(
    sent: Delivery, now: datetime, days: tuple[int, ...], suppressed: bool
) -> None:
    for number, day in enumerate(days):
        at = now + timedelta(days=day)
        event = bounces.Return(here().pk, "soft", "report", f"e{number}", "452 4.2.2 full")
        assert bounces.note([event], now=at) == 1
        assert bounces.note([event], now=at) == 0
    words = "refused on 3 of 7 days: 452 4.2.2 full"
    assert here().suppressed_because == (words if suppressed else "")


def test_a_relays_answer_counts_like_a_report(
    sent: Delivery, now: datetime, operator: User, sink: Sink
) -> None:
    sink.data_answers["here@example.com"] = "554 5.7.1 we do not like it"
    for stage in ("identified", "mitigating", "mitigating"):
        incident_service.post_update(
            incident_id=sent.incident_id,
            stage=stage,
            statement=Statement("p", "t"),
            now=now,
            actor=operator,
        )
        plan.plan(communication_id=last(sent.incident).pk, now=now)
        assert send.work().failed == 1
    assert list(Bounce.objects.values_list("kind", "source")) == [("soft", "answer")] * 3
    assert here().suppressed_at is None, "one incident silences nobody"
    for days in (1, 2):
        Bounce.objects.filter(pk=Bounce.objects.all()[days].pk).update(
            at=now - timedelta(days=days)
        )
    later = bounces.Return(here().pk, "soft", "answer", "later", "554 5.7.1 again")
    bounces.note([later], now=now)
    assert here().suppressed_because.startswith("refused on 3 of 7 days: 554 5.7.1")


def test_who_complains_has_left_what_the_letter_was_about(sent: Delivery, now: datetime) -> None:
    leave = signed_links.leave_url(here().key, "targeted")
    assert take(complaint(leave), now) == ("complaint", "noted")
    assert here().left_alerts_at == now
    assert here().left_posts_at is None
    assert here().suppressed_at is None


def test_a_report_without_a_signature_of_ours_changes_nothing(
    sent: Delivery, now: datetime
) -> None:
    forged = back(sent)[:-25].replace("bounces+a", "bounces+b") + back(sent)[-25:]
    wrong = [
        report("bounces@status.example.com"),
        report("status@example.com", headers=f"X-Note: {sent.uuid}"),
        report(forged.replace(forged[10:14], "aaaa")),
        complaint("https://status.example.com/subscribe/leave/forged/"),
        complaint(signed_links.manage_url(here().key)),
        b"",
        b"\xff\xfe\x00",
        b"Subject: out of office\n\nBack on Monday.",
    ]
    for raw in wrong:
        assert take(raw, now)[0] == "", raw
    assert not Bounce.objects.exists()
    assert here().suppressed_at is None


def test_what_is_no_failure_is_not_taken_for_one(sent: Delivery, now: datetime) -> None:
    assert take(report(back(sent), action="delayed", status="4.4.1"), now) == (
        "",
        "says delayed, not failed",
    )
    assert take(report(back(sent), action="delivered", status="2.0.0"), now)[0] == ""
    assert take(complaint(signed_links.leave_url(here().key, "targeted"), "not-spam"), now)[0] == ""
    vacation = f"To: {back(sent)}\nSubject: Out of office\n\nBack on Monday.".encode()
    assert take(vacation, now) == ("", "an automatic reply, no failure")


@pytest.mark.parametrize(
    "more",
    [
        {"returned": "message/rfc822"},
        {"envelope": "X-Original-To: {to}\n", "to": "postmaster@status.example.com"},
    ],
)
def test_the_return_path_is_found_wherever_the_server_wrote_it(
    sent: Delivery, now: datetime, more: dict[str, str]
) -> None:
    more = {key: value.replace("{to}", back(sent)) for key, value in more.items()}
    assert take(report(more.pop("to", back(sent)), **more), now)[0] == "hard"


def test_a_failure_told_in_words_alone_is_believed_of_a_signed_path_only(
    sent: Delivery, now: datetime
) -> None:
    said = notice("<here@example.com>: 550 5.1.1 nobody of that name here")
    assert take(said, now)[0] == ""
    assert take(said.replace(b"To: status@example.com", f"To: {back(sent)}".encode()), now) == (
        "hard",
        "noted",
    )
    assert here().suppressed_because.endswith("550 5.1.1 nobody of that name here")


def test_a_server_that_only_wants_fewer_letters_silences_nobody(
    sent: Delivery, now: datetime
) -> None:
    answer = "550 5.2.1 this user is sent mail too fast just now; try again later"
    assert take(report(back(sent), status="5.2.1", answer=answer), now) == ("soft", "noted")
    assert here().suppressed_at is None


def test_an_answer_that_no_table_can_hold_is_noted_all_the_same(
    sent: Delivery, now: datetime
) -> None:
    raw = report(back(sent), answer="550 5.1.1 \0 \x07 unknown ÿ").replace("ÿ".encode(), b"\xff")
    assert take(raw, now) == ("hard", "noted")


def test_a_hostile_mail_in_a_maildir_holds_up_no_other(
    sent: Delivery, now: datetime, tmp_path: Path
) -> None:
    folder = mailbox.Maildir(str(tmp_path / "maildir"))
    folder.add(b"To: " + b"(" * 400 + b"\n\nx")
    nested = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(3000)
    )
    folder.add(nested.encode())
    folder.add(report(back(sent)))
    out = StringIO()
    call_command("bounces", maildir=str(tmp_path / "maildir"), stdout=out)
    assert out.getvalue().splitlines()[-1] == "1 hard, 2 ignored"
    assert not list((tmp_path / "maildir" / "new").iterdir())


def test_the_command_reads_files_and_a_maildir_and_marks_what_it_has_read(
    sent: Delivery, now: datetime, tmp_path: Path
) -> None:
    one = tmp_path / "one.eml"
    one.write_bytes(report(back(sent)))
    out = StringIO()
    call_command("bounces", str(one), "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"message": str(one), "kind": "hard", "why": "noted"}

    folder = mailbox.Maildir(str(tmp_path / "maildir"))
    folder.add(report(back(sent)))
    folder.add(b"Subject: hello\n\n")
    out = StringIO()
    call_command("bounces", maildir=str(tmp_path / "maildir"), stdout=out)
    assert out.getvalue().splitlines()[-1] == "1 hard, 1 ignored"
    out = StringIO()
    call_command("bounces", maildir=str(tmp_path / "maildir"), stdout=out)
    assert out.getvalue().strip() == "nothing new"


def test_the_command_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="name files"):
        call_command("bounces")
    with pytest.raises(CommandError, match="is no maildir"):
        call_command("bounces", maildir=str(tmp_path))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("bounces", str(tmp_path / "absent"))


def test_lifting_needs_a_reason_and_refusals_before_it_count_no_more(
    sent: Delivery, now: datetime, operator: User
) -> None:
    for number in range(3):
        day = now - timedelta(days=2 - number)
        bounces.note([bounces.Return(here().pk, "soft", "report", f"e{number}", "full")], now=day)
    with pytest.raises(suppression.LiftError, match="reason: is empty"):
        suppression.lift(endpoint_id=here().pk, reason=" ", now=now, actor=operator)
    later = now + timedelta(hours=1)
    suppression.lift(endpoint_id=here().pk, reason="They made room.", now=later, actor=operator)
    assert here().suppressed_at is None
    act = OperatorAct.objects.get()
    assert (act.what, act.endpoint, act.reason) == ("lift", here(), "They made room.")

    after = later + timedelta(hours=1)
    bounces.note([bounces.Return(here().pk, "soft", "report", "e9", "full")], now=after)
    assert here().suppressed_at is None
    with pytest.raises(suppression.LiftError, match="is not suppressed"):
        suppression.lift(endpoint_id=here().pk, reason="Again.", now=after, actor=operator)


def test_a_bounce_of_a_merged_or_old_incident_needs_no_incident(
    sent: Delivery, now: datetime
) -> None:
    Incident.objects.update(closed_at=now)
    assert take(report(back(sent)), now)[0] == "hard"
