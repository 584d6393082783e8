"""Returned mails and what looks like them: notices without a machine-readable report, auto-replies. Pure.

Many servers say in words alone that a mail failed. `flufl.bounce` knows the formats of old and odd ones;
what it does not know is recognised by who writes and by the usual sentences.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message

from notifications.channels.email.mail_answers import CODE, wording

CHALLENGE = "asks who wrote before it lets the mail in, no failure"
DELAYED = "says that it is still being tried, not failed"
LONGEST_LINE = 500
LONGEST_TEXT = 60_000
BEGINNING = 800
# It logs each detector, and whole tracebacks of hostile mail.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

_AUTO_HEADERS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Response",
    "X-MS-Exchange-Inbox-Rules-Loop",
    "X-Apple-Action",
    "X-Vacation",
)
_PROVIDER = re.compile(r"\"notificationType\W{1,9}(bounce|complaint|delivery)\b", re.IGNORECASE)
_REPLY = re.compile(r"(?<![\d.])[45]\d\d[ -](?=\D)")


@dataclass(frozen=True, slots=True)
class Notice:
    """`failed`: a mail came back. `why`: a sentence. `answer`: the words that say how it failed.
    `opt_out`: the reader wants no more."""

    failed: bool
    why: str
    answer: str = ""
    opt_out: bool = False


def words_of(parts: list[Message]) -> str:
    """What a message says in words, up to where the mail begins that it returns."""
    text = "\n".join(filter(None, map(_text_of, parts)))[:LONGEST_TEXT]
    text = re.sub(r"^>(?!>>).*\n?", "", text, flags=re.MULTILINE)  # quoted
    copy = next(
        (found for found in wording.COPY.finditer(text) if text[: found.start()].strip()), None
    )
    return text[: copy.start()] if copy is not None else text


def answer_in(words: str) -> str:
    """The lines around reply codes, else how it begins: further down systems explain what else may be the
    matter, or quote the mail."""
    lines = words.split("\n")
    kept: list[str] = []
    for number, line in enumerate(lines):
        if CODE.search(line) or _REPLY.search(line):
            kept += lines[max(number - 2, 0) : number + 4]
    return "\n".join(dict.fromkeys(kept)) if kept else words[:BEGINNING]


def challenges(words: str) -> bool:
    """Whether somebody asks who we are before letting the mail in."""
    return wording.CHALLENGE.search(words) is not None


def read_notice(message: Message, parts: list[Message], words: str) -> Notice:
    """What a message without a report of RFC 3464 is. `parts`: its own ones, without a returned mail's;
    `words`: of them."""
    if told := _PROVIDER.search(words):
        return _of_provider(told[1].lower(), words)
    subject = _header(message, "Subject")
    daemon = wording.DAEMON.search(_header(message, "From")) is not None
    named = message.get("X-Failed-Recipients") is not None
    in_subject = wording.FAILURE_SUBJECT.search(subject)
    failing = named or (in_subject is not None and (daemon or in_subject.start() == 0))
    if challenges(words):
        return Notice(False, CHALLENGE)
    if subject.lower() == "unsubscribe":  # what some mail readers send for their user
        return Notice(False, "asks to hear no more of it", opt_out=True)
    if not failing and _auto_reply(message, subject, daemon=daemon):
        return Notice(False, "an automatic reply, no failure")
    final = failing and re.search(r"(?<![\d.])5(?:\d\d|\.\d+\.\d+)\b", words) is not None
    if not named and not final and wording.DELAYED.search(words):
        return Notice(False, DELAYED)
    if named:
        return Notice(True, "names a recipient that failed", answer_in(words))
    nobody = str(message.get("Return-Path", "")).strip() == "<>"
    return _by_signs(parts, words, daemon=daemon, nobody=nobody, in_subject=in_subject is not None)


def _by_signs(
    parts: list[Message], words: str, *, daemon: bool, nobody: bool, in_subject: bool
) -> Notice:
    """`daemon` wrote it, `nobody` is to answer it, its subject speaks of a failure."""
    answer = answer_in(words)
    delayed, failed = _known_formats(parts, words)
    if failed:
        return Notice(True, "a failure in a format that is known", answer)
    if delayed:
        return Notice(False, DELAYED)
    says = wording.FAILURE.search(words) is not None
    if daemon:
        return Notice(True, "a mail system says that it failed", answer)
    if (says and (in_subject or nobody)) or (in_subject and nobody):
        return Notice(True, "says that it failed", answer)
    if wording.FAILED_ADDRESS.search(words):
        return Notice(True, "names an address that was not reached", answer)
    return Notice(False, "no report of a failure, no complaint")


def _of_provider(kind: str, words: str) -> Notice:
    """A notification of Amazon SES, mailed: JSON, perhaps inside JSON."""
    if kind == "bounce":
        codes = re.findall(r"diagnosticCode\W{1,9}([^\"\\]{1,500})", words)
        return Notice(True, "a provider says that it failed", "\n".join(codes))
    if kind == "complaint":
        return Notice(False, "a provider says that there was a complaint", opt_out=True)
    return Notice(False, f"a provider's word of a {kind}, not of a failure")


def _header(message: Message, name: str) -> str:
    """A header's text, decoded as far as it can be."""
    raw = str(message.get(name, ""))[:LONGEST_LINE]
    try:
        return " ".join(str(make_header(decode_header(raw))).split())
    except (LookupError, ValueError):
        return raw


def _text_of(part: Message) -> str:
    """The words of a text part, decoded, lines cut; of HTML without its tags. Empty for other parts."""
    payload = part.get_payload(decode=True)
    # A multipart whose boundary is missing or wrong is one long text.
    if part.get_content_maintype() not in ("text", "multipart") or not isinstance(payload, bytes):
        return ""
    raw = payload[:LONGEST_TEXT]
    try:
        text = raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    if part.get_content_subtype() == "html":
        text = re.sub(r"</?(?:br|p|div|tr)\b[^<>]{0,200}>", "\n", text, flags=re.IGNORECASE)
        text = re.sub(r"<[/!a-zA-Z][^<>]{0,400}>", " ", text)
    return "\n".join(line[:LONGEST_LINE] for line in text.replace("\r", "\n").split("\n"))


def _auto_reply(message: Message, subject: str, *, daemon: bool) -> bool:
    if any(message.get(name) is not None for name in _AUTO_HEADERS) or wording.AUTO_SUBJECT.search(
        subject
    ):
        return True
    automatic = (
        str(message.get("Auto-Submitted", "")).lower().startswith(("auto-replied", "auto-gen"))
    )
    loose = str(message.get("Precedence", "")).strip().lower() in ("auto_reply", "junk", "bulk")
    suppressing = message.get("X-Auto-Response-Suppress") is not None
    return not daemon and (automatic or loose or suppressing)


def _known_formats(parts: list[Message], words: str) -> tuple[bool, bool]:
    """(a delay, a failure) as flufl.bounce sees it: the message's frame around its words alone, decoded and
    cut, since patterns over what anybody sends may take time without end."""
    frame = Message()
    for name, value in parts[0].items():
        if name.lower() not in ("content-type", "content-transfer-encoding"):
            frame[name] = str(value)[:LONGEST_LINE]
    frame["Content-Type"] = "multipart/mixed" if len(parts) > 1 else "text/plain"
    text = Message()
    text["Content-Type"] = "text/plain"
    text["Content-Description"] = "notification"
    text.set_payload(words.encode("ascii", "replace").decode("ascii"))
    frame.set_payload([text] if len(parts) > 1 else text.get_payload())
    from flufl.bounce import all_failures  # who sends needs none of its patterns

    try:
        temporary, permanent = all_failures(frame)
    except Exception:  # noqa: BLE001 - patterns of many hands over mail of anybody
        return False, False
    return bool(temporary), bool(permanent)
