"""Webhooks: what leaves, how it is signed, what answers mean, and where we never go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.channels import endpoints, outbound
from notifications.channels.http import classify
from notifications.channels.public_addresses import is_public
from notifications.channels.webhook.sender import signature
from notifications.delivery import plan, send
from notifications.models import Attempt, Breaker, Delivery, Endpoint
from notifications.vocabulary.delivery_states import (
    Channel,
    Failure,
    State,
    after_failure,
    longest_wait,
    wait_after,
)
from tests.conftest import declaration
from tests.notifications.cast import last, tenant
from tests.notifications.rooms import Hook, listening

WEST = ("key-vault", "west-europe")


def planned(operator: User, now: datetime, url: str) -> str:
    """An incident whose one tenant is told at a webhook; returns the secret."""
    owner = tenant("here", WEST, contact=False)
    owner.contact, secret = endpoints.create(channel="webhook", address=url, tenant=owner, now=now)
    owner.save()
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("", "For you.")), now=now, actor=operator
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    return secret


@pytest.mark.usefixtures("catalogue")
def test_a_webhook_is_signed_by_every_secret_that_is_valid(
    operator: User, now: datetime, hook: Hook
) -> None:
    former = planned(operator, now, hook.url)
    secret = endpoints.rotate(endpoint_id=Endpoint.objects.get().pk, now=datetime.now(UTC))
    assert send.work().sent == 1
    ((headers, body),) = hook.requests
    assert headers["webhook-id"] == str(Delivery.objects.get().uuid)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = []
    for key in (secret, former):
        raw = base64.b64decode(key.removeprefix("whsec_"))
        digest = hmac.new(raw, signed, hashlib.sha256).digest()
        wanted.append(f"v1,{base64.b64encode(digest).decode()}")
    assert headers["webhook-signature"].split(" ") == wanted
    event = json.loads(body)
    assert (event["type"], event["data"]["version"]) == ("incident.update", 1)
    assert event["data"]["text"] == "For you."
    (cell,) = event["data"]["cells"]
    assert (cell["service"]["id"], cell["region"]["id"]) == ("key-vault", "west-europe")


@pytest.mark.usefixtures("catalogue")
def test_an_endpoint_that_is_gone_is_suppressed(operator: User, now: datetime, hook: Hook) -> None:
    hook.status = 410
    planned(operator, now, hook.url)
    assert send.work().failed == 1
    assert Endpoint.objects.get().suppressed_because == "answered 410: gone for good"


@pytest.mark.usefixtures("catalogue")
def test_a_redirect_is_not_followed(operator: User, now: datetime, hook: Hook) -> None:
    hook.status, hook.headers = 307, {"Location": hook.url}
    planned(operator, now, hook.url)
    assert send.work().waiting == 1
    assert len(hook.requests) == 1
    assert Attempt.objects.get().detail == "answered 307: redirects are not followed"


@pytest.mark.usefixtures("catalogue")
def test_a_host_that_keeps_failing_is_left_alone_and_nothing_is_lost(
    operator: User, now: datetime, hook: Hook
) -> None:
    hook.status = 503
    planned(operator, now, hook.url)
    Breaker.objects.create(channel="webhook", host="127.0.0.1", failures=4)
    assert send.work().waiting == 1
    assert Attempt.objects.get().result == "temporary"
    Delivery.objects.update(next_attempt_at=now)
    send.work()
    assert len(hook.requests) == 1, "its breaker is open"
    hook.status = 204
    Breaker.objects.update(open_until=now)
    assert send.work().sent == 1
    assert set(Breaker.objects.values_list("failures", flat=True)) == {0}


def test_a_wait_that_is_asked_for_is_read_in_both_spellings() -> None:
    now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    for value in ("90", "Sun, 01 Mar 2026 09:01:30 GMT"):
        error = classify(429, value, now=now)
        assert (error.failure, error.retry_after) == (Failure.THROTTLED, timedelta(seconds=90))
    assert classify(429, "soon", now=now).retry_after is None


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 408, 422, 500, 503])
def test_whatever_may_be_mended_within_days_is_tried_again(status: int) -> None:
    error = classify(status, "")
    assert error.failure is Failure.TEMPORARY
    age, tries = timedelta(0), 0
    while (
        after_failure(error.failure, attempts=tries, age=age, channel=Channel.WEBHOOK)
        is State.PENDING
    ):
        tries += 1
        age += wait_after(tries, jitter=0, longest=longest_wait(Channel.WEBHOOK, age))
    assert timedelta(days=4) <= age < timedelta(days=5)
    assert 30 <= tries <= 60
    assert classify(410, "").failure is Failure.PERMANENT
    assert classify(404, "", rooms=True).failure is Failure.PERMANENT


@pytest.mark.usefixtures("catalogue")
def test_a_hook_of_one_customer_at_a_shared_host_holds_up_no_other(
    operator: User, now: datetime, hook: Hook
) -> None:
    """The breaker's unit is the endpoint, then the host."""
    hook.status = 503
    planned(operator, now, hook.url)
    with listening() as other:
        neighbour = tenant("there", WEST, contact=False)
        neighbour.contact, _ = endpoints.create(
            channel="webhook", address=other.url, tenant=neighbour, now=now
        )
        neighbour.save()
        for number in range(7):
            incident = incident_service.declare(
                declaration=declaration(statement=Statement("", f"{number}")),
                now=now,
                actor=operator,
            )
            plan.plan(communication_id=last(incident).pk, now=now)
            send.work()
        assert len(other.requests) == 7
    assert len(hook.requests) == 5, "left alone after five failures in a row"
    rows = {row.host.split()[0]: row.failures for row in Breaker.objects.all()}
    assert rows["endpoint"] == 5
    assert rows["127.0.0.1"] <= 1
    Breaker.objects.update(open_until=now)
    Delivery.objects.filter(state="pending").update(next_attempt_at=now)
    hook.status = 204
    send.work()
    assert not Delivery.objects.filter(state="pending").exists(), "nothing is lost"


def test_the_signature_is_that_of_the_standard() -> None:
    # The example of the specification's own libraries.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    made = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, [secret])
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.168.0.1",
        "192.0.0.8", "168.63.129.16", "224.0.0.1", "255.255.255.255", "0.0.0.1",
        "::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "2002:7f00:1::", "2001::1", "fc00::1", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_an_address_that_is_nobodys_on_the_internet_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


def test_addresses_on_the_internet_are_public() -> None:
    for address in ("8.8.8.8", "2606:4700::1111"):
        assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/", "https://localhost/", "https://2130706433/", "https://0x7f.1/",
        "https://127.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
        "http://8.8.8.8/", "https://8.8.8.8:22/", "https://a:b@8.8.8.8/", "ftp://8.8.8.8/",
        "https://8.8.8.8/\r\nX: y", "https://8.8.8.8/#part", "https://8.8.8.8\\@127.0.0.1/",
        "https:///path", "https://8.8.8.8:99999/",
    ],
)  # fmt: skip
def test_we_do_not_go_there(address: str) -> None:
    with pytest.raises(outbound.Refused):
        outbound.check(address)


def test_an_answer_that_drips_is_given_up_in_time(settings: Settings) -> None:
    import socket

    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            line, _ = server.accept()
            with line:
                try:
                    while not over.wait(0.1):
                        line.sendall(b"H")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(outbound.Unreachable, match="took too long"):
            outbound.post(url, body=b"{}", headers={}, seconds=0.5)
        over.set()
        thread.join()
