"""The long tail by Apprise: its words, our door, and nothing that Apprise opens itself."""

from __future__ import annotations

import json
import socket
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.channels import endpoints, outbound, test_messages
from notifications.channels.apprise.renderer import SMS, message, words
from notifications.channels.apprise.services import SERVICES, Plugin
from notifications.delivery import plan, send, sent_messages
from notifications.models import Delivery
from notifications.vocabulary.addresses import AddressError
from tests.conftest import declaration, hit
from tests.notifications.cast import last, tenant
from tests.notifications.rooms import Hook
from tests.notifications.test_room_formats import POSTS, post

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")
TOKEN = "b" * 32
ADDRESSES = {
    "ntfy": "ntfy://vaults-at-night",
    "ntfys": "ntfys://ntfy.example.com/vaults",
    "gotifys": "gotifys://gotify.example.com/AbCdEf123456789",
    "tgram": "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "pover": f"pover://{'u' * 30}@{'a' * 30}",
    "twilio": f"twilio://AC{'a' * 32}:{TOKEN}@15551234567/15557654321",
    "sinch": f"sinch://{'a' * 32}:{TOKEN}@15551234567/15557654321",
    "msgbird": f"msgbird://{'a' * 25}/15551234567/15557654321",
}
HOSTS = {
    "ntfy": "ntfy.sh",
    "ntfys": "ntfy.example.com",
    "gotifys": "gotify.example.com",
    "tgram": "api.telegram.org",
    "pover": "api.pushover.net",
    "twilio": "api.twilio.com",
    "sinch": "us.sms.api.sinch.com",
    "msgbird": "rest.messagebird.com",
}


@pytest.fixture
def no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something asked for a name or opened a connection")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def told(operator: User, now: datetime, address: str) -> None:
    owner = tenant("here", WEST, contact=False)
    owner.contact, _ = endpoints.create(channel="apprise", address=address, tenant=owner, now=now)
    owner.save()
    made = incident_service.declare(
        declaration=declaration(hit(*WEST), statement=Statement("", "Keep <b>cached</b> secrets.")),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(made).pk, now=now)


@pytest.mark.parametrize("scheme", SERVICES)
@pytest.mark.usefixtures("no_line")
def test_every_service_on_the_list_gets_one_request_and_no_connection_of_its_own(
    scheme: str,
) -> None:
    plugin = Plugin(ADDRESSES[scheme])
    for of in POSTS:
        made = message("1", plugin, of)
        assert outbound.parse(made.to).host == HOSTS[scheme]
        assert made.to.startswith("https://")
        assert TOKEN not in made.plain
        assert len(made.plain) <= plugin.longest_title + plugin.longest_body + 2


@pytest.mark.parametrize("of", POSTS)
def test_what_is_short_still_says_what_and_where_to_read_on(of: Any) -> None:
    title, body = words(of, title=0, body=160)
    assert not title
    assert len(body) <= 160 < SMS
    assert body.endswith(of.link or of.ref)
    assert of.site in body


def test_telegram_is_sent_html_that_a_text_cannot_break() -> None:
    made = message("1", Plugin(ADDRESSES["tgram"]), post(text="<b>x</b> & y"))
    assert "&lt;b&gt;x&lt;/b&gt; &amp; y" in json.loads(made.event)["text"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("json://example.com/hook", "has no service 'json' that is used here"),
        ("dbus://", "has no service 'dbus'"),
        ("mailto://example.com", "has no service 'mailto'"),
        ("https://ntfy.sh/topic", "has no service 'https'"),
        ("tgram://no-token", "is not complete; type tgram://BOT_TOKEN/CHAT_ID."),
        ("tgram://123456789:abcdefg_hijklmnop/", "is not one message to one receiver"),
        ("tgram://123456789:abcdefg_hijklmnop/1/2", "is not one message to one receiver"),
        ("tgram://123456789:abcdefg_hijklmnop/1?image=yes", "without pictures"),
        ("ntfy://one/two", "The address cannot be used"),
    ],
)
def test_what_is_not_on_the_list_or_not_one_message_is_refused_with_a_remedy(
    address: str, words: str
) -> None:
    with pytest.raises(AddressError, match=words):
        endpoints.check("apprise", address)


@pytest.mark.parametrize(
    "address",
    [
        "ntfys://127.0.0.1/topic",
        "ntfys://169.254.169.254/topic",
        "ntfys://[::1]/topic",
        "ntfys://localhost/topic",
        "ntfys://ntfy.example.com:22/topic",
        "gotifys://10.0.0.1/AbCdEf123456789",
        "gotifys://168.63.129.16/AbCdEf123456789?verify=no",
    ],
)
def test_no_address_leads_inside(address: str, settings: Settings) -> None:
    settings.OUTBOUND_ALLOW = []
    with pytest.raises(AddressError):
        endpoints.check("apprise", address)


def test_a_topic_of_ntfy_is_told_by_our_own_door(operator: User, now: datetime, hook: Hook) -> None:
    told(operator, now, hook.url.replace("http://", "ntfy://"))
    assert send.work().sent == 1
    ((headers, said),) = hook.requests
    read = json.loads(said)
    assert read["topic"] == "hook"
    assert "Keep <b>cached</b> secrets." in read["message"]
    assert "Key Vault in West Europe" in read["message"]
    assert headers["User-Agent"] == "statuspage-apprise/1"
    assert headers["Connection"] == "close"
    kept = sent_messages.what_was_sent(Delivery.objects.get())
    assert "Keep <b>cached</b> secrets." in kept


@pytest.mark.parametrize(
    ("status", "state"), [(200, "sent"), (302, "pending"), (429, "pending"), (404, "failed")]
)
def test_an_answer_means_what_it_means_for_a_room(
    status: int, state: str, operator: User, now: datetime, hook: Hook
) -> None:
    hook.status = status
    hook.headers = {"Location": "http://127.0.0.1:1/", "Retry-After": "60"}
    told(operator, now, hook.url.replace("http://", "ntfy://"))
    send.work()
    assert Delivery.objects.get().state == state
    assert len(hook.requests) == 1, "no redirect is followed, nothing is tried twice at once"


def test_a_test_message_reads_like_those_of_rooms(now: datetime, hook: Hook) -> None:
    address = hook.url.replace("http://", "ntfy://")
    made, _ = endpoints.create(channel="apprise", address=address, tenant=None, now=now)
    taken, answer = test_messages.send_test_message(made, now=now)
    assert taken, answer
    assert "Test message of Cloud Status" in hook.requests[0][1].decode()


def test_an_address_is_kept_sealed_and_shown_without_its_token(now: datetime, hook: Hook) -> None:
    address = hook.url.replace("http://", "ntfy://user:sesame-open-now@")
    made, _ = endpoints.create(channel="apprise", address=address, tenant=None, now=now)
    assert made.label == "ntfy://…"
    assert endpoints.find("apprise", address) == made
    (stored,) = type(made).objects.values_list("shown", flat=True)
    assert stored == "127.0.0.1"
