"""Passkeys (WebAuthn Level 2) of customers' people, by the library that checks the desk's.

A challenge is signed, short-lived, and good for one sign-in: a passkey takes none that is older than the last it took.
Only what is discoverable and asks its owner (a finger, a face, a PIN) is taken, so that it stands for a code.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils.crypto import salted_hmac
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from incidents.services.errors import EntryError
from incidents.services.statements import checked_text
from notifications.channels.email.renderer import host
from notifications.customers.sign_in import sessions
from notifications.customers.sign_in.passkey_answers import LONGEST, read_answer
from notifications.models import Passkey, Person

WITHIN = timedelta(minutes=5)
MOST = 10
_ADDING, _ENTERING = "notifications.passkeys.adding", "notifications.passkeys.entering"


class PasskeyError(ValueError):
    """The passkey cannot be taken: one sentence, whatever was wrong with it."""


def _server() -> Fido2Server:
    entity = PublicKeyCredentialRpEntity(name=settings.SITE_NAME, id=host())
    return Fido2Server(entity, verify_origin=lambda origin: origin == settings.BASE_URL)


def to_add(person: Person, *, now: datetime) -> tuple[dict[str, Any], str]:
    """What a browser is asked for to make one, and the challenge, signed, that its answer comes back with."""
    handle = salted_hmac(_ADDING, str(person.pk), algorithm="sha256").digest()
    options, state = _server().register_begin(
        PublicKeyCredentialUserEntity(name=person.email, display_name=person.email, id=handle),
        [_credential(each) for each in person.passkeys.all()],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options.public_key), _signed(state, f"{_ADDING} {person.pk}", now)


@transaction.atomic
def add(*, person: Person, challenge: str, answer: str, name: str, now: datetime) -> Passkey:
    """Keep what a browser has made. Raises PasskeyError, EntryError."""
    called = checked_text("name", name, 60, lines=False)
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    if person.passkeys.count() >= MOST:
        raise EntryError("name", f"would be one passkey too many; remove one of the {MOST}.")
    state, _ = _opened(challenge, f"{_ADDING} {person.pk}", now)
    try:
        made = _server().register_complete(state, read_answer(RegistrationResponse, answer))
    except (ValueError, KeyError, TypeError) as error:
        raise PasskeyError from error
    credential = made.credential_data
    if credential is None or Passkey.objects.filter(key=_key(credential.credential_id)).exists():
        raise PasskeyError
    return Passkey.objects.create(
        person=person,
        key=_key(credential.credential_id),
        credential=bytes(credential),
        counter=made.counter,
        name=called or f"{now:%d %B %Y}",
        created_at=now,
        challenged_at=now,
    )


def remove(*, person: Person, passkey_id: int) -> None:
    person.passkeys.filter(pk=passkey_id).delete()


def to_enter(*, now: datetime) -> tuple[dict[str, Any], str]:
    """What any browser is asked for, whoever sits there, and the challenge, signed."""
    options, state = _server().authenticate_begin(
        user_verification=UserVerificationRequirement.REQUIRED
    )
    return dict(options.public_key), _signed(state, _ENTERING, now)


@transaction.atomic
def enter(*, challenge: str, answer: str, now: datetime) -> tuple[Person, str]:
    """Whose passkey answered, and what the cookie of a new session carries. Raises PasskeyError."""
    state, asked_at = _opened(challenge, _ENTERING, now)
    try:
        response = read_answer(AuthenticationResponse, answer)
        found = (
            Passkey.objects.select_for_update(of=("self",))
            .select_related("person")
            .filter(key=_key(response.raw_id))
            .first()
        )
        if found is None or asked_at <= found.challenged_at:
            raise PasskeyError
        _server().authenticate_complete(state, [_credential(found)], response)
        counter = AuthenticatorData(response.response.authenticator_data).counter
    except (ValueError, KeyError, TypeError) as error:
        raise PasskeyError from error
    if found.counter and counter <= found.counter:
        raise PasskeyError  # a copy of it is about
    found.counter, found.challenged_at, found.used_at = counter, asked_at, now
    found.save(update_fields=["counter", "challenged_at", "used_at"])
    return found.person, sessions.begin_session(found.person, now=now)


def _credential(passkey: Passkey) -> AttestedCredentialData:
    return AttestedCredentialData(bytes(passkey.credential))


def _key(credential_id: bytes) -> str:
    return websafe_encode(credential_id)


def _signed(state: Any, salt: str, now: datetime) -> str:
    return signing.dumps({"state": state, "at": now.timestamp()}, salt=salt)


def _opened(challenge: str, salt: str, now: datetime) -> tuple[Any, datetime]:
    try:
        opened = signing.loads(challenge[:LONGEST], salt=salt)
    except signing.BadSignature as error:
        raise PasskeyError from error
    at = datetime.fromtimestamp(opened["at"], now.tzinfo)
    if not timedelta(0) <= now - at < WITHIN:
        raise PasskeyError
    return opened["state"], at
