"""Reads what comes back to a return path: delivery reports (RFC 3464) and complaints (RFC 5965). Pure.

Says what a message claims, and where it might have been sent to; whether to believe it is not
decided here.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses
from typing import NamedTuple

from notifications.channels.email.mail_answers import CODE, HARD, SOFT, judge
from notifications.inbound.notices import CHALLENGE, answer_in, challenges, read_notice, words_of

LARGEST = (
    256 * 1024
)  # bytes that are looked at: what a report says stands before the mail it returns
LONGEST = 300
# Who the report was delivered to: what an MDA adds, then what the sender wrote.
ENVELOPE = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
RETURNED = ("Return-Path", "X-Envelope-From", "List-Unsubscribe")
_PARTS = 50
MOST_BLOCKS = 200  # a mail of ours has one recipient; lists that it leads to are not endless
_LONGEST_HEADER = 4_000
_DELIVERY = ("message/delivery-status", "message/global-delivery-status")
# Feedback of RFC 5965 and of its registry in which a person wants no more of it.
_COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})
_NO_FAILURE = re.compile(r"delay|deliver|relay|expand|success|transfer")


@dataclass(frozen=True, slots=True)
class BounceReport:
    """`kind`: hard, soft or complaint; empty for anything else. `why`: a sentence in each case.

    `addresses`: where it was sent to, and the return path of what it returns. `links`: of the returned
    List-Unsubscribe header.
    """

    kind: str
    why: str
    status: str = ""
    detail: str = ""
    addresses: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


class BounceVerdict(NamedTuple):
    """What a message is; `detail`: what the other side said."""

    kind: str
    why: str
    status: str = ""
    detail: str = ""


def read_report(raw: bytes) -> BounceReport:
    """What a message says about a mail of ours. Never raises for what somebody has sent."""
    try:
        return _read(raw[:LARGEST])
    except Exception as error:  # noqa: BLE001 - see below
        # Comments in comments or thousands of nested parts exhaust the standard library's parser. One
        # message is lost to whoever wrote it, not the ones behind it.
        return BounceReport("", f"cannot be read as mail ({type(error).__name__})")


def _read(raw: bytes) -> BounceReport:
    message = email.message_from_bytes(raw.lstrip(), policy=email.policy.compat32)
    own = list(_own_parts(message))
    returned = [part for part in _returned(own) if part is not message]
    addresses = tuple(
        dict.fromkeys(
            address
            for names, sources in ((ENVELOPE, [message]), (RETURNED[:2], returned))
            for source in sources
            for name in names
            for value in source.get_all(name, [])
            for address in _addresses(str(value))
        )
    )
    links = tuple(
        link
        for part in returned
        for value in part.get_all("List-Unsubscribe", [])
        for link in re.findall(r"<(https?://[^<>\s]{1,1000})>", str(value)[:_LONGEST_HEADER])
    )
    verdict = _judged(message, own, returned)
    return BounceReport(verdict.kind, verdict.why, verdict.status, verdict.detail, addresses, links)


def _addresses(value: str) -> list[str]:
    try:
        return [address for _, address in getaddresses([value[:_LONGEST_HEADER]]) if "@" in address]
    except RecursionError:  # comments in comments; the report may be genuine all the same
        return re.findall(r"[^\s<>(),;:\"]{1,64}@[^\s<>(),;:\"]{1,255}", value[:_LONGEST_HEADER])


def _judged(message: Message, parts: list[Message], returned: list[Message]) -> BounceVerdict:
    words = words_of(parts)
    return (
        _by_feedback(parts)
        or _by_status(parts, words)
        or _handed_on(returned)
        or _of_blocks(fields_of(words), "")  # a report as text, or in parts that nothing parts
        or _junk_report([message, *returned])
        or _by_words(message, parts, words)
    )


def _by_feedback(parts: list[Message]) -> BounceVerdict | None:
    for part in parts:
        if part.get_content_type() != "message/feedback-report":
            continue
        types = (block["feedback-type"] for block in _blocks(part) if "feedback-type" in block)
        what = _first_word(next(types, ""))
        if what in _COMPLAINTS:
            return BounceVerdict("complaint", f"a complaint: {what}", detail=f"complaint: {what}")
        return BounceVerdict("", f"a report of the kind {what[:30] or 'unknown'}, no complaint")
    return None


def _by_status(parts: list[Message], words: str) -> BounceVerdict | None:
    beside = answer_in(words)
    for part in parts:
        if part.get_content_type() in _DELIVERY:
            verdict = _of_blocks(_blocks(part), beside)
            if verdict is not None:
                return verdict
    return None


def _handed_on(returned: list[Message]) -> BounceVerdict | None:
    """A report that somebody passed on as it came: no mail of ours is one."""
    for part in returned:
        if part.get_content_type() == "multipart/report":
            return _by_status(list(_own_parts(part)), "")
    return None


def _junk_report(messages: list[Message]) -> BounceVerdict | None:
    """Those of Outlook.com have no report part."""
    if all(message.get("X-HmXmrOriginalRecipient") is None for message in messages):
        return None
    return BounceVerdict("complaint", "a complaint: junk mail report", detail="complaint: junk")


def _by_words(message: Message, parts: list[Message], words: str) -> BounceVerdict:
    notice = read_notice(message, parts, words)
    if notice.opt_out:
        return BounceVerdict("complaint", notice.why, detail="complaint: opt-out")
    if not notice.failed:
        return BounceVerdict("", notice.why)
    kind, why = judge("", notice.answer, around=notice.answer)
    found = CODE.search(notice.answer)
    status = found[0] if found else ""
    return BounceVerdict(kind, f"{notice.why}; {why}", status, _short(notice.answer))


def _of_blocks(blocks: list[dict[str, str]], beside: str) -> BounceVerdict | None:
    """None: they are about no recipient."""
    formal = any("reporting-mta" in block for block in blocks)
    blocks = [
        block
        for block in blocks
        if "action" in block or ("final-recipient" in block and "status" in block)
    ]
    failed = [block for block in blocks if _failed(block)]
    if not blocks:
        return None
    if not failed:
        action = _first_word(blocks[0].get("action", "")) or "nothing"
        return BounceVerdict("", f"says {action[:20]}, not failed")
    said = _diagnostic(failed[0])
    if challenges(f"{said}\n{beside}"):
        return BounceVerdict("", CHALLENGE)
    verdicts = [
        judge(block.get("status", ""), _diagnostic(block) or beside, around=beside, formal=formal)
        for block in failed
    ]
    # An address that leads to several people is not dead because one of them is.
    kind, why = next((each for each in verdicts if each[0] == SOFT), verdicts[0])
    if kind == HARD and len(failed) < len(blocks):
        kind, why = SOFT, "only some of those it leads to have failed"
    found = CODE.search(failed[0].get("status", ""))
    status = found[0] if found else ""
    return BounceVerdict(kind, why, status, _short(said) or status)


def _failed(block: dict[str, str]) -> bool:
    if "action" in block:
        return not _NO_FAILURE.match(_first_word(block["action"]))
    return block["status"].strip().startswith("5")


def _diagnostic(block: dict[str, str]) -> str:
    said = block.get("diagnostic-code", "")
    kind, semicolon, words = said.partition(";")
    return words.strip() if semicolon and " " not in kind.strip() else said


def _first_word(value: str) -> str:
    """Comments may stand around it (RFC 822)."""
    found = re.search(r"[a-z][a-z-]*", re.sub(r"\([^()]{0,200}\)", " ", value.lower()))
    return found[0] if found else ""


def _short(text: str) -> str:
    printable = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.split())[:LONGEST]


def _own_parts(message: Message) -> Iterator[Message]:
    """The message and its parts, but not those of a mail it returns: that one testifies to nothing."""
    waiting = [message]
    for _ in range(_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting[:0] = [each for each in payload if isinstance(each, Message)]


def _returned(own: list[Message]) -> Iterator[Message]:
    """What was sent, as far as it came back: a mail, or its headers as a text of their own."""
    for part in own:
        payload = part.get_payload()
        if part.get_content_type() in ("message/rfc822", "message/global") and isinstance(
            payload, list
        ):
            yield from (each for each in payload if isinstance(each, Message))
        elif part.get_content_type() in ("text/rfc822-headers", "text/rfc822-header"):
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                yield email.message_from_bytes(body, policy=email.policy.compat32)


def _blocks(part: Message) -> list[dict[str, str]]:
    """The blocks of fields of a report part. The parser takes every message/* for messages, encoded or not."""
    payload = part.get_payload()
    listed = payload[:MOST_BLOCKS] if isinstance(payload, list) else []
    inner = [each for each in listed if isinstance(each, Message)]
    text = "\n".join(each.as_string() for each in inner) if inner else str(payload)
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() in (
        "base64",
        "quoted-printable",
    ):
        plain = Message()
        plain["Content-Transfer-Encoding"] = part["Content-Transfer-Encoding"]
        plain.set_payload(text.strip())
        decoded = plain.get_payload(decode=True)
        text = decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else text
    return fields_of(text)


def fields_of(text: str) -> list[dict[str, str]]:
    """Blocks of fields, parted by blank lines; names in lower case."""
    return [
        {name.lower(): " ".join(str(value).split()) for name, value in block.items()}
        for block in map(email.message_from_string, re.split(r"\n\s*\n", text.strip()))
    ]
