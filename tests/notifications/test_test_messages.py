"""Test messages, and why an address is disabled, are read in the language of whoever reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.utils.translation import override

from notifications.channels import endpoints, test_messages
from notifications.models import Endpoint
from notifications.vocabulary import suppressions
from tests.notifications.conftest import Sink, text_of
from tests.notifications.rooms import Hook

CALM = {
    "en": "Nothing is wrong, and you need not do anything.",
    "de": "Es ist nichts passiert, und Sie brauchen nichts zu tun.",
    "ja": "問題は発生していません。何もする必要はありません。",
    "ar": "لا توجد أي مشكلة، ولا يلزمك فعل أي شيء.",
}
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize("language", CALM)
@pytest.mark.parametrize("channel", ["webhook", "chat", "apprise", "mail"])
def test_a_test_message_speaks_the_language_of_its_receiver(
    channel: str, language: str, hook: Hook, sink: Sink
) -> None:
    address = {"mail": "ops@example.com", "apprise": hook.url.replace("http", "ntfy")}
    tried = endpoints.unsaved(
        channel=channel,
        address=address.get(channel, hook.url),
        format="",
        language=language,
        time_zone="UTC",
        now=NOW,
    )
    taken, answer = test_messages.send_test_message(tried, now=NOW)
    assert taken, answer
    if channel == "mail":
        said = text_of(sink.mails[0])
    else:
        said = json.dumps(json.loads(hook.requests[0][1]), ensure_ascii=False)
    assert CALM[language] in said


@pytest.mark.parametrize(
    ("kept", "german"),
    [
        (suppressions.UNKNOWN, "die Adresse gibt es nicht"),
        ("answered 410: gone for good", "hat mit 410 geantwortet: endgültig weg"),
        (
            "refused on 3 of 7 days: answered 404: gone for good",
            "an 3 von 7 Tagen abgelehnt: hat mit 404 geantwortet: endgültig weg",
        ),
        ("550 5.1.1 100% unknown", "550 5.1.1 100% unknown"),
    ],
)
def test_our_own_reasons_are_translated_and_answers_of_others_are_quoted(
    kept: str, german: str
) -> None:
    endpoint = Endpoint(suppressed_because=kept)
    assert endpoint.suppressed_why == kept
    with override("de"):
        assert endpoint.suppressed_why == german
