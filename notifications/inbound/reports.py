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

from notifications.lifecycle import BAD_ADDRESS

LARGEST = 1_000_000  # bytes; a report is small, whatever was sent
LONGEST = 300
# Who the report was delivered to: what an MDA adds, then what the sender wrote.
ENVELOPE = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
RETURNED = ("Return-Path", "X-Envelope-From", "List-Unsubscribe")
STATUS = re.compile(r"\b([245])\.(\d{1,3}\.\d{1,3})\b")  # an enhanced status code of RFC 3463
_PARTS = 50


@dataclass(frozen=True, slots=True)
class Report:
    """`kind`: hard, soft or complaint; empty for anything else, and `why` says what it is then.

    `addresses`: where it was sent to, and the return path of what it returns. `links`: of the returned
    List-Unsubscribe header.
    """

    kind: str
    why: str
    status: str
    detail: str
    addresses: tuple[str, ...]
    links: tuple[str, ...]


def read_report(raw: bytes) -> Report:
    """What a message says about a letter of ours. Never raises for what somebody has sent."""
    if len(raw) > LARGEST:
        return Report("", f"has {len(raw)} bytes, more than {LARGEST}", "", "", (), ())
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    parts = list(_walk(message))
    returned = [part for part in parts if part is not message]
    addresses = tuple(
        dict.fromkeys(
            address
            for names, sources in ((ENVELOPE, [message]), (RETURNED[:2], returned))
            for source in sources
            for _, address in getaddresses(
                [str(value) for name in names for value in source.get_all(name, [])]
            )
            if "@" in address
        )
    )
    links = tuple(
        link
        for part in returned
        for value in part.get_all("List-Unsubscribe", [])
        for link in re.findall(r"<(https?://[^<>\s]{1,1000})>", str(value))
    )
    kind, why, status, detail = _judged(parts)
    return Report(kind, why, status, detail, addresses, links)


def _judged(parts: list[Message]) -> tuple[str, str, str, str]:
    """(kind, why there is none, status, what the other side said)."""
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            block = _fields(part)
            what = block.get("feedback-type", "").lower()
            if what in ("abuse", "fraud", "not-spam"):
                kind = "" if what == "not-spam" else "complaint"
                return (
                    kind,
                    "" if kind else "a report that it was no spam",
                    "",
                    f"complaint: {what}",
                )
        if part.get_content_type() == "message/delivery-status":
            return _of_blocks([block for block in _blocks(part) if "action" in block])
    return "", "no report of RFC 3464 or RFC 5965", "", ""


def _of_blocks(blocks: list[dict[str, str]]) -> tuple[str, str, str, str]:
    failed = next((block for block in blocks if block["action"].lower() == "failed"), None)
    if failed is None:
        action = blocks[0]["action"].lower() if blocks else "nothing"
        return "", f"says {action[:20]}, not failed", "", ""
    found = STATUS.search(failed.get("status", ""))
    status = found[0] if found else ""
    detail = failed.get("diagnostic-code", "").partition(";")[2] or failed.get(
        "diagnostic-code", ""
    )
    hard = found is not None and found[1] == "5" and found[2] in BAD_ADDRESS
    return "hard" if hard else "soft", "", status, " ".join(detail.split())[:LONGEST] or status


def _walk(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= _PARTS:
            return
        yield part
        # Headers of what was sent, without its body: text of its own that holds them.
        if part.get_content_type() == "text/rfc822-headers":
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                yield email.message_from_bytes(body, policy=email.policy.compat32)


def _blocks(part: Message) -> list[dict[str, str]]:
    payload = part.get_payload()
    if isinstance(payload, list):
        return [_lower(block) for block in payload if isinstance(block, Message)]
    return [_fields(part)]


def _fields(part: Message) -> dict[str, str]:
    payload = part.get_payload()
    if isinstance(payload, list):  # the parser takes every message/* for a message
        return _lower(payload[0]) if payload and isinstance(payload[0], Message) else {}
    return _lower(email.message_from_string(str(payload), policy=email.policy.compat32))


def _lower(block: Message) -> dict[str, str]:
    return {name.lower(): str(value).strip() for name, value in block.items()}
