"""One mail to see whether mails leave: which relay, TLS, what it answered, and what to do if not."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.utils import make_msgid
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from notifications.channels.base import one_line
from notifications.channels.email.smtp import new_backend
from notifications.channels.email.smtp_session import Envelope, SmtpSession

LONGEST = 300
SEVEN_BITS = policy.SMTP.clone(cte_type="7bit")
# The class's name, since sockets and TLS are another module's to import. First match wins.
REMEDIES = (
    ("gaierror", "there is no such host; check EMAIL_HOST"),
    ("ConnectionRefusedError", "nothing listens there; check EMAIL_HOST and EMAIL_PORT"),
    ("TimeoutError", "it does not answer; check EMAIL_PORT, and whether a firewall is in between"),
    ("SSLCertVerificationError", "its certificate does not match; use the name that is in it as EMAIL_HOST"),
    ("SSLError", "it speaks no TLS on this port; use 465 with EMAIL_TLS=1, or 587, or EMAIL_TLS=0"),
    ("SMTPNotSupportedError", "it offers no STARTTLS or no login; check EMAIL_TLS and EMAIL_PORT"),
    ("SMTPAuthenticationError", "it refuses the login; check EMAIL_USER and EMAIL_PASSWORD"),
    ("SMTPServerDisconnected", "it hung up; it may want TLS from the first byte: port 465 with EMAIL_TLS=1"),
    ("SMTPConnectError", "it does not want to talk to this host; ask whoever runs it"),
    ("SMTPHeloError", "it does not accept this host's name; ask whoever runs it"),
    ("SMTPSenderRefused", "it refuses the sender; check MAIL_FROM and RETURN_PATH"),
    ("SMTPRecipientsRefused", "it refuses the receiver; it may relay only for hosts that log in"),
    ("SMTPDataError", "it refuses the text; its answer says why"),
    ("OSError", "it cannot be reached; check EMAIL_HOST, EMAIL_PORT and the network"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RelayTest:
    """`steps`: (what, how it went) in their order; `remedy` empty when the mail was taken.

    `kept`: it lies in a folder (MAIL_FOLDER) and goes nowhere.
    """

    relay: str
    steps: Sequence[tuple[str, str]]
    remedy: str
    kept: bool = False

    @property
    def taken(self) -> bool:
        return not self.remedy


def send_relay_test(address: str, *, subject: str, text: str, host: str) -> RelayTest:
    """Send one plain mail over a connection of its own; `host`: ours, for its Message-ID.

    Never raises; no secret is in the answer.
    """
    backend = new_backend()
    headers = {
        "Auto-Submitted": "auto-generated",
        "List-Help": f"<{settings.HELP_URL}>",
        "Message-ID": make_msgid(domain=host),
    }
    mail = EmailMessage(subject=subject, body=text, to=[address], headers=headers)
    if not isinstance(backend, EmailBackend):
        return _by_backend(backend, mail)
    relay = f"{backend.host}:{backend.port}"
    steps: list[tuple[str, str]] = []
    try:
        backend.open()
        session = backend.connection
        assert isinstance(session, smtplib.SMTP)  # noqa: S101 - open() has just made it
        steps.append(("connected", _greeting(session)))
        steps.append(("encrypted", _tls(session)))
        steps.append(
            ("logged in", f"as {backend.username}" if backend.username else "no: no EMAIL_USER")
        )
        # In any language as ASCII: not every relay takes eight bits (RFC 6152).
        raw = message_from_bytes(mail.message().as_bytes(), policy=SEVEN_BITS).as_bytes()
        stuffed = re.sub(rb"(?m)^\.", b"..", raw).rstrip(b"\r\n") + b"\r\n"
        steps.append(("taken", _clean(SmtpSession(session).hand_over(Envelope(address), stuffed))))
    except (smtplib.SMTPException, OSError, ValueError) as error:
        steps.append(("failed", _words(error)))
        return RelayTest(relay, _without(backend.password, steps), _remedy(error))
    finally:
        try:
            backend.close()
        except (smtplib.SMTPException, OSError):
            steps.append(("hung up", "without a farewell"))
    return RelayTest(relay, _without(backend.password, steps), "")


def _by_backend(backend: Any, mail: EmailMessage) -> RelayTest:
    """A provider's API, or a folder: what Django says is all there is."""
    relay = settings.MAIL_PROVIDER or type(backend).__name__
    if settings.MAIL_FOLDER:
        relay = "a folder on this machine (MAIL_FOLDER)"
    try:
        backend.send_messages([mail])
    except Exception as error:  # noqa: BLE001 - each provider's client raises its own
        words = f"check MAIL_PROVIDER_KEY and MAIL_FROM: {relay} does not take it"
        return RelayTest(relay, [("failed", _words(error))], words)
    return RelayTest(relay, [("taken", "handed over")], "", kept=bool(settings.MAIL_FOLDER))


def _greeting(session: smtplib.SMTP) -> str:
    hello = session.ehlo_resp or session.helo_resp or b""
    return _clean(hello.decode("utf-8", "replace").partition("\n")[0]) or "it greets with nothing"


def _tls(session: smtplib.SMTP) -> str:
    version = getattr(session.sock, "version", None)
    if version is None:
        return "no: what is sent can be read on the way; set EMAIL_TLS=1 unless the relay is this machine"
    cipher = session.sock.cipher()  # type: ignore[union-attr]  # a TLS socket has both
    return f"{version()}, {cipher[0]}" if cipher else str(version())


def _remedy(error: BaseException) -> str:
    names = {each.__name__ for each in type(error).__mro__}
    return next((words for name, words in REMEDIES if name in names), "its answer says why")


def _words(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()), (550, b"refused"))
        return _clean(f"{code} {answer.decode('utf-8', 'replace')}")
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _clean(
            f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
        )
    return _clean(f"{type(error).__name__}: {error}")


def _clean(text: str) -> str:
    return one_line(text, LONGEST)


def _without(secret: str | None, steps: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without the password, should a relay repeat it."""
    return [(what, words.replace(secret, "***") if secret else words) for what, words in steps]
