"""What is fetched from an address that somebody typed: within its time, whole, and telling nothing of our network."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from ipaddress import ip_network

import pytest
from pytest_django.fixtures import Settings

from notifications.channels import outbound
from tests.notifications.rooms import answering


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW = [ip_network("127.0.0.0/8")]


def drop_by_drop(start: bytes) -> Callable[[socket.socket], None]:
    def say(peer: socket.socket) -> None:
        peer.sendall(start)
        while True:
            peer.sendall(b"x")
            time.sleep(0.1)

    return say


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"],
)
def test_a_byte_now_and_then_holds_nobody_beyond_the_limit(start: bytes) -> None:
    with answering(drop_by_drop(start)) as address:
        began = time.monotonic()
        with pytest.raises(outbound.Unreachable, match="took too long"):
            outbound.get(address, most_bytes=100_000, seconds=1.0)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_a_message_waits_no_longer_for_an_answer_whose_body_it_wants(start: bytes) -> None:
    with answering(drop_by_drop(start)) as address:
        began = time.monotonic()
        with suppress(outbound.Unreachable):
            outbound.post(address, body=b"{}", headers={}, most_bytes=100, seconds=0.5)
        assert time.monotonic() - began < 5


def test_who_reads_nothing_holds_nobody_beyond_the_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        long = b"x" * 20_000_000
        for ask in (
            partial(outbound.post, headers={}),
            partial(outbound.post, headers={}, most_bytes=100),
            partial(outbound.get, most_bytes=100),
        ):
            with pytest.raises(outbound.Unreachable, match=r"^took too long$"):
                ask(address, body=long, seconds=0.3)


def test_who_is_silent_in_the_middle_of_a_body_holds_nobody_beyond_the_limit() -> None:
    def say(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        peer.recv(1)

    with (
        answering(say) as address,
        pytest.raises(outbound.Unreachable, match=r"^took too long$"),
    ):
        outbound.get(address, most_bytes=100, seconds=0.3)


def test_half_an_answer_is_none() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    with (
        answering(lambda peer: peer.sendall(half)) as address,
        pytest.raises(outbound.Unreachable, match="ended early"),
    ):
        outbound.get(address, most_bytes=100)


def in_two_pieces(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nRetry-")
    time.sleep(0.1)
    peer.sendall(b"After: Sun, 01 Mar 2026 09:01:30 GMT\r\n\r\nwh")
    time.sleep(0.1)
    peer.sendall(b"ole")


def test_a_whole_one_is_given_if_it_is_not_longer_than_allowed() -> None:
    with answering(in_two_pieces) as address:
        assert outbound.get(address, most_bytes=5) == b"whole"
    with (
        answering(in_two_pieces) as address,
        pytest.raises(outbound.Unreachable, match="more than 4 bytes"),
    ):
        outbound.get(address, most_bytes=4)


def test_the_answer_to_a_message_is_its_head_and_its_body_if_that_is_asked_for() -> None:
    for most_bytes, body in ((0, b""), (5, b"whole"), (4, b"")):
        with answering(in_two_pieces) as address:
            answer = outbound.post(address, body=b"{}", headers={}, most_bytes=most_bytes)
        assert answer == outbound.Answer(
            200,
            {"content-length": "5", "retry-after": "Sun, 01 Mar 2026 09:01:30 GMT"},
            body,
        )


@pytest.mark.parametrize("more", [0, 1])
def test_a_head_of_an_answer_has_its_longest(more: int) -> None:
    start = b"HTTP/1.1 204 No Content\r\nX-Long: "

    def say(peer: socket.socket) -> None:
        peer.sendall(start + b"x" * (outbound.LONGEST_HEAD + more - len(start)))
        time.sleep(0.1)
        peer.sendall(b"\r\n\r\n")

    with answering(say) as address:
        if not more:
            assert outbound.post(address, body=b"{}", headers={}).status == 204
            return
        with pytest.raises(outbound.Unreachable, match="the head of the answer is too long"):
            outbound.post(address, body=b"{}", headers={})


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.1 503 Busy\r\n\r\n", "it answered 503"),
        (b"HTTP/1.1 302 Moved\r\n\r\n", "it has moved to ''"),
        (
            b"HTTP/1.1 302 Moved\r\nLocation: /" + b"x" * 300 + b"\r\n\r\n",
            f"it has moved to '/{'x' * 199}'",
        ),
    ],
)
def test_what_is_no_page_is_said_in_a_short_line(said: bytes, why: str) -> None:
    with (
        answering(lambda peer: peer.sendall(said)) as address,
        pytest.raises(outbound.Unreachable, match=f"^{why}$"),
    ):
        outbound.get(address, most_bytes=100)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_where_it_has_moved_is_said(status: int) -> None:
    moved = f"HTTP/1.1 {status} Moved\r\nLocation: /elsewhere\r\n\r\n".encode()
    with (
        answering(lambda peer: peer.sendall(moved)) as address,
        pytest.raises(outbound.Unreachable, match="it has moved to '/elsewhere'"),
    ):
        outbound.get(address, most_bytes=100)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"SMTP ready\r\n\r\n", "^ValueError: the answer is not HTTP"),
        (b"SMTP 220 ready\r\n\r\n", "^ValueError: the answer is not HTTP"),
        (b"HTTP/1.1 OK\r\n\r\n", "^ValueError: the answer is not HTTP"),
        (b"HTTP/1.1 2040 OK\r\n\r\n", "^ValueError: the answer is not HTTP"),
        (b"", "ended before the answer"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(said: bytes, why: str) -> None:
    with (
        answering(lambda peer: peer.sendall(said)) as address,
        pytest.raises(outbound.Unreachable, match=why),
    ):
        outbound.post(address, body=b"{}", headers={})
    with (
        answering(lambda peer: peer.sendall(said)) as address,
        pytest.raises(outbound.Unreachable, match=r"^(BadStatusLine|RemoteDisconnected)"),
    ):
        outbound.get(address, most_bytes=100)


def test_a_header_is_one_line() -> None:
    with (
        answering(lambda _: None) as address,
        pytest.raises(outbound.Unreachable, match="a header has a line break"),
    ):
        outbound.post(address, body=b"", headers={"X-Name": "a\nX-Other: b"})


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 9\r\n\r\nhalf",
        b"Content-Length: 200\r\n\r\n" + b"x" * 200,
        b"Transfer-Encoding: chunked\r\n\r\nnot a number\r\n",
    ],
)
def test_a_body_that_breaks_off_takes_nothing_back_of_what_was_done(body: bytes) -> None:
    with answering(lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\n" + body)) as address:
        answer = outbound.post(address, body=b"{}", headers={}, most_bytes=100)
    assert (answer.status, answer.body) == (200, b"")


def test_nor_does_a_connection_that_is_torn() -> None:
    def say(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        time.sleep(0.1)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with answering(say) as address:
        answer = outbound.post(address, body=b"{}", headers={}, most_bytes=100)
    assert (answer.status, answer.body) == (200, b"")


def test_an_address_of_one_link_alone_is_not_public(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTBOUND_ALLOW = []
    found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", 443, 0, 2))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(outbound.Refused, match="leads to an address that is not public"):
        outbound.check("https://link.example.com/")


def test_one_sentence_for_every_host_that_cannot_be_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTBOUND_ALLOW = []
    told = set()
    for found in (
        ["10.0.0.5"],
        ["169.254.169.254"],
        outbound.Unreachable("its name cannot be found"),
    ):

        def resolve(*_: object, found: object = found) -> object:
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(outbound, "_resolve", resolve)
        with pytest.raises(outbound.Refused) as refused:
            outbound.get("https://db.internal/", most_bytes=100)
        told.add(str(refused.value))
    assert told == {outbound.CLOSED}


def test_an_answer_that_comes_along_with_its_announcement_is_heard() -> None:
    def say(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")

    with answering(say) as address:
        assert outbound.post(address, body=b"{}", headers={}).status == 204


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://8.8.8.8/", "must begin with https://"),
        ("https://8.8.8.8:2222/", "uses port 2222; use one of"),
        ("https://10.0.0.1/", "leads to an address that is not public"),
    ],
)
def test_a_refused_address_is_refused_with_the_reason(address: str, why: str) -> None:
    with pytest.raises(outbound.Refused, match=why):
        outbound.check(address)


def test_a_host_is_asked_for_in_its_normal_form() -> None:
    assert outbound.parse("https://HOOKS.Example.com./x").host == "hooks.example.com"


def test_what_is_sent_names_its_method_and_the_length_of_its_body() -> None:
    heard: list[bytes] = []

    def say(peer: socket.socket) -> None:
        heard.append(peer.recv(4096))
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    for ask in (
        partial(outbound.get, most_bytes=100),
        partial(outbound.get, most_bytes=100, body=b"{}"),
        partial(outbound.post, body=b"{}", headers={}, method="PUT"),
        partial(outbound.post, body=b"", headers={}),
    ):
        with answering(say, hear=False) as address:
            ask(address)
    lines = [each.partition(b"\r\n\r\n")[0].split(b"\r\n") for each in heard]
    assert [
        (
            first.split(b" ")[0].decode(),
            [int(each[16:]) for each in others if each.startswith(b"Content-Length: ")],
        )
        for first, *others in lines
    ] == [("GET", []), ("POST", [2]), ("PUT", [2]), ("POST", [0])]
