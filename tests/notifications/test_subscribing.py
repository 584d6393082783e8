"""Readers: double opt-in, topics, leaving, and answers that tell nobody who is known."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta

import pytest

from incidents.models import Region, Service
from notifications.channels import signed_links
from notifications.channels.signed_links import TokenError
from notifications.models import Endpoint, PublicTopic, SignUp
from notifications.subscribers import leaving, subscribe
from notifications.subscribers.topics import SubscribeError, Topic
from notifications.vocabulary.delivery_states import DeliveryAudience
from tests.notifications.cast import endpoint, reader, tenant
from tests.notifications.conftest import Sink, text_of

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def topic() -> Topic:
    return Service.objects.get(slug="key-vault").pk, Region.objects.get(slug="west-europe").pk


def token_in(sink: Sink) -> str:
    found = re.search(r"/subscribe/confirm/([^/\s]+)/", text_of(sink.mails[-1]))
    assert found is not None
    return found[1]


def ask(address: str, topic: Topic, now: datetime, sink: Sink) -> str:
    subscribe.request(address=address, topics=[topic], now=now)
    assert subscribe.send_confirmations(now=now) == 1
    return token_in(sink)


def test_nothing_is_subscribed_before_the_click(topic: Topic, now: datetime, sink: Sink) -> None:
    token = ask("Reader@EXAMPLE.com", topic, now, sink)
    assert not Endpoint.objects.exists()
    (mail,) = sink.mails
    assert mail["To"] == "Reader@example.com"
    assert "Key Vault in West Europe" in text_of(mail)
    assert "Key Vault in West Europe" in text_of(mail, "html")
    made = subscribe.confirm(token=token, now=now)
    assert (made.address, made.confirmed_at) == ("Reader@example.com", now)
    assert list(made.topics.values_list("service_id", "region_id")) == [topic]


def test_a_second_click_changes_nothing(topic: Topic, now: datetime, sink: Sink) -> None:
    token = ask("reader@example.com", topic, now, sink)
    first = subscribe.confirm(token=token, now=now)
    assert subscribe.confirm(token=token, now=now + timedelta(hours=1)) == first
    assert PublicTopic.objects.count() == 1
    assert Endpoint.objects.get().confirmed_at == now


def test_an_old_link_has_expired(topic: Topic, now: datetime, sink: Sink) -> None:
    token = ask("reader@example.com", topic, now, sink)
    with pytest.raises(TokenError, match="expired"):
        subscribe.confirm(token=token, now=now + signed_links.CONFIRM_WITHIN + timedelta(seconds=1))
    assert not Endpoint.objects.exists()


def test_a_known_address_gets_the_same_mail_and_keeps_its_topics_until_the_click(
    topic: Topic, now: datetime, sink: Sink
) -> None:
    reader("known@example.com")
    ask("unknown@example.com", topic, now, sink)
    token = ask("KNOWN@example.com", topic, now, sink)
    texts = [re.sub(r"http\S+|\d{4} \d{4}", "", text_of(mail)) for mail in sink.mails]
    assert texts[0] == texts[1]
    known = Endpoint.objects.get(address="known@example.com")
    assert known.topics.get().service is None
    assert subscribe.confirm(token=token, now=now) == known
    assert list(known.topics.values_list("service_id", "region_id")) == [topic]


def test_an_address_is_not_flooded(topic: Topic, now: datetime, sink: Sink) -> None:
    for _ in range(10):
        subscribe.request(address="victim@example.com", topics=[topic], now=now)
        subscribe.send_confirmations(now=now)
    assert len(sink.mails) == subscribe.MOST_MAILS
    later = now + subscribe.MAILS_WITHIN + timedelta(seconds=1)
    subscribe.request(address="VICTIM@example.com", topics=[topic], now=later)
    assert subscribe.send_confirmations(now=later) == 1


def test_a_confirmation_mail_survives_a_dead_relay(topic: Topic, now: datetime, sink: Sink) -> None:
    sink.answers["reader@example.com"] = "451 later"
    subscribe.request(address="reader@example.com", topics=[topic], now=now)
    assert subscribe.send_confirmations(now=now) == 0
    assert subscribe.send_confirmations(now=now) == 0, "it waits"
    sink.answers.clear()
    assert subscribe.send_confirmations(now=now + timedelta(minutes=10)) == 1
    assert subscribe.send_confirmations(now=now + timedelta(hours=2)) == 0


def test_old_requests_leave_no_trace(topic: Topic, now: datetime, sink: Sink) -> None:
    ask("reader@example.com", topic, now, sink)
    subscribe.send_confirmations(now=now + subscribe.KEEP_SIGN_UPS + timedelta(days=1))
    assert not SignUp.objects.exists()


def test_leaving_posts_forgets_the_topics_and_leaves_alerts_alone(now: datetime) -> None:
    both = reader("both@example.com")
    token = signed_links.leave_url(both.key, DeliveryAudience.PUBLIC).split("/")[-2]
    for _ in range(2):
        assert leaving.leave(token=token, now=now).audience == DeliveryAudience.PUBLIC
    both.refresh_from_db()
    assert (both.left_posts_at, both.left_alerts_at, both.topics.count()) == (now, None, 0)


def test_leaving_alerts_leaves_posts_alone(now: datetime) -> None:
    tenant("here")
    contact = reader("here@example.com")
    token = signed_links.leave_url(contact.key, DeliveryAudience.TARGETED).split("/")[-2]
    assert leaving.leave(token=token, now=now).asked
    contact.refresh_from_db()
    assert not Endpoint.objects.exclude(left_alerts_at=None).exists()
    token = signed_links.end_alerts_url(contact.key).split("/")[-2]
    leaving.end_alerts(token=token, now=now)
    contact.refresh_from_db()
    assert (contact.left_posts_at, contact.left_alerts_at, contact.topics.count()) == (None, now, 1)


def test_a_reader_changes_topics_by_its_link_and_is_back_after_leaving(
    topic: Topic, now: datetime
) -> None:
    known = reader("known@example.com")
    leaving.leave(token=signed_links.leave_url(known.key, "public").split("/")[-2], now=now)
    manage = signed_links.manage_url(known.key).split("/")[-2]
    assert subscribe.topics_of(token=manage) == (known, [])
    subscribe.set_topics(token=manage, topics=[topic, (topic[0], None)], now=now)
    found, topics = subscribe.topics_of(token=manage)
    assert (found.left_posts_at, topics) == (None, [topic, (topic[0], None)])


def test_a_token_of_one_purpose_opens_no_other_door(now: datetime) -> None:
    known = reader("known@example.com")
    leave = signed_links.leave_url(known.key, "public").split("/")[-2]
    manage = signed_links.manage_url(known.key).split("/")[-2]
    for verb, token in (
        (leaving.leave, manage),
        (subscribe.confirm, manage),
        (subscribe.confirm, leave),
    ):
        with pytest.raises(TokenError):
            verb(token=token, now=now)
    for token in (leave, "", "x", "x" * 5000, manage[:-1], "a:b:c", "ÿ"):
        with pytest.raises(TokenError):
            subscribe.topics_of(token=token)
    assert known.topics.count() == 1


def test_each_link_is_read_by_the_reader_of_its_purpose_alone() -> None:
    """A code page that could be sent as a confirmation would confirm an address nobody has read."""
    key = uuid.uuid4()
    made = {
        lambda token: signed_links.read_leave(token)[0]: signed_links.leave_url(key, "public"),
        signed_links.read_manage: signed_links.manage_url(key),
        signed_links.read_confirm: signed_links.confirm_url(key),
        signed_links.read_code_page: signed_links.code_url(key),
        signed_links.read_end_alerts: signed_links.end_alerts_url(key),
        signed_links.read_come_back: signed_links.come_back_url(key),
    }
    for purpose, url in made.items():
        token = url.split("/")[-2]
        for read in made:
            if read is purpose:
                assert read(token) == key
            else:
                with pytest.raises(TokenError):
                    read(token)


def test_a_code_ends_when_its_link_does(topic: Topic, now: datetime, sink: Sink) -> None:
    ask("reader@example.com", topic, now, sink)
    key = SignUp.objects.get().key
    page = signed_links.code_url(key).split("/")[-2]
    late = now + signed_links.CONFIRM_WITHIN + timedelta(seconds=1)
    with pytest.raises(TokenError, match="expired"):
        subscribe.confirm_by_code(token=page, code=subscribe.code_of(key), now=late)
    assert not Endpoint.objects.exists()
    assert subscribe.confirm_by_code(token=page, code="é", now=now) is None
    assert subscribe.confirm_by_code(token=page, code=subscribe.code_of(key), now=now)


def test_links_die_with_the_key_of_an_endpoint(now: datetime) -> None:
    manage = signed_links.manage_url(endpoint("gone@example.com").key).split("/")[-2]
    Endpoint.objects.all().delete()
    with pytest.raises(TokenError, match="removed"):
        subscribe.topics_of(token=manage)


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@", "@b.example", "a@b", "a b@c.example", "a@b..example", "a@1.2.3.4",
     "a@example.com\nBcc: x@example.com", "a,b@example.com", '"a"@example.com', "a@-b.example",
     "x" * 65 + "@example.com", "a@" + "b." * 130 + "example", "ü@example.com", "a@b@c.example",
     "a\u200b@example.com", "a@exa\x00mple.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(topic: Topic, now: datetime, address: str) -> None:
    with pytest.raises(SubscribeError) as caught:
        subscribe.request(address=address, topics=[topic], now=now)
    assert caught.value.field == "address"
    assert "\n" not in str(caught.value)
    assert not SignUp.objects.exists()


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        (" Ada.Lovelace+x@Example.COM ", "Ada.Lovelace+x@example.com"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
    ],
)
def test_addresses_take_one_form(topic: Topic, now: datetime, raw: str, normal: str) -> None:
    subscribe.request(address=raw, topics=[topic], now=now)
    assert SignUp.objects.get().address == normal


def test_topics_must_exist_and_be_few(topic: Topic, now: datetime) -> None:
    for topics in ([], [(0, None)], [(None, 0)], [(number, None) for number in range(1000)]):
        with pytest.raises(SubscribeError) as caught:
            subscribe.request(address="a@example.com", topics=topics, now=now)
        assert caught.value.field == "topics"
    subscribe.request(address="a@example.com", topics=[topic, (None, None)], now=now)
    assert SignUp.objects.get().topics == [[None, None]]
