"""Bytes of whoever has not signed in are bounded, and nobody but our own proxy says where a request is from."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLResolver, get_resolver

from notifications.subscribers.request_rate_limits import sender
from statuspage.middleware import BoundedBodies, TrustedProxies

pytestmark = pytest.mark.django_db


class Unread:
    """A body that says so when somebody reads it."""

    read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        Unread.read_bytes += max(size, 0) or 1
        return b"x" * min(max(size, 1), 65536)

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


def paths(resolver: URLResolver | None = None, before: str = "/") -> list[str]:
    found = []
    for each in (resolver or get_resolver()).url_patterns:
        here = before + str(each.pattern).lstrip("^")
        if isinstance(each, URLResolver):
            found += paths(each, here)
        elif "(" not in here:
            found.append(here.replace("<path:object_id>", "1").replace("<int:pk>", "1"))
    return found


def test_no_address_reads_a_large_body_of_a_stranger() -> None:
    client = Client(enforce_csrf_checks=True)
    cookie = client.get("/admin/login/").cookies["csrftoken"].value
    tried = 0
    for path in paths():
        path = (
            path.replace("<tracking_id:tracking_id>", "ABCD-123").replace("<", "").replace(">", "")
        )
        for method in ("POST", "PUT"):
            Unread.read_bytes = 0
            extra: dict[str, Any] = {
                "CONTENT_LENGTH": str(60 * 1024 * 1024),
                "CONTENT_TYPE": "multipart/form-data; boundary=x",
                "HTTP_X_CSRFTOKEN": cookie,
                "wsgi.input": Unread(),
            }
            answer: Any = client.generic(method, path, **extra)
            assert answer.status_code in (400, 401, 403, 404, 405, 413, 429), (
                path,
                answer.status_code,
            )
            assert Unread.read_bytes == 0, path
            tried += 1
    assert tried > 80


def test_a_body_of_unknown_size_is_refused() -> None:
    answer = Client().post("/admin/login/", {}, HTTP_TRANSFER_ENCODING="chunked")
    assert answer.status_code == 413


def test_whoever_is_signed_in_hands_in_large_lists(operator: User) -> None:
    client = Client()
    client.force_login(operator)
    big = {"reason": "x" * (BoundedBodies.STRANGERS + 1)}
    assert client.post("/admin/desk/sending/", big).status_code != 413


@pytest.mark.parametrize(
    ("peer", "told", "believed"),
    [
        ("10.0.0.4", "198.51.100.7", "198.51.100.7"),
        ("198.51.100.99", "203.0.113.1", "198.51.100.99"),
        ("198.51.100.99", "127.0.0.1", "198.51.100.99"),
    ],
)
def test_only_our_own_proxy_says_where_a_request_is_from(
    settings: Any, peer: str, told: str, believed: str
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = RequestFactory().get(
        "/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=told, HTTP_X_FORWARDED_PROTO="https"
    )
    seen = []

    def view(asked: HttpRequest) -> HttpResponse:
        seen.append((sender(asked), asked.is_secure()))
        return HttpResponse()

    TrustedProxies(view)(request)
    assert seen == [(believed, believed == told)]


def test_the_running_product_asks_who_the_peer_is_before_anything_else(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    told = {"X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "https"}
    for peer, believed in (("10.0.0.4", "203.0.113.1"), ("198.51.100.99", "198.51.100.99")):
        asked = Client(REMOTE_ADDR=peer).get("/admin/login/", headers=told).wsgi_request
        assert (sender(asked), asked.is_secure()) == (believed, peer != believed)


@pytest.mark.parametrize(
    ("path", "most"),
    [("/subscribe/", 256 * 1024), ("/admin/login/", 256 * 1024), ("/hooks/x/", 5 * 1024 * 1024)],
)
def test_each_path_has_its_bound(path: str, most: int) -> None:
    bounded = BoundedBodies(lambda _: HttpResponse())
    for size, status in ((most, 200), (most + 1, 413)):
        request = RequestFactory().post(path, CONTENT_LENGTH=str(size))
        assert bounded(request).status_code == status, size
