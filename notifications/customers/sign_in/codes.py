"""Signing people of customers in by a code, which comes by mail and is used once.

Asking does the same for every address, one row; whether a mail leaves is decided later, by a worker. So
neither the answer nor the time it takes tells who is known.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import override

from incidents.texts import as_typed
from notifications.channels.email import notice
from notifications.channels.email.smtp import send_alone
from notifications.channels.wording import known_language
from notifications.customers.sign_in.sessions import SESSION_FOR, begin_session, person_at
from notifications.models import CodeRequest, PersonSession
from notifications.vocabulary.addresses import normalise

CODE_WITHIN = timedelta(minutes=10)
MOST_TRIES = 5
# One address gets at most so many codes in this time, whoever asks. Far more than one network may ask for
# (`portal.entering`), or anybody could keep somebody else out by asking.
MOST_CODES, CODES_WITHIN = 30, timedelta(hours=1)
DIGITS = 8
KEEP_REQUESTS = timedelta(days=1)


class CodeError(ValueError):
    """The code cannot be taken: wrong, used, too old or tried too often. One sentence for all of them."""


@transaction.atomic
def ask_for_code(*, address: str, now: datetime, quiet: bool = False) -> uuid.UUID:
    """The key that the code must come back with; `quiet`: none leaves, and the answer is the same.

    Raises AddressError for what is no address at all.
    """
    normal = normalise(address)
    recent = CodeRequest.objects.annotate(lower=Lower("address")).filter(
        lower=normal.lower(), requested_at__gt=now - CODES_WITHIN
    )
    quiet = quiet or recent.count() >= MOST_CODES
    return CodeRequest.objects.create(address=normal, requested_at=now, due=not quiet).key


def send_codes(*, now: datetime) -> int:
    """Mail the codes that were asked for; returns how many mails left.

    Raises TransportError: that request stays due then.
    """
    CodeRequest.objects.filter(requested_at__lt=now - KEEP_REQUESTS).delete()
    PersonSession.objects.filter(created_at__lt=now - SESSION_FOR).delete()
    sent = 0
    while True:
        with transaction.atomic():
            request = (
                CodeRequest.objects.select_for_update(skip_locked=True).filter(due=True).first()
            )
            if request is None:
                return sent
            sent += _send_code(request, now)


def _send_code(request: CodeRequest, now: datetime) -> int:
    person = person_at(request.address)
    known = person.memberships.select_related("tenant").order_by("id").first() if person else None
    fresh = now - request.requested_at < CODE_WITHIN
    if known is not None and fresh:
        code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
        request.digest = _digest(request.key, code)
        with override(known_language(known.tenant.language)):
            message = notice.sign_in_code(request.address, f"{code[:4]} {code[4:]}")
        send_alone(message)
    request.due = False
    request.save(update_fields=["due", "digest"])
    return int(known is not None and fresh)


def enter(*, key: uuid.UUID, code: str, now: datetime) -> str:
    """What the cookie of a new session carries. Raises CodeError."""
    if not CodeRequest.objects.filter(key=key, tries__lt=MOST_TRIES).update(tries=F("tries") + 1):
        raise CodeError
    with transaction.atomic():
        request = CodeRequest.objects.select_for_update().get(key=key)
        right = hmac.compare_digest(request.digest, _digest(key, as_typed.digits(code)))
        if not right or request.used_at or now - request.requested_at >= CODE_WITHIN:
            raise CodeError
        person = person_at(request.address)
        if person is None:
            raise CodeError
        request.used_at = now
        request.save(update_fields=["used_at"])
        return begin_session(person, now=now)


def _digest(key: uuid.UUID, code: str) -> str:
    return salted_hmac(f"notifications.sign_in.{key.hex}", code, algorithm="sha256").hexdigest()
