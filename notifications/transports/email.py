"""Letters: one recipient each, over a connection that is kept open between them.

Everything that differs between Django's mail settings before and after 6.1 is in `_backend`.
"""

from __future__ import annotations

import importlib
import re
import smtplib
import threading
import time

import django
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from notifications.lifecycle import ENDS_BATCH, Failure
from notifications.transports.base import Message, TransportError

# Relays hang up on idle clients after a minute or more; a hang-up seen while sending would leave open
# whether the mail was taken.
IDLE_SECONDS = 20.0

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


class Mail:
    """SMTP, or whatever the mail settings name. One connection per thread, hence per worker process."""

    def __init__(self) -> None:
        self._local = threading.local()

    def send(self, message: Message) -> str:
        mail = EmailMultiAlternatives(
            subject=message.subject,
            body=message.text,
            to=[message.to],
            headers={"Message-ID": message.id, **message.headers},
        )
        mail.attach_alternative(message.html, "text/html")
        try:
            self._connection().send_messages([mail])
        except (smtplib.SMTPException, OSError) as error:
            refused = classify(error)
            if (
                refused.failure in ENDS_BATCH
            ):  # a refused recipient or text leaves the session usable
                self.close()
            raise refused from error
        except ValueError as error:  # Django refuses a header with a line break
            raise TransportError(Failure.PERMANENT, f"not a sendable message: {error}") from error
        self._local.used_at = time.monotonic()
        return "accepted"

    def close(self) -> None:
        backend: BaseEmailBackend | None = getattr(self._local, "backend", None)
        self._local.backend = None
        if backend is None:
            return
        try:
            backend.close()
        except (smtplib.SMTPException, OSError):
            return  # it was dead already, which is what was wanted

    def _connection(self) -> BaseEmailBackend:
        idle = time.monotonic() - getattr(self._local, "used_at", 0.0)
        if idle > IDLE_SECONDS:
            self.close()
        backend: BaseEmailBackend | None = getattr(self._local, "backend", None)
        if backend is None:
            backend = _backend()
            backend.open()
            self._local.backend = backend
        return backend


def _backend() -> BaseEmailBackend:
    if django.VERSION >= (6, 1):
        mail = importlib.import_module("django.core.mail")
        backend: BaseEmailBackend = mail.mailers["default"]
        return backend
    return get_connection()


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
    # Without an enhanced code a 550 may just as well be a filter's opinion of this one mail.
    bad_address = subject == "1" and particular in {"1", "2", "3", "6", "10"}
    return TransportError(Failure.PERMANENT, detail, bad_address=bad_address)


def _words(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer


MAIL = Mail()
