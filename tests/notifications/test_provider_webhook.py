"""What a mail provider tells: signed in by its secret, taken once."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from anymail.signals import tracking
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from django.contrib.auth.models import User
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.delivery import plan
from notifications.inbound import provider_events
from notifications.models import Bounce, Delivery, Endpoint
from tests.conftest import declaration
from tests.notifications.cast import last, tenant

pytestmark = pytest.mark.usefixtures("catalogue")

SECRET = "provider:s3cret"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def delivery(operator: User, now: datetime, settings: Settings) -> Iterator[Delivery]:
    settings.ANYMAIL = {"WEBHOOK_SECRET": "provider:s3cret"}
    tenant("here", ("key-vault", "west-europe"))
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("a", "b")), now=now, actor=operator
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    tracking.connect(provider_events.take, dispatch_uid="test")
    yield Delivery.objects.get()
    tracking.disconnect(dispatch_uid="test")


def bounce(delivery: Delivery | None, **more: Any) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "Type": "HardBounce",
        "TypeCode": 1,
        "ID": 42,
        "MessageID": "m-1",
        "Email": "here@example.com",
        "BouncedAt": "2026-03-01T09:31:00Z",
        "Description": "The server was unable to deliver your message",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        "Metadata": {"delivery": str(delivery.uuid)} if delivery else {},
        **more,
    }


def tell(event: dict[str, Any], secret: str = SECRET) -> HttpResponse:
    request = RequestFactory().post(
        "/hooks/postmark/tracking/",
        json.dumps(event),
        content_type="application/json",
        HTTP_AUTHORIZATION="Basic " + base64.b64encode(secret.encode()).decode(),
    )
    answer: HttpResponse = PostmarkTrackingWebhookView.as_view()(request)
    return answer


def test_a_hard_bounce_suppresses_once_however_often_it_is_told(delivery: Delivery) -> None:
    assert tell(bounce(delivery)).status_code == 200
    assert tell(bounce(delivery)).status_code == 200
    assert Bounce.objects.get().source == "provider"
    endpoint = Endpoint.objects.get()
    assert "5.1.1" in endpoint.suppressed_because


def test_a_letter_without_a_mark_is_found_by_its_receiver(delivery: Delivery) -> None:
    tell(bounce(None))
    tell(bounce(None))
    assert Bounce.objects.get().endpoint == Endpoint.objects.get()


def test_a_spam_complaint_is_a_farewell(delivery: Delivery) -> None:
    tell(bounce(delivery, RecordType="SpamComplaint", Type="SpamComplaint", TypeCode=512))
    endpoint = Endpoint.objects.get()
    assert endpoint.left_alerts_at is not None
    assert endpoint.suppressed_at is None


def test_a_soft_bounce_alone_suppresses_nobody(delivery: Delivery) -> None:
    tell(bounce(delivery, Type="SoftBounce", TypeCode=4096, Details="smtp;452 4.2.2 full"))
    assert Bounce.objects.get().kind == "soft"
    assert Endpoint.objects.get().suppressed_at is None


def test_other_news_and_other_peoples_letters_are_left_alone(delivery: Delivery) -> None:
    tell(bounce(delivery, RecordType="Delivery", DeliveredAt="2026-03-01T09:31:00Z"))
    tell(bounce(None, Email="stranger@example.net"))
    assert not Bounce.objects.exists()


def test_without_the_secret_nothing_is_believed(delivery: Delivery) -> None:
    with pytest.raises(SuspiciousOperation):
        tell(bounce(delivery), secret="provider:guess")
    assert not Bounce.objects.exists()


@pytest.mark.parametrize(("secret", "there"), [("provider:s3cret", True), ("", False)])
def test_there_is_a_webhook_only_while_it_has_a_secret(secret: str, *, there: bool) -> None:
    script = (
        "import django; django.setup()\n"
        "from django.urls import resolve, Resolver404\n"
        "try: print(resolve('/hooks/postmark/tracking/').func.__name__)\n"
        "except Resolver404: print('none')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "statuspage.settings",
            "MAIL_PROVIDER": "postmark",
            "MAIL_PROVIDER_KEY": "key",
            "MAIL_PROVIDER_WEBHOOK": secret,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip() != "none") is there
