"""Mails kept as files instead of being sent: for demonstrations. A backend that writes, a reader."""

from __future__ import annotations

import email
import email.policy
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage as ParsedMessage
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

NAME = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{8}\.eml")
KEPT = 1000


class FolderBackend(BaseEmailBackend):
    """Writes each message to settings.MAIL_FOLDER; a file is there whole or not at all."""

    def __init__(self, fail_silently: bool = False, **kwargs: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        self.folder = Path(settings.MAIL_FOLDER)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}.eml"
            partial = self.folder / f".{name}.{os.getpid()}"
            # For this account alone: links to confirm and to leave are in it.
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.message().as_bytes())
            partial.replace(self.folder / name)
        for old in _names(self.folder)[KEPT:]:
            (self.folder / old).unlink(missing_ok=True)
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept mail. `headers` in their order; `at` is when it was written, UTC."""

    name: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]


def read_mailbox(*, most: int = 100) -> list[Kept]:
    """The newest mails first."""
    folder = Path(settings.MAIL_FOLDER)
    mails = (read_mail(name) for name in _names(folder)[:most])
    return [mail for mail in mails if mail]


def read_mail(name: str) -> Kept | None:
    """One mail by its file name; None for a name that is none, or a file that is gone."""
    if not NAME.fullmatch(name):
        return None
    try:
        raw = (Path(settings.MAIL_FOLDER) / name).read_bytes()
    except FileNotFoundError:
        return None
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    return Kept(
        name=name,
        at=datetime.strptime(name[:21], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC),
        sender=str(parsed["From"] or ""),
        to=str(parsed["To"] or ""),
        subject=str(parsed["Subject"] or ""),
        text=_body(parsed, "plain"),
        html=_body(parsed, "html"),
        headers=tuple((header, str(value)) for header, value in parsed.items()),
    )


def _body(parsed: ParsedMessage, kind: str) -> str:
    part = parsed.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""


def _names(folder: Path) -> list[str]:
    try:
        names = [entry.name for entry in folder.iterdir() if NAME.fullmatch(entry.name)]
    except FileNotFoundError:
        return []
    return sorted(names, reverse=True)
