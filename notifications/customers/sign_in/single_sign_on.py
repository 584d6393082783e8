"""A tenant's own OpenID provider (OpenID Connect Core 1.0, code flow with PKCE), for the mail domains it has claimed.

The operator enters it and sees that the domains are the tenant's. Whoever has an address in one of them comes in by the
provider alone; whom the provider lets in for the first time becomes a member in the role that is set, or none.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import jwt
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.db import transaction
from django.utils.crypto import constant_time_compare

from incidents.sealing import unseal
from notifications.channels import outbound
from notifications.channels.outbound import OutboundError
from notifications.customers.sign_in import sessions
from notifications.models import Membership, Person, TenantProvider
from notifications.vocabulary.addresses import AddressError, normalise

BACK = "/service-health/sign-in/provider/"
WITHIN = timedelta(minutes=10)
KEPT = 300  # seconds that what a provider says of itself is kept
MOST = 256 * 1024  # bytes of an answer
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
_SALT = "notifications.single_sign_on"


class ProviderError(Exception):
    """Nobody comes in this way now; the message is a sentence for whoever tried."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where a browser is sent, and what it keeps (signed) until it is back."""

    address: str
    kept: str


def provider_of(address: str) -> TenantProvider | None:
    """The provider in force that has claimed the domain of a mail address."""
    domain = address.rpartition("@")[2].lower()
    found = TenantProvider.objects.filter(active=True, domains__name=domain)
    return found.select_related("tenant").first()


def begin(provider: TenantProvider, *, address: str, next: str, now: datetime) -> Leaving:
    """Raises ProviderError."""
    about = _about(provider)
    kept = {
        "provider": provider.pk,
        "at": now.timestamp(),
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "next": next,
    }
    query = urlencode(
        {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": f"{settings.BASE_URL}{BACK}",
            "scope": "openid email profile",
            "state": kept["state"],
            "nonce": kept["nonce"],
            "code_challenge": _base64(sha256(str(kept["verifier"]).encode()).digest()),
            "code_challenge_method": "S256",
            "login_hint": address,
        }
    )
    there = str(about["authorization_endpoint"])
    return Leaving(f"{there}{'&' if '?' in there else '?'}{query}", signing.dumps(kept, salt=_SALT))


def enter(*, kept: str, state: str, code: str, now: datetime) -> tuple[str, str]:
    """What the cookie of a new session carries, and where to go. Raises ProviderError."""
    try:
        known = signing.loads(kept, salt=_SALT)
    except signing.BadSignature as error:
        raise ProviderError("This sign-in did not begin in this browser; begin again.") from error
    fresh = now - datetime.fromtimestamp(known["at"], now.tzinfo) < WITHIN
    provider = TenantProvider.objects.filter(pk=known["provider"], active=True).first()
    if not fresh or provider is None or not constant_time_compare(known["state"], state):
        raise ProviderError(
            "This sign-in is too old, or did not begin in this browser; begin again."
        )
    tokens = _tokens(provider, code, known["verifier"])
    claims = _claims(provider, str(tokens.get("id_token", "")), known["nonce"])
    if "email" not in claims:
        claims |= _user_information(provider, str(tokens.get("access_token", "")), claims["sub"])
    return sessions.begin_session(_person(provider, claims), now=now), str(known["next"])


@transaction.atomic
def _person(provider: TenantProvider, claims: dict[str, Any]) -> Person:
    """Who it is, made a member where the provider's people are. Raises ProviderError."""
    stranger = ProviderError(
        f"{provider.tenant} has let you in, but you are none of its people here; ask an owner to invite you."
    )
    try:
        address = normalise(str(claims.get("email") or ""))
    except AddressError as error:
        raise ProviderError("Your provider gave no mail address; ask who runs it.") from error
    claimed = provider_of(address)
    if claims.get("email_verified") is False or claimed is None or claimed.pk != provider.pk:
        raise ProviderError(f"{address[:100]} is not in a domain of {provider.tenant}.")
    person = sessions.person_at(address)
    if person is None:
        if not provider.joins_as:
            raise stranger
        person = Person.objects.create(email=address)
    if provider.joins_as:
        Membership.objects.get_or_create(
            person=person, tenant=provider.tenant, defaults={"role": provider.joins_as}
        )
    if not person.memberships.exists():
        raise stranger
    return person


def _about(provider: TenantProvider) -> dict[str, Any]:
    """What the provider says of itself (OpenID Connect Discovery 1.0)."""
    issuer = provider.issuer.rstrip("/")
    about = _kept(f"{issuer}/.well-known/openid-configuration")
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if str(about.get("issuer", "")).rstrip("/") != issuer or not all(map(about.get, needed)):
        raise ProviderError("Your provider does not say who it is; ask who runs it.")
    try:  # a browser is led there, and never less safely than we ask
        there = outbound.parse(str(about["authorization_endpoint"]))
    except OutboundError as error:
        raise ProviderError("Your provider leads to no web page; ask who runs it.") from error
    if issuer.startswith("https:") and not there.secure:
        raise ProviderError("Your provider leads to a page without https://; ask who runs it.")
    return about


def _kept(address: str) -> dict[str, Any]:
    name = f"single-sign-on:{sha256(address.encode()).hexdigest()}"
    found = cache.get(name)
    if found is None:
        found = _json(address)
        cache.set(name, found, KEPT)
    return dict(found)


def _json(address: str, **more: Any) -> dict[str, Any]:
    try:
        read = json.loads(outbound.get(address, most_bytes=MOST, **more))
    except (OutboundError, ValueError, RecursionError) as error:
        raise ProviderError("Your provider does not answer now; try again in a while.") from error
    if not isinstance(read, dict):
        raise ProviderError("Your provider gave no answer that can be read.")
    return read


def _tokens(provider: TenantProvider, code: str, verifier: str) -> dict[str, Any]:
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": f"{settings.BASE_URL}{BACK}",
        "code_verifier": verifier,
    }
    pair = f"{provider.client_id}:{unseal(provider.secret)}".encode()
    return _json(
        str(_about(provider)["token_endpoint"]),
        body=urlencode(sent).encode(),
        headers={
            "Accept": "application/json",
            "Authorization": f"Basic {base64.b64encode(pair).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )


def _user_information(provider: TenantProvider, token: str, subject: str) -> dict[str, Any]:
    """The claims that a provider keeps out of its ID tokens; of whom the ID token names alone."""
    address = str(_about(provider).get("userinfo_endpoint") or "")
    if not address or not token:
        return {}
    told = _json(
        address, headers={"Accept": "application/json", "Authorization": f"Bearer {token}"}
    )
    return told if told.get("sub") == subject else {}


def _claims(provider: TenantProvider, token: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token that is the provider's, for us, now, and the answer to this very question."""
    about = _about(provider)
    try:
        keys = jwt.PyJWKSet.from_dict(_kept(str(about["jwks_uri"])))
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key=key,
            algorithms=ALGORITHMS,
            audience=provider.client_id,
            issuer=str(about["issuer"]),
            leeway=60,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, KeyError) as error:
        raise ProviderError("Your provider's answer could not be checked; begin again.") from error
    if not constant_time_compare(claims.get("nonce", ""), nonce):
        raise ProviderError("Your provider's answer was to another question; begin again.")
    return dict(claims)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
