"""Browsers: encrypted as RFC 8291 asks, signed as RFC 8292 asks, sent through the one door, ended by the service."""

from __future__ import annotations

import json
import re
import uuid
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from incidents.services.statements import write_communication
from notifications.channels import endpoints, signed_links
from notifications.channels.push import encryption, vapid
from notifications.channels.push.renderer import BODY, MOST_ITEMS, MOST_STORY, said_of
from notifications.channels.push.subscription import as_base64, is_service, of_base64
from notifications.delivery import plan
from notifications.delivery.send import work
from notifications.models import Delivery, Endpoint, SentMessage
from notifications.vocabulary.addresses import AddressError
from tests.conftest import declaration, hit
from tests.notifications.browser import Browser
from tests.notifications.cast import last
from tests.notifications.rooms import Hook

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@pytest.fixture
def service(hook: Hook, settings: Settings) -> Hook:
    settings.PUSH_SERVICES = ["127.0.0.1"]
    settings.SECRET_KEY = uuid.uuid4().hex * 2
    hook.status = 201
    return hook


@pytest.fixture
def browser(service: Hook) -> Browser:
    return Browser(f"{service.url}/{'x' * 40}")


def subscribe(browser: Browser, path: str = "/subscribe/push/", **more: str) -> str:
    client = Client()
    shown = client.get(path).content.decode()
    found = re.search(r'name="form_token"\s+value="([^"]+)"', shown)
    assert found is not None
    data = {"form_token": found[1], "scope": "everything", "subscription": browser.subscription()}
    return unescape(client.post("/subscribe/push/", data | more).content.decode())


def public_incident(operator: User, now: datetime) -> Incident:
    return declare(
        declaration=declaration(
            hit(*WEST, extent="zone"),
            hit("storage", "west-europe", extent="zone"),
            audience="unknown",
            started_at=now - timedelta(minutes=5),
        ),
        now=now,
        actor=operator,
    )


def test_the_example_of_the_standard_comes_out_byte_for_byte() -> None:
    """RFC 8291, section 5."""
    number = int.from_bytes(of_base64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    body = encryption.encrypt(
        b"When I grow up, I want to be a watermelon",
        receiver=of_base64(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        auth=of_base64("BTBZMqHH6r4Tts7J_aSIgg"),
        key=ec.derive_private_key(number, ec.SECP256R1()),
        salt=of_base64("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert as_base64(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK"
        "6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_a_browser_subscribes_and_is_told_encrypted_and_signed(
    browser: Browser, service: Hook, operator: User, settings: Settings
) -> None:
    now = datetime.now(UTC)
    assert "This browser is told from now on." in subscribe(browser)
    first = browser.read(service.requests.pop()[1])
    assert (first["title"], first["body"]) == (
        settings.SITE_NAME,
        "This browser is told from now on.",
    )
    made = Endpoint.objects.get()
    assert (made.channel, made.confirmed_at is not None) == ("push", True)
    incident = public_incident(operator, now)
    plan.plan(communication_id=last(incident).pk, now=now)
    work()
    ((headers, body),) = service.requests
    said = browser.read(body)
    assert incident.public_title in said["title"]
    assert "West Europe" in said["body"]
    assert said["url"].endswith(f"/status/history/{incident.tracking_id}/")
    assert said["manage"] == signed_links.manage_url(made.key)
    assert (headers["Content-Encoding"], headers["TTL"]) == ("aes128gcm", "86400")
    token, key = re.fullmatch(r"vapid t=(.+), k=(.+)", headers["Authorization"]).groups()  # type: ignore[union-attr]  # it is
    signed, _, mark = token.rpartition(".")
    claims = json.loads(urlsafe_b64decode(signed.split(".")[1] + "=="))
    assert service.url.startswith(claims["aud"])
    assert now.timestamp() < claims["exp"] < now.timestamp() + 24 * 3600
    raw = of_base64(mark)
    signature = utils.encode_dss_signature(
        int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    )
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), of_base64(key))
    public.verify(signature, signed.encode(), ec.ECDSA(SHA256()))
    assert Delivery.objects.get().state == "sent"


def test_a_browser_that_comes_late_is_told_what_was_said_before_in_a_few_words(
    browser: Browser, service: Hook, operator: User
) -> None:
    now = datetime.now(UTC)
    incident = public_incident(operator, now)
    for number in range(MOST_STORY):
        update(incident, operator, now, f"Step {number}: {'we look into it ' * 30}")
    plan.plan_due(now=now)
    subscribe(browser)
    service.requests.clear()
    update(incident, operator, now, "It gets better.")
    plan.plan_due(now=now)
    work()
    ((_, body),) = service.requests
    now_said, _, story = browser.read(body)["body"].partition(
        "What was said before you were told:\n"
    )
    assert "It gets better." in now_said
    steps = [f"[Investigating] Step {number}: we look" for number in (2, 1, 0)]
    assert [line[: len(steps[0])] for line in story.splitlines()[:-1]] == steps
    assert story.endswith("… and 1 older one.")


def update(incident: Incident, operator: User, now: datetime, text: str) -> None:
    post_update(incident_id=incident.pk, statement=Statement(text, ""), now=now, actor=operator)


def test_a_digest_tells_what_it_takes_along_and_counts_the_rest(
    operator: User, now: datetime
) -> None:
    incident = public_incident(operator, now)
    told, *others = (
        Delivery(
            incident=incident,
            communication=last(incident),
            endpoint=Endpoint(channel="push"),
            audience="public",
            relevance="public",
            reason="topic",
        )
        for _ in range(9)
    )
    told.is_first = False
    told.digest_items = others
    body = said_of(told)["body"]
    assert "8 more updates:" in body
    assert body.count(f"] {incident.public_title}") == MOST_ITEMS
    assert body.endswith("… and 2 older ones.")
    assert len(body) <= 2.5 * BODY


def test_what_was_sent_is_kept_readable_and_without_the_link(
    browser: Browser, operator: User
) -> None:
    now = datetime.now(UTC)
    subscribe(browser)
    plan.plan(communication_id=last(public_incident(operator, now)).pk, now=now)
    work()
    kept = json.loads(SentMessage.objects.get().body)
    assert "West Europe" in kept["body"]
    assert kept["manage"] == "…"


def test_a_browser_that_has_gone_is_told_nothing_more(
    browser: Browser, service: Hook, operator: User
) -> None:
    now = datetime.now(UTC)
    subscribe(browser)
    incident = public_incident(operator, now)
    plan.plan(communication_id=last(incident).pk, now=now)
    service.status = 410
    work()
    assert Endpoint.objects.get().suppressed_at is not None
    assert Delivery.objects.get().state == "failed"
    service.status = 201
    assert "told from now on" in subscribe(browser)
    assert Endpoint.objects.get().suppressed_at is None


def test_it_follows_one_incident_to_its_end(
    browser: Browser, service: Hook, operator: User
) -> None:
    now = datetime.now(UTC)
    incident = public_incident(operator, now)
    path = f"/subscribe/push/?incident={incident.tracking_id}"
    done = subscribe(browser, path, incident=incident.tracking_id, follow="end")
    assert f"({incident.tracking_id}): when it is over" in done
    service.requests.clear()
    for stage in ("identified", "mitigated"):
        update = write_communication(
            incident,
            stage=stage,
            public_text=stage.title(),
            targeted_text="",
            at=now,
            now=now,
            actor=operator,
        )
        plan.plan(communication_id=update.pk, now=now)
    work()
    assert ["Mitigated" in browser.read(body)["body"] for _, body in service.requests] == [True]


@pytest.mark.parametrize(
    ("subscription", "said"),
    [
        ("", "is not what a browser gives"),
        ("[]", "is not what a browser gives"),
        ('{"endpoint": "https://fcm.googleapis.com/x", "keys": {}}', "is not what a browser gives"),
        ("[" * 3000, "is not what a browser gives"),
    ],
)
def test_what_is_no_subscription_is_refused(service: Hook, subscription: str, said: str) -> None:
    browser = Browser(service.url)
    browser.subscription = lambda: subscription  # type: ignore[method-assign]  # what a stranger sends
    assert said in subscribe(browser)
    assert not Endpoint.objects.exists()


def test_an_address_that_is_of_no_push_service_is_never_asked(service: Hook) -> None:
    stranger = Browser(service.url.replace("127.0.0.1", "localhost"))
    assert "is not of a push service" in subscribe(stranger)
    assert not service.requests
    assert not Endpoint.objects.exists()


def test_a_service_that_does_not_take_it_confirms_nothing(browser: Browser, service: Hook) -> None:
    service.status = 403
    assert "was not taken by its push service (answered 403" in subscribe(browser)
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("fcm.googleapis.com", True),
        ("web.push.apple.com", True),
        ("push.apple.com.evil.example", False),
        ("evil.example", False),
        ("FCM.googleapis.com", True),
    ],
)
def test_services_are_known_by_their_hosts(host: str, known: bool, settings: Settings) -> None:
    assert is_service(f"https://{host}/abc", settings.PUSH_SERVICES) == known


def test_nobody_can_type_the_address_of_a_browser(service: Hook) -> None:
    with pytest.raises(AddressError, match="nobody can type it"):
        endpoints.check("push", service.url)
    with pytest.raises(AddressError, match="nobody can type it"):
        endpoints.create(channel="push", address=service.url, tenant=None, now=datetime.now(UTC))


def test_our_key_is_the_same_on_every_host_and_another_one_under_another_secret(
    settings: Settings,
) -> None:
    settings.SECRET_KEY = "a" * 60
    first, again = vapid.own_key(), vapid.own_key()
    settings.SECRET_KEY = "b" * 60
    assert first == again != vapid.own_key()
    assert len(of_base64(vapid.public_key(first))) == encryption.POINT_BYTES
