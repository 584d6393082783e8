"""What mail servers write back: a dead address, a refusal for now, a complaint, or none of these."""

from __future__ import annotations

import io
import json
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.channels.email.mail_answers import judge
from notifications.inbound.reports import read_report
from tests.notifications.mail_reports import complaint, notice, report


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("5.0.0", "550 5.1.1 <someone@example.net> user unknown"),
        ("", "550 5.1.1 user unknown"),
        ("5.0.0", "550 No such user here"),
        ("", "550 no such user (in reply to RCPT TO command)"),
        ("5.0.0", "550 5.0.0 The account you tried to reach does not exist."),
        ("5.2.0", "554 delivery error: this user doesn't have an example.net account"),
        ("5.1.1", "550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table"),
        ("5.1.1", "553 mailbox unavailable"),
        ("5.7.1", "550 5.1.1 unknown"),
        ("4.0.0", "550 5.1.1 unknown"),
        ("5.4.4", "Host or domain name not found"),
        ("5.1.351", "550 5.1.351 Remote server returned unknown recipient or mailbox unavailable"),
        ("5.4.310", "550 5.4.310 DNS domain example.invalid does not exist"),
        ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"),
        ("5.0.0", "550 Benutzer unbekannt"),
        # A name is no word: that the mailbox is called so says nothing.
        ("5.1.1", "550 5.1.1 <spam-block@quota.example.net> User unknown"),
    ],
)
def test_an_answer_that_proves_it_is_hard(status: str, answer: str) -> None:
    assert judge(status, answer, formal=True)[0] == "hard"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("5.2.1", "550 5.2.1 this user is sent mail too fast just now; try again later"),
        ("5.2.1", "550 5.2.1 mailbox not accepting messages"),
        ("5.2.1", "550 5.2.1 User unknown"),
        ("5.1.1", "550 5.7.1 your address 192.0.2.1 is on a block list"),
        ("5.1.1", "552 5.2.2 over quota"),
        ("5.1.1", "550 5.1.1 mailbox is full"),
        ("5.1.1", "550 see http://www.spamhaus.example/query/bl?ip=192.0.2.1"),
        ("5.1.1", "451 4.7.1 greylisted, come again in five minutes"),
        ("4.1.1", "450 4.1.1 user unknown"),
        ("5.0.0", "550 5.1.8 sender address rejected: domain not found"),
        ("5.4.4", "Name service error: malformed or unexpected name server reply"),
        ("5.5.0", "550 Requested action not taken: mailbox unavailable"),
        ("5.0.0", "550 Unknown user (in reply to end of DATA command)"),
        ("5.0.0", "550 : User unknown"),
        ("5.0.0", ""),
        ("", ""),
        ("nonsense", "\N{SNOWMAN}"),
        # The numbers of a machine are no status code.
        ("5.0.0", "550 rejected by 10.5.1.1"),
    ],
)
def test_doubt_and_contradiction_are_soft(status: str, answer: str) -> None:
    assert judge(status, answer, formal=True)[0] == "soft"


@settings(max_examples=300)
@given(
    words=st.sampled_from(["mailbox full", "over quota", "sent too fast", "listed as spam"]),
    status=st.sampled_from(["5.1.1", "5.0.0", "5.1.2", "5.4.4", ""]),
    dead=st.sampled_from(["user unknown", "no such user", "does not exist", ""]),
    last=st.booleans(),
)
def test_whatever_else_it_says_an_answer_that_speaks_of_a_living_box_is_never_hard(
    words: str, status: str, dead: str, last: bool
) -> None:
    said = f"{dead} {words}" if last else f"{words} {dead}"
    assert judge(status, f"550 {status} {said}", formal=True)[0] == "soft"


def kind(raw: bytes) -> str:
    return read_report(raw).kind


@pytest.mark.parametrize("action", ["failed", "Failed (bad mailbox)", "(final) failed", "failure"])
def test_an_action_may_have_comments(action: str) -> None:
    assert kind(report("x@example.com", action=action)) == "hard"


@pytest.mark.parametrize(
    "action", ["delayed", "Delayed (will be tried again)", "relayed", "expanded"]
)
def test_no_other_action_is_a_failure(action: str) -> None:
    assert kind(report("x@example.com", action=action)) == ""


def test_an_address_that_leads_to_several_is_not_dead_because_one_of_them_is() -> None:
    other = "\n\nFinal-Recipient: rfc822; other@example.com\nAction: {}\nStatus: {}"
    for more in (other.format("delivered", "2.0.0"), other.format("failed", "4.2.2")):
        assert kind(report("x@example.com", answer="550 5.1.1 unknown" + more)) == "soft"
    dead = other.format("failed", "5.1.1")
    assert kind(report("x@example.com", answer="550 5.1.1 unknown" + dead)) == "hard"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_an_encoded_report_is_read(encoding: str) -> None:
    assert kind(report("x@example.com", encoding=encoding)) == "hard"


def test_a_report_that_a_gateway_wrapped_is_read() -> None:
    wrapped = (
        b"From: gateway@example.net\nSubject: Fwd\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/mixed; boundary=w\n\n--w\nContent-Type: message/rfc822\n\n"
        + report("x@example.com")
        + b"\n--w--\n"
    )
    assert kind(wrapped) == "hard"


def test_a_report_whose_parts_nothing_parts_is_read() -> None:
    assert kind(report("x@example.com").replace(b'boundary="b1"', b"boundary=lost")) == "hard"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("<someone@example.net>:\n192.0.2.7 answered: 550 5.1.1 nobody of that name here", "hard"),
        (">>> RCPT TO:<someone@example.net>\n<<< 550 no such user", "hard"),
        ("someone@example.net: host unknown", "hard"),
        # Without a code or the step of the talk it may be a filter's answer.
        ("someone@example.net: no such user", "soft"),
        ("Your message could not be delivered: the mailbox is full.", "soft"),
        ("Diese Nachricht wurde nicht zugestellt.\nDas Postfach ist voll.", "soft"),
        ("Your letter was not delivered.", "soft"),
        ("Ileti teslim edilemedi.", "soft"),  # no word of it is known; a mail system wrote it
        ("It has not yet been delivered and will be retried for two days.", ""),
    ],
)
def test_a_failure_told_in_words_alone_is_noticed(words: str, expected: str) -> None:
    assert kind(notice(words)) == expected


def test_words_of_the_letter_that_comes_back_say_nothing() -> None:
    letter = (
        "--- Below is a copy of the letter.\n\nSubject: x\n\n550 5.1.1 no such user, they told us."
    )
    assert kind(notice(f"Your letter was not delivered.\n\n{letter}")) == "soft"
    assert kind(notice("Your letter was not delivered.\n\n> 550 5.1.1 no such user\n")) == "soft"


def test_a_header_that_names_a_failed_recipient_is_enough() -> None:
    raw = notice(
        "It did not work out.", sender="robot@example.net", more="X-Failed-Recipients: a@b.example"
    )
    assert kind(raw) == "soft"


@pytest.mark.parametrize(
    ("subject", "more", "words"),
    [
        ("Out of office: maintenance", "", "I am away until Monday."),
        ("Automatic reply: [Investigating] Key Vault", "", "I cannot be reached."),
        ("Abwesenheitsnotiz", "", "Ich bin nicht im Haus."),
        ("Réponse automatique", "", "Je suis absent."),
        ("自動応答", "", "不在です。"),
        ("Key Vault", "Auto-Submitted: auto-replied", "We have got your letter, number 550 5.1.1"),
        ("Thanks", "Precedence: bulk", "We answer as soon as we can."),
        ("Re: Key Vault", "X-Autoreply: yes", "Ticket 5.1.1 was opened."),
        ("Ticket 7", "X-Auto-Response-Suppress: All", "Your message has been received."),
        ("Re: Key Vault", "", "Thank you, we saw that the delivery was delayed."),
        ("Please confirm", "", "Confirm that you are human, then your letter is let in."),
        ("Key Vault", "", "Here is my answer."),
    ],
)
@pytest.mark.parametrize("path", ["<>", "<someone@example.net>"])
def test_no_reply_is_taken_for_a_failure(subject: str, more: str, words: str, path: str) -> None:
    raw = notice(words, subject=subject, more=more, sender="someone@example.net", path=path)
    assert kind(raw) == ""


@pytest.mark.parametrize("what", ["abuse", "fraud", "opt-out", "opt-out-list", "Abuse (a comment)"])
def test_who_wants_no_more_has_complained(what: str) -> None:
    assert kind(complaint("https://status.example.com/x", what)) == "complaint"


@pytest.mark.parametrize("what", ["not-spam", "auth-failure", "dmarc", "virus", ""])
def test_other_feedback_is_no_complaint(what: str) -> None:
    assert kind(complaint("https://status.example.com/x", what)) == ""


def test_a_mail_that_only_says_unsubscribe_is_one() -> None:
    assert (
        kind(notice("Sent for your reader.", subject="unsubscribe", sender="a@b.example"))
        == "complaint"
    )


NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
    for number in range(3000)
)
HOSTILE = {
    "nested comments": b"From: a@b.example\nTo: " + b"(" * 400 + b"\nSubject: x\n\nx",
    "deep comments": b"To: " + b"(" * 200_000 + b"\n\nx",
    "nested parts": b"MIME-Version: 1.0\n" + NESTED + b"\nx",
    "messages in messages": b"Content-Type: message/rfc822\n\n" * 5000,
    "an endless line": b"From: mailer-daemon@b.example\n\n" + b"a" * 900_000,
    "many brackets": b"From: mailer-daemon@b.example\n\n" + b"<" * 900_000,
    "blanks": b"From: mailer-daemon@b.example\nSubject: y\n\nx " + b" \t" * 400_000 + b"@",
    "many lines": b"From: mailer-daemon@b.example\n\nx\n"
    + b"failed addresses follow:\n x@\n" * 20_000,
    "endless blocks": report("x@example.com").replace(
        b"Reporting-MTA", b"x\n\n" * 200_000 + b"Reporting-MTA"
    ),
    "a charset that is none": b"Content-Type: text/plain; charset=\xff\n\nx",
    "a broken header": b"Subject: =?utf-8?b?\xff?=\nFrom: =?x?q?=?=\n\nx",
    "zeros": b"\0" * 10_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_one_message_ignored_or_soft_and_soon(name: str) -> None:
    started = time.process_time()
    assert read_report(HOSTILE[name]).kind in ("", "soft")
    assert time.process_time() - started < 10


def test_a_report_before_a_large_letter_is_read() -> None:
    assert kind(report("x@example.com", headers="\n" + "word " * 400_000)) == "hard"


@settings(max_examples=200)
@given(st.binary(max_size=600))
def test_no_bytes_stop_the_reader(raw: bytes) -> None:
    assert read_report(b"From: postmaster@b.example\n" + raw).kind in (
        "",
        "soft",
        "hard",
        "complaint",
    )


def test_the_command_judges_files_without_any_address_of_ours_and_without_a_database(
    tmp_path: Path,
) -> None:
    wanted = {
        "dead.eml": (report("anybody@example.org"), "hard"),
        "full.eml": (notice("The mailbox is full, your letter was not delivered."), "soft"),
        "fbl.eml": (complaint("https://elsewhere.example/"), "complaint"),
        "away.eml": (notice("Away.", subject="Out of office", sender="a@b.example"), "ignored"),
        "comments.eml": (HOSTILE["nested comments"], "ignored"),
        "parts.eml": (HOSTILE["nested parts"], "ignored"),
        "last.eml": (
            report("anybody@example.org", status="4.2.2", answer="452 4.2.2 full"),
            "soft",
        ),
    }
    for name, (raw, _) in wanted.items():
        (tmp_path / name).write_bytes(raw)
    out = StringIO()
    call_command(
        "bounces", *[str(tmp_path / name) for name in wanted], judge=True, json=True, stdout=out
    )
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["message"], line["kind"]) for line in lines] == [
        (str(tmp_path / name), expected) for name, (_, expected) in wanted.items()
    ]
    assert all(set(line) == {"message", "kind", "why"} and line["why"] for line in lines)


def test_a_pipe_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.TextIOWrapper(io.BytesIO(report("x@example.com") + b"x" * 900_000))
    monkeypatch.setattr("sys.stdin", pipe)
    out = StringIO()
    call_command("bounces", "-", judge=True, json=True, stdout=out)
    assert json.loads(out.getvalue())["kind"] == "hard"
    assert pipe.buffer.read() == b""


def test_judging_marks_nothing_as_seen(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--judge reads files"):
        call_command("bounces", judge=True, maildir=str(tmp_path))
