"""The pages for readers without account: what they show, what they do, and what they never give away."""

from __future__ import annotations

import re
import socket
import uuid
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents.models import Region, Service
from notifications.channels import signed_links
from notifications.models import Endpoint, PublicTopic, SignUp
from notifications.subscribers import form_guard, leaving, request_rate_limits
from notifications.subscribers import subscribe as service
from notifications.vocabulary.delivery_states import DeliveryAudience
from tests.notifications.cast import endpoint, reader, tenant
from tests.notifications.conftest import Sink

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.usefixtures("catalogue")

SUBSCRIBE = "/subscribe/"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
Topics = set[tuple[str | None, str | None]]


@pytest.fixture(autouse=True)
def fresh_counters(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters are named by hashes under the key: a new key is a new set of counters."""
    settings.SECRET_KEY = uuid.uuid4().hex * 2
    monkeypatch.setattr(request_rate_limits, "_rest_until", 0.0)


@pytest.fixture
def client() -> Client:
    return Client(enforce_csrf_checks=True)


def text(response: Response) -> str:
    return unescape(response.content.decode())


def token_in(response: Response) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', response.content.decode())
    assert found, text(response)
    return unescape(found[1])


def ask(client: Client, address: str = "ada@example.com", **more: Any) -> Response:
    """Open the form, fill it in, send it; "every public post" unless told otherwise."""
    token = token_in(client.get(SUBSCRIBE))
    data = {"form_token": token, "address": address, "scope": "everything", **more}
    return client.post(SUBSCRIBE, data)


def renderer(client: Client, path: str, **more: Any) -> Response:
    """Open a page and press its button."""
    return client.post(path, {"form_token": token_in(client.get(path)), **more})


def path_of(url: str) -> str:
    return urlsplit(url).path


def manage_path(of: Endpoint) -> str:
    return path_of(signed_links.manage_url(of.key))


def leave_path(of: Endpoint, audience: DeliveryAudience = DeliveryAudience.PUBLIC) -> str:
    return path_of(signed_links.leave_url(of.key, audience))


def sign_up(**more: Any) -> SignUp:
    values: dict[str, Any] = {
        "address": "ada@example.com",
        "topics": [[None, None]],
        "requested_at": timezone.now(),
    }
    return SignUp.objects.create(**(values | more))


def confirm_path(of: SignUp) -> str:
    return path_of(signed_links.confirm_url(of.key))


def topics_of(address: str) -> Topics:
    rows = PublicTopic.objects.filter(endpoint__address=address)
    return set(rows.values_list("service__slug", "region__slug"))


def asked_for() -> Topics:
    """The topics of the only sign-up there is."""
    (row,) = SignUp.objects.all()
    services = {each.pk: each.slug for each in Service.objects.all()}
    regions = {each.pk: each.slug for each in Region.objects.all()}
    return {(services.get(pair[0]), regions.get(pair[1])) for pair in row.topics}


def without_the_moment(response: Response) -> str:
    """A page without what differs from call to call."""
    page = re.sub(r"<time.*?</time>|/subscribe/code/[^\"]+", "", response.content.decode())
    return re.sub(r'name="form_token" value="[^"]+"', "", page)


def test_a_reader_subscribes_by_two_clicks_and_a_mail(client: Client, sink: Sink) -> None:
    sent = ask(client, scope="some", service=["storage"], region=["west-europe"])
    assert sent.status_code == 200
    assert "ada@example.com" in text(sent)
    service.send_confirmations(now=timezone.now())
    (mail,) = sink.to("ada@example.com")
    body = mail.get_body(("plain",))
    assert body is not None
    link = re.search(r"https://status\.example\.com(/subscribe/confirm/\S+)", body.get_content())
    assert link
    page = client.get(link[1])
    assert "Storage in West Europe" in text(page)
    assert not Endpoint.objects.exists()
    done = client.post(link[1], {"form_token": token_in(page)})
    assert done.status_code == 200
    assert "You are subscribed" in text(done)
    assert topics_of("ada@example.com") == {("storage", "west-europe")}
    assert Endpoint.objects.get().confirmed_at is not None


def test_what_was_searched_for_is_ticked_when_the_form_opens(client: Client) -> None:
    response = client.get(SUBSCRIBE, {"service": "key-vault", "region": "west-europe"})
    page = " ".join(text(response).split())
    assert 'value="key-vault" checked' in page
    assert 'value="west-europe" checked' in page
    assert 'value="some" checked' in page
    assert 'value="everything" checked' in " ".join(text(client.get(SUBSCRIBE)).split())


def test_opening_links_changes_nothing(client: Client) -> None:
    row, known = sign_up(), reader("bob@example.com")
    paths = [
        confirm_path(row),
        manage_path(known),
        leave_path(known),
        leave_path(known, DeliveryAudience.TARGETED),
    ]
    for path in paths * 2:
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    row.refresh_from_db()
    known.refresh_from_db()
    assert row.confirmed_at is None
    assert (known.left_posts_at, known.left_alerts_at) == (None, None)
    assert topics_of("bob@example.com") == {(None, None)}
    assert Endpoint.objects.count() == 1


def test_known_unknown_suppressed_and_too_often_asked_addresses_get_the_same_answer(
    client: Client,
) -> None:
    reader("kim@example.com")
    endpoint("sue@example.com", suppressed_at=timezone.now(), suppressed_because="bounced")
    left = reader("lea@example.com")
    leaving.leave(token=leave_path(left).split("/")[3], now=timezone.now())
    for _ in range(service.MOST_MAILS):
        sign_up(address="tom@example.com", next_attempt_at=timezone.now())
    answers = {}
    for name in ("kim", "sue", "lea", "tom", "new"):
        response = ask(client, f"{name}@example.com")
        page = without_the_moment(response).replace(f"{name}@example.com", "")
        headers = dict(response.headers.items())
        answers[name] = (response.status_code, headers, page)
    assert answers["new"][0] == 200
    assert all(answer == answers["new"] for answer in answers.values())


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "Type your e-mail address."),
        ("ada", "has no or more than one @"),
        ("ada@nowhere", "the part after the @ is no domain"),
        ("a\x00da@example.com", "contains a control or invisible character"),
        ("ada@example.com\nBcc: eve@example.com", "contains a control or invisible character"),
        ("a" * 5000 + "@example.com", "too long"),
        ("a" * 70 + "@example.com", "the part before the @ is not usable"),
    ],
)
def test_an_address_that_cannot_be_is_refused_in_words_and_nothing_is_lost(
    client: Client, address: str, words: str
) -> None:
    response = ask(client, address, scope="some", service=["storage"], pair=["*:east-us"])
    assert response.status_code == 422
    page = text(response)
    assert words in page
    assert 'aria-invalid="true"' in page
    assert address[:60].replace("\x00", "") in page.replace("\x00", "")
    assert re.search(r'value="storage"\s+checked', page)
    assert "Every service in East US" in page
    assert not SignUp.objects.exists()


def test_both_problems_are_told_at_once(client: Client) -> None:
    page = text(ask(client, "ada", scope="some"))
    assert "has no or more than one @" in page
    assert "Tick at least one service or region" in page


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"scope": "everything", "service": ["storage"]}, {(None, None)}),
        ({"scope": "some", "service": ["storage"]}, {("storage", None)}),
        ({"scope": "some", "region": ["east-us"]}, {(None, "east-us")}),
        (
            {"scope": "some", "service": ["storage", "key-vault"], "region": ["east-us"]},
            {("storage", "east-us"), ("key-vault", "east-us")},
        ),
        ({"scope": "some", "pair": ["*:*", "storage:east-us"]}, {(None, None)}),
        (
            {"scope": "some", "pair": ["storage:east-us"], "service": ["key-vault"]},
            {("storage", "east-us"), ("key-vault", None)},
        ),
    ],
)
def test_ticks_mean_services_times_regions(
    client: Client, chosen: dict[str, Any], expected: Topics
) -> None:
    assert ask(client, **chosen).status_code == 200
    assert asked_for() == expected


def test_several_combinations_are_chosen_without_scripts(client: Client) -> None:
    first = ask(
        client, "", add="1", scope="some", service=["storage"], region=["east-us", "west-us"]
    )
    assert first.status_code == 200
    assert "Added: 2." in text(first)
    pairs = re.findall(r'name="pair" value="([^"]+)" checked', first.content.decode())
    assert pairs == ["storage:east-us", "storage:west-us"]
    assert not SignUp.objects.exists()
    ask(client, scope="some", pair=pairs[:1], service=["key-vault"], region=["north-europe"])
    assert asked_for() == {("storage", "east-us"), ("key-vault", "north-europe")}


def test_adding_nothing_says_so(client: Client) -> None:
    assert "Nothing to add" in text(ask(client, "", add="1", scope="some"))


def test_the_key_for_sending_presses_subscribe_and_not_add(client: Client) -> None:
    page = text(client.get(SUBSCRIBE))
    form = page[page.index('<form class="sheet"') :]
    first = re.search(r"<button[^>]*>", form)
    assert first
    assert "name=" not in first[0]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"service": ["gone"]}, "'gone' is no service any more"),
        ({"region": ["nul\x00"]}, "is no region any more"),
        ({"pair": ["gone:*"]}, "is not there any more"),
        ({"pair": ["nonsense"]}, "Tick at least one service or region"),
    ],
)
def test_what_the_catalogue_does_not_have_is_refused(
    client: Client, chosen: dict[str, Any], words: str
) -> None:
    response = ask(client, scope="some", **chosen)
    assert response.status_code == 422
    assert words in text(response)
    assert not SignUp.objects.exists()


def test_too_many_combinations_are_refused_and_stay_ticked(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.subscribers.topic_picker.MOST_TOPICS", 3)
    response = ask(
        client, scope="some", service=["storage", "key-vault"], region=["east-us", "west-us"]
    )
    assert response.status_code == 422
    assert "2 services in 2 regions are more than 3 choices" in text(response)
    ticked = re.findall(r'name="(?:service|region)"\s+value="([^"]+)"\s+checked', text(response))
    assert ticked == ["storage", "key-vault", "east-us", "west-us"]


def test_a_form_that_was_open_too_long_is_shown_again_with_everything_in_it(
    client: Client,
) -> None:
    old = form_guard.issue("subscribe", now=timezone.now() - timedelta(hours=2, seconds=1))
    response = ask(client, form_token=old, scope="some", service=["storage"])
    assert response.status_code == 422
    assert "open for more than two hours" in text(response)
    assert "ada@example.com" in text(response)
    assert not SignUp.objects.exists()
    again = client.post(
        SUBSCRIBE,
        {
            "form_token": token_in(response),
            "address": "ada@example.com",
            "scope": "some",
            "service": ["storage"],
        },
    )
    assert again.status_code == 200
    assert asked_for() == {("storage", None)}


@pytest.mark.parametrize("value", ["", "x", "x" * 9000, "IjEi:forged"])
def test_a_form_without_a_token_of_ours_does_nothing(client: Client, value: str) -> None:
    assert ask(client, form_token=value).status_code == 422
    assert not SignUp.objects.exists()


def test_a_token_of_one_form_is_worthless_for_another(client: Client) -> None:
    known = reader("bob@example.com")
    other = token_in(client.get(SUBSCRIBE))
    response = client.post(leave_path(known), {"form_token": other})
    assert response.status_code == 422
    known.refresh_from_db()
    assert known.left_posts_at is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    ],
)
def test_another_sites_page_cannot_send_the_form(headers: dict[str, str]) -> None:
    response = ask(Client(headers=headers))
    assert response.status_code == 422
    assert "another site" in text(response)
    assert not SignUp.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Origin": "http://testserver"},
        {"Origin": "https://status.example.com"},
        {"Origin": "null"},
    ],
)
def test_our_own_pages_can_send_it(headers: dict[str, str], settings: Settings) -> None:
    settings.BASE_URL = "https://status.example.com"
    assert ask(Client(headers=headers)).status_code == 200
    assert SignUp.objects.count() == 1


def test_no_page_sets_a_cookie_or_may_be_kept(client: Client) -> None:
    row, known = sign_up(), reader("bob@example.com")
    confirming, managing, leaving = confirm_path(row), manage_path(known), leave_path(known)
    answers = [
        client.get(SUBSCRIBE),
        ask(client),
        ask(client, "wrong"),
        *(client.get(path) for path in (confirming, managing, leaving)),
        client.get("/subscribe/manage/forged/"),
        renderer(client, managing, scope="everything"),
        renderer(client, leaving),
        client.post(leaving, ONE_CLICK),
        renderer(client, confirming),
    ]
    assert [answer.status_code for answer in answers] == [
        200,
        200,
        422,
        *[200] * 3,
        400,
        *[200] * 4,
    ]
    for answer in answers:
        assert not answer.cookies
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    for answer in answers[3:]:
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not client.cookies


def test_one_sender_cannot_ask_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    few = request_rate_limits.RateLimit("sender", 2, timedelta(minutes=10))
    monkeypatch.setattr(request_rate_limits, "PER_SENDER", few)
    busy, other = Client(REMOTE_ADDR="192.0.2.7"), Client(REMOTE_ADDR="192.0.2.8")
    names = ("a", "b", "c")
    answers = [ask(busy, f"{name}@example.com") for name in names]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 600
    assert "Too many requests" in text(answers[2])
    assert "c@example.com" in text(answers[2])
    assert SignUp.objects.count() == 2
    assert ask(other, "d@example.com").status_code == 200


def test_one_address_is_not_asked_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    few = request_rate_limits.RateLimit("address", 2, timedelta(hours=1))
    monkeypatch.setattr(request_rate_limits, "PER_ADDRESS", few)
    spellings = ("ada@example.com", "ADA@Example.COM", "ada@example.com")
    senders = (Client(REMOTE_ADDR=f"192.0.2.{number}") for number in range(3))
    answers = [ask(sender, spelling) for sender, spelling in zip(senders, spellings, strict=True)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert ask(Client(REMOTE_ADDR="192.0.2.9"), "bob@example.com").status_code == 200


def test_a_new_window_lets_a_sender_go_on() -> None:
    limit = request_rate_limits.RateLimit("sender", 1, timedelta(minutes=10))
    start = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert request_rate_limits.seconds_to_wait(limit, "somebody", now=start) == 0
    assert (
        request_rate_limits.seconds_to_wait(limit, "somebody", now=start + timedelta(minutes=4))
        == 360
    )
    assert (
        request_rate_limits.seconds_to_wait(limit, "somebody", now=start + timedelta(minutes=10))
        == 0
    )


@pytest.fixture
def mute_server() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_without_an_answering_redis_the_door_stays_open(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, mute_server: int
) -> None:
    monkeypatch.setattr(
        request_rate_limits,
        "PER_SENDER",
        request_rate_limits.RateLimit("sender", 0, timedelta(minutes=1)),
    )
    assert ask(client).status_code == 429
    for address in ("redis://127.0.0.1:1/0", f"redis://127.0.0.1:{mute_server}/0"):
        caches = deepcopy(settings.CACHES)
        caches["rate-limits"]["LOCATION"] = address
        settings.CACHES = caches
        monkeypatch.setattr(request_rate_limits, "_rest_until", 0.0)
        assert ask(client).status_code == 200


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxied", "expected"),
    [
        ("192.0.2.7", "", False, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", False, "192.0.2.7"),
        ("10.0.0.2", "203.0.113.9, 198.51.100.1", True, "198.51.100.1"),
        ("10.0.0.2", "", True, "10.0.0.2"),
        ("2001:db8:1:2:3:4:5:6", "", False, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "", False, "192.0.2.7"),
        ("", "", False, ""),
    ],
)
def test_a_sender_is_who_really_connects(
    settings: Settings, remote: str, forwarded: str, proxied: bool, expected: str
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if proxied else None
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory(headers=headers, REMOTE_ADDR=remote).get("/")
    assert request_rate_limits.sender(request) == expected


def test_who_fills_in_the_field_nobody_sees_gets_the_same_page_and_no_mail(client: Client) -> None:
    honest = without_the_moment(ask(client, "ada@example.com"))
    SignUp.objects.all().delete()
    trapped = ask(client, "ada@example.com", website="https://spam.example")
    assert without_the_moment(trapped) == honest
    assert not SignUp.objects.exists()


def test_confirming_twice_does_no_harm(client: Client) -> None:
    path = confirm_path(sign_up())
    for _ in range(2):
        assert renderer(client, path).status_code == 200
    assert topics_of("ada@example.com") == {(None, None)}


def test_a_subscription_is_shown_changed_and_left(client: Client) -> None:
    known = reader("bob@example.com", ("storage", "east-us"), (None, "west-us"))
    path = manage_path(known)
    shown = text(client.get(path))
    assert "Storage in East US" in shown
    assert "Every service in West US" in shown
    changed = renderer(client, path, scope="some", pair=["storage:east-us"], service=["key-vault"])
    assert "Saved." in text(changed)
    assert topics_of("bob@example.com") == {("storage", "east-us"), ("key-vault", None)}
    leaving = re.search(r'action="(/subscribe/leave/[^"]+)"', changed.content.decode())
    assert leaving
    assert renderer(client, unescape(leaving[1])).status_code == 200
    known.refresh_from_db()
    assert known.left_posts_at is not None
    assert topics_of("bob@example.com") == set()
    assert "gets no public posts now" in text(client.get(path))
    renderer(client, path, scope="everything")
    known.refresh_from_db()
    assert known.left_posts_at is None


def test_a_change_that_cannot_be_keeps_the_old_subscription_and_the_ticks(client: Client) -> None:
    known = reader("bob@example.com", ("storage", "east-us"))
    response = renderer(
        client, manage_path(known), scope="some", pair=["gone:*"], service=["storage"]
    )
    assert response.status_code == 422
    assert re.search(r'value="storage"\s+checked', text(response))
    assert topics_of("bob@example.com") == {("storage", "east-us")}


def test_adding_on_the_manage_page_saves_nothing_yet(client: Client) -> None:
    known = reader("bob@example.com", ("storage", "east-us"))
    response = renderer(
        client, manage_path(known), add="1", scope="some", pair=["storage:east-us"], region=["west-us"]
    )  # fmt: skip
    assert "Every service in West US" in text(response)
    assert topics_of("bob@example.com") == {("storage", "east-us")}


def test_a_mail_program_leaves_by_one_click_without_token_or_cookie() -> None:
    known = reader("bob@example.com")
    # A cross-site header on purpose: mail sites send the request from wherever they are.
    mailer = Client(enforce_csrf_checks=True, headers={"Sec-Fetch-Site": "cross-site"})
    bodies: list[tuple[object, str]] = [
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
    ]
    answers = [mailer.post(leave_path(known), body, content_type=kind) for body, kind in bodies]
    answers.append(mailer.post(leave_path(known), ONE_CLICK))  # multipart/form-data
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert not answer.cookies
    known.refresh_from_db()
    assert known.left_posts_at is not None
    assert known.left_alerts_at is None
    assert topics_of("bob@example.com") == set()


def test_leaving_alerts_leaves_the_posts_alone(client: Client) -> None:
    contact = tenant("acme", ("storage", "east-us")).contact
    assert contact is not None
    asked = client.post(leave_path(contact, DeliveryAudience.TARGETED), ONE_CLICK)
    assert asked.status_code == 200
    token = signed_links.end_alerts_url(contact.key).split("/")[-2]
    leaving.end_alerts(token=token, now=timezone.now())
    contact.refresh_from_db()
    assert contact.left_alerts_at is not None
    assert contact.left_posts_at is None


def test_leaving_an_address_that_is_gone_counts_as_left(client: Client) -> None:
    known = reader("bob@example.com")
    path = leave_path(known)
    known.delete()
    assert renderer(client, path).status_code == 200
    assert client.post(path, ONE_CLICK).status_code == 200


def test_links_that_do_not_work_all_get_the_same_page(client: Client) -> None:
    known = reader("bob@example.com")
    gone = reader("gone@example.com")
    gone_path = manage_path(gone)
    gone.delete()
    expired = confirm_path(
        sign_up(requested_at=timezone.now() - signed_links.CONFIRM_WITHIN - timedelta(minutes=1))
    )
    managing = manage_path(known)
    paths = [
        expired,
        gone_path,
        managing[:-3] + "/",
        managing.replace("/manage/", "/leave/"),
        leave_path(known).replace("/leave/", "/confirm/"),
        "/subscribe/confirm/a/b/c/",
        "/subscribe/manage/%01%ff/",
        f"/subscribe/leave/{'x' * 5000}/",
    ]
    answers = [client.get(path) for path in paths]
    answers += [client.post(path, {"form_token": "x"}) for path in paths]
    assert {answer.status_code for answer in answers} == {400}
    pages = {without_the_moment(answer) for answer in answers}
    assert len(pages) == 1
    assert "This link does not work" in pages.pop()


def test_a_forged_one_click_is_told_in_one_line(client: Client) -> None:
    answer = client.post("/subscribe/leave/forged/", ONE_CLICK)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_link_that_expires_while_its_page_is_open_does_nothing(client: Client) -> None:
    row = sign_up()
    page = client.get(confirm_path(row))
    row.requested_at -= signed_links.CONFIRM_WITHIN + timedelta(minutes=1)
    row.save()
    answer = client.post(confirm_path(row), {"form_token": token_in(page)})
    assert answer.status_code == 400
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe=\x00", "application/x-www-form-urlencoded"),
        (b"no parts at all", "multipart/form-data; boundary=x"),
        (b"nothing", "multipart/form-data"),
        (b"[1, 2]", "application/json"),
        (b"&".join(b"a%d=1" % n for n in range(2000)), "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_is_never_an_error_of_ours(
    client: Client, body: bytes, kind: str
) -> None:
    known = reader("bob@example.com")
    for path in (SUBSCRIBE, manage_path(known), leave_path(known)):
        answer = client.post(path, body, content_type=kind)
        assert 400 <= answer.status_code < 500
    known.refresh_from_db()
    assert known.left_posts_at is None
    assert not SignUp.objects.exists()


def test_other_methods_are_refused(client: Client) -> None:
    for path in (SUBSCRIBE, manage_path(reader("bob@example.com"))):
        assert client.put(path).status_code == 405
        assert client.delete(path).status_code == 405
