"""When were we told: every message with its moment, in a document that anybody can check."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from notifications.models import Attempt, Delivery, Tenant
from tests.conftest import NOW
from tests.portal.people import signed_in
from tests.portal.test_events import ANNA, HOME, SECRET, declared, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def is_right(made: dict[str, object], key: str) -> bool:
    """As a customer's program checks it, with nothing of ours."""
    signed = json.dumps(
        made["document"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    signature = made["signature"]
    assert isinstance(signature, dict)
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(
            base64.b64decode(signature["value"]), signed
        )
    except InvalidSignature:
        return False
    return True


def test_the_document_says_when_by_which_way_and_what_the_server_answered(
    nordwind: Tenant, operator: User
) -> None:
    incident = declared(operator)
    delivery = Delivery.objects.get(endpoint=nordwind.contact)
    Attempt.objects.create(
        delivery=delivery, number=1, result="sent", detail="250 2.0.0 queued as 7", at=NOW
    )
    client = signed_in(ANNA)
    document = client.get(f"{HOME}events/{incident.tracking_id}/evidence.json").json()["document"]
    assert document["firstTold"] == "2026-03-01T09:36:00Z"
    assert document["tenant"] == {"ref": "nordwind", "name": "Nordwind"}
    (statement,) = document["statements"]
    assert statement["text"] == SECRET
    assert statement["messages"] == [
        {
            "way": "Mail",
            "to": "nordwind@example.com",
            "plannedAt": statement["messages"][0]["plannedAt"],
            "acceptedAt": "2026-03-01T09:36:00Z",
            "state": "accepted by the other side",
            "answer": "250 2.0.0 queued as 7",
        }
    ]
    page = text(client, f"{HOME}events/{incident.tracking_id}/evidence/")
    assert "Nordwind was first told" in page
    assert "250 2.0.0 queued as 7" in page


@pytest.mark.usefixtures("nordwind")
def test_it_is_signed_with_a_published_key_and_no_word_can_be_changed(
    operator: User, settings: Settings
) -> None:
    incident = declared(operator, public_title="Schlüssel – 東京")
    made = signed_in(ANNA).get(f"{HOME}events/{incident.tracking_id}/evidence.json").json()
    key = made["signature"]["publicKey"]
    # Anybody may have the key, also after the secret has changed.
    assert key in Client().get("/service-health/evidence-key/").json()["keys"]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" * 8
    keys = Client().get("/service-health/evidence-key/").json()["keys"]
    assert keys[1] == key
    assert is_right(made, key)
    assert not is_right(made, keys[0])
    made["document"]["firstTold"] = "2026-03-01T09:31:00Z"
    assert not is_right(made, key)


@pytest.mark.usefixtures("nordwind")
def test_whom_no_message_has_reached_is_not_said_to_have_been_told(operator: User) -> None:
    incident = declared(operator)
    Delivery.objects.update(state="failed", sent_at=None)
    client = signed_in(ANNA)
    made = client.get(f"{HOME}events/{incident.tracking_id}/evidence.json").json()["document"]
    assert made["firstTold"] is None
    assert made["statements"][0]["messages"][0]["state"] == "could not be delivered"
    page = text(client, f"{HOME}events/{incident.tracking_id}/evidence/")
    assert "No message has reached Nordwind" in page
