"""Evidence: when a tenant was told of an incident, as a dated document that we sign.

Ed25519 (RFC 8032) over the document as JSON with sorted keys, no blanks, UTF-8. The key is made of SECRET_KEY;
the public keys of it and of SECRET_KEY_FALLBACKS are published, so that documents outlive a change of key.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from incidents.texts.timestamps import seconds
from notifications.audience.tenants import tenant_events
from notifications.evidence import when_told
from statuspage.portal.access import Visitor, member, private, show
from statuspage.portal.events import found, tense_of

SCHEMA = "service-health-evidence/1"
_INFO = b"statuspage.portal.evidence"


def _key(secret: str) -> Ed25519PrivateKey:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=_INFO).derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(derived)


def public_key(secret: str) -> str:
    """The public half, 32 bytes in base64."""
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    return base64.b64encode(_key(secret).public_key().public_bytes(*raw)).decode()


def canonical(document: dict[str, Any]) -> bytes:
    """What is signed."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed(document: dict[str, Any]) -> dict[str, Any]:
    signature = _key(settings.SECRET_KEY).sign(canonical(document))
    return {
        "document": document,
        "signature": {
            "algorithm": "Ed25519",
            "publicKey": public_key(settings.SECRET_KEY),
            "publishedAt": f"{settings.BASE_URL}/service-health/evidence-key/",
            "over": "the document as JSON with sorted keys, without blanks, in UTF-8",
            "value": base64.b64encode(signature).decode(),
        },
    }


class _Said(NamedTuple):
    """A statement in the words that this tenant has, or got; `tracking_id`: of the incident it was about then."""

    tracking_id: str
    number: int
    at: datetime
    audience: str
    text: str


def evidence_of(visitor: Visitor, tracking_id: str) -> dict[str, Any]:
    """The document; moments in UTC. Raises Http404 for what does not concern the tenant."""
    event = found(visitor, tracking_id)
    told = when_told.told_of(visitor.tenant, event.incident.pk)
    taken = [each.at for each in told if each.at]
    statements = tenant_events.statements_of(
        event, [each.communication for each in told if each.targeted]
    )
    said = {
        each.communication.pk: _Said(
            event.incident.tracking_id,
            each.communication.number,
            each.communication.at,
            "targeted" if each.targeted else "public",
            each.text,
        )
        for each in statements
    }
    for each in told:
        if each.at:  # also what is for this tenant no more, in the words that it got
            words = _Said(each.tracking_id, each.number, each.stated_at, each.audience, each.text)
            said.setdefault(each.communication, words)
    return {
        "schema": SCHEMA,
        "madeAt": seconds(visitor.now),
        "provider": settings.SITE_NAME,
        "tenant": {"ref": visitor.tenant.ref, "name": visitor.tenant.name},
        "incident": {
            "trackingId": event.incident.tracking_id,
            "title": event.incident.public_title,
            "startedAt": seconds(event.incident.started_at),
            "concerns": event.basis.value,
        },
        "firstTold": seconds(min(taken)) if taken else None,
        "statements": [
            {
                "trackingId": each.tracking_id,
                "number": each.number,
                "statedAt": seconds(each.at),
                "audience": each.audience,
                "text": each.text,
                "messages": [
                    {
                        "way": one.way,
                        "to": one.address,
                        "plannedAt": seconds(one.planned_at),
                        "acceptedAt": seconds(one.at),
                        "state": one.state,
                        "answer": one.answer,
                    }
                    for one in told
                    if one.communication == pk
                ],
            }
            for pk, each in sorted(said.items())
        ],
    }


@member
def document(_request: HttpRequest, visitor: Visitor, tracking_id: str) -> HttpResponse:
    made = signed(evidence_of(visitor, tracking_id))
    response = JsonResponse(made, json_dumps_params={"ensure_ascii": False, "indent": 2})
    name = made["document"]["incident"]["trackingId"]
    response.headers["Content-Disposition"] = f'attachment; filename="evidence-{name}.json"'
    return response


@member
def shown(request: HttpRequest, visitor: Visitor, tracking_id: str) -> HttpResponse:
    """The same document to read and print."""
    event = found(visitor, tracking_id)
    told = when_told.told_of(visitor.tenant, event.incident.pk)
    context = {
        "event": event,
        "tense": tense_of(event),
        "first": min((each.at for each in told if each.at), default=None),
        "told": told,
        "signature": signed(evidence_of(visitor, tracking_id))["signature"],
        "provider": settings.SITE_NAME,
    }
    return show(request, "evidence", context, visitor=visitor)


@private
def published_key(_request: HttpRequest) -> HttpResponse:
    """The public keys that documents of ours are signed with, for anybody."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return JsonResponse(
        {
            "algorithm": "Ed25519",
            "over": "the document as JSON with sorted keys, without blanks, in UTF-8",
            "keys": [public_key(each) for each in secrets],
        }
    )
