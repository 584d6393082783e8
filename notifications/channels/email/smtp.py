"""Mails: one recipient each, over a connection that is kept open between them.

Everything that differs between Django's mail settings before and after 6.1 is in `new_backend`.
"""

from __future__ import annotations

import importlib
import re
import smtplib
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

import django
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from notifications.channels.base import Message, MessageTemplate, TransportError
from notifications.channels.email.mime_template import MimeTemplate
from notifications.channels.email.smtp_session import Envelope, SmtpSession
from notifications.vocabulary.delivery_states import ENDS_BATCH, Failure

# Relays hang up on idle clients after a minute or more; a hang-up seen while sending would leave open
# whether the mail was taken.
IDLE_SECONDS = 20.0
MOST_LETTERS = 64

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


class Mail:
    """SMTP, or whatever the mail settings name. One connection per thread, hence per worker process.

    Over SMTP a mail from a template goes out as prepared bytes; everything else is handed to Django.
    """

    def __init__(self) -> None:
        self._local = threading.local()

    def send(
        self,
        message: Message,
        following: Message | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> str:
        try:
            envelope = Envelope(message.to, message.return_path)
            line = self._smtp_session(envelope)
            if message.template is not None and line is not None:
                raw = self._mime_template(message.template).value(message)
                answer = line.hand_over(envelope, raw, _envelope_ahead(following), meanwhile)
            else:
                self._connection().send_messages([_composed(message)])
                answer = "accepted"
        except (smtplib.SMTPException, OSError) as error:
            refused = classify(error)
            # A refused recipient or text leaves the session usable.
            if refused.failure in ENDS_BATCH:
                self.close()
            raise refused from error
        except ValueError as error:  # a header with a line break, an address beyond ASCII
            raise TransportError(Failure.PERMANENT, f"not a sendable message: {error}") from error
        self._local.used_at = time.monotonic()
        return answer

    def _mime_template(self, template: MessageTemplate) -> MimeTemplate:
        kept: dict[int, MimeTemplate] = self._local.__dict__.setdefault("mails", {})
        made = kept.get(id(template))
        if made is None:
            if len(kept) >= MOST_LETTERS:
                kept.clear()
            made = kept[id(template)] = MimeTemplate(template, settings.DEFAULT_FROM_EMAIL)
        return made

    def connect_ahead(self) -> None:
        """Begin to connect while mails are made; this thread's next `send` goes on with it, or raises its trouble."""
        if not self._is_idle() and getattr(self._local, "backend", None) is not None:
            return
        self.close()
        self._local.ahead = ahead = Future[BaseEmailBackend]()
        self._local.used_at = time.monotonic()
        threading.Thread(target=_open_into, args=(ahead,), daemon=True).start()

    def _ahead(self) -> Future[BaseEmailBackend] | None:
        """What was begun ahead, once."""
        ahead: Future[BaseEmailBackend] | None = self._local.__dict__.pop("ahead", None)
        return ahead

    def _is_idle(self) -> bool:
        return time.monotonic() - getattr(self._local, "used_at", 0.0) > IDLE_SECONDS

    def close(self) -> None:
        if ahead := self._ahead():
            ahead.add_done_callback(_close_unused)
        backend: BaseEmailBackend | None = getattr(self._local, "backend", None)
        line: SmtpSession | None = getattr(self._local, "smtp_session", None)
        self._local.backend = self._local.smtp_session = None
        if backend is None:
            return
        try:
            if line is not None:
                line.hang_up()
            backend.close()
        except (smtplib.SMTPException, OSError):
            return  # it was dead already, which is what was wanted

    def _smtp_session(self, envelope: Envelope) -> SmtpSession | None:
        """The session on which this envelope may come next; None where mails do not leave by SMTP."""
        self._connection()
        line: SmtpSession | None = self._local.smtp_session
        if line is None or line.fits(envelope):
            return line
        self.close()
        return self._smtp_session(envelope)

    def _connection(self) -> BaseEmailBackend:
        if self._is_idle():
            self.close()
        backend: BaseEmailBackend | None = getattr(self._local, "backend", None)
        if backend is None:
            ahead = self._ahead()
            backend = ahead.result() if ahead else _opened()
            session = getattr(backend, "connection", None)
            self._local.smtp_session = None
            if isinstance(session, smtplib.SMTP) and session.sock is not None:
                # Else the last part of a mail waits until the one before it is acknowledged.
                session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._local.smtp_session = SmtpSession(session)
            self._local.backend = backend
        return backend


def _opened() -> BaseEmailBackend:
    backend = new_backend()
    backend.open()
    return backend


def _open_into(ahead: Future[BaseEmailBackend]) -> None:
    try:
        ahead.set_result(_opened())
    except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it
        ahead.set_exception(error)


def _close_unused(ahead: Future[BaseEmailBackend]) -> None:
    if ahead.exception() is None:
        with suppress(smtplib.SMTPException, OSError):
            ahead.result().close()


def send_alone(message: Message) -> None:
    """One mail over a connection of its own, past the outbox. Raises TransportError."""
    relay = Mail()
    try:
        relay.send(message)
    finally:
        relay.close()


def new_backend() -> BaseEmailBackend:
    """What the mail settings name, not connected yet."""
    if django.VERSION >= (6, 1):
        mail = importlib.import_module("django.core.mail")
        backend: BaseEmailBackend = mail.mailers["default"]
        return backend
    return get_connection()


def _envelope_ahead(following: Message | None) -> Envelope | None:
    """Of a letter that leaves by itself in the end; an address beyond ASCII is its own letter's trouble."""
    if following is None or following.template is None or not following.to.isascii():
        return None
    return Envelope(following.to, following.return_path)


def _composed(message: Message) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        to=[message.to],
        headers={"Message-ID": message.id, **message.all_headers},
    )
    mail.attach_alternative(message.html, "text/html")
    if message.template is not None and message.template.calendar:
        mail.attach(
            "maintenance.ics", message.template.calendar.decode(), "text/calendar; method=PUBLISH"
        )
    # What a provider's tracking webhook hands back; other backends do not look at it.
    mail.metadata = {"delivery": message.id.strip("<>").partition("@")[0]}  # type: ignore[attr-defined]  # anymail's
    return mail


def classify(error: BaseException) -> TransportError:
    """What an exception of smtplib or of the network means for this delivery.

    Only what is said about the recipient or the text can be final. A refused sender, a failed login or
    an unreachable relay is our own trouble: the mail waits.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()), (550, b"refused"))
        return _by_code(code, answer)
    if isinstance(error, smtplib.SMTPDataError):
        return _by_code(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPResponseException):
        detail = f"{error.smtp_code} {_words(error.smtp_error)}"
        return TransportError(Failure.UNREACHABLE, detail)
    status = getattr(error, "status_code", None)  # of a provider's API
    if status == 429:
        return TransportError(Failure.THROTTLED, f"the provider answered {status}")
    if isinstance(status, int):
        return TransportError(Failure.UNREACHABLE, f"the provider answered {status}")
    return TransportError(Failure.UNREACHABLE, f"{type(error).__name__}: {error}")


def _by_code(code: int, answer: bytes | str) -> TransportError:
    detail = f"{code} {_words(answer)}"
    enhanced = _ENHANCED.search(detail)
    subject, particular = (enhanced[2], enhanced[3]) if enhanced else ("", "")
    if code == 421 or (code < 500 and (subject, particular) in {("7", "0"), ("5", "3")}):
        return TransportError(Failure.THROTTLED, detail)
    # 552 is "mailbox full" in practice: it may have room tomorrow.
    if code < 500 or code == 552:
        return TransportError(Failure.TEMPORARY, detail)
    from notifications.channels.email.mail_answers import HARD, judge  # most mails are taken

    bad_address = judge("", detail)[0] == HARD
    return TransportError(Failure.PERMANENT, detail, bad_address=bad_address)


def _words(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer


RELAY = Mail()
