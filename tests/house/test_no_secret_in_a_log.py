"""Log lines: whatever is logged, nothing in it opens anything."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.signed_links import confirm_url, leave_url, manage_url
from statuspage.configuration import log_redaction
from statuspage.configuration.log_redaction import RedactingFormatter, redact

KEY = uuid.UUID("12345678123456781234567812345678")
LINKS = (leave_url(KEY, "public"), manage_url(KEY), confirm_url(KEY))
SECRETS = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "desk_8dKxO3vZ0nQe1sYw6mB2uTtRkLpHjF4GcVaXiSyN7E9",
    "Bearer abcdefgh12345678",
    "postgresql://u:hunter2hunter2@db.example.com/x",
    "redis://:hunter2hunter2@cache.example.com/0",
    "https://hooks.example.com/services/T000/B000/abcdefghijklmnop",
)


def secret_of(link: str) -> str:
    return link.rstrip("/").rsplit("/", 1)[1]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(
    "around", ["Not Found: {}", "{'token': '{}'}", 'GET {} HTTP/1.1" 404', "<{}>"]
)
def test_a_signed_link_is_cut(link: str, around: str) -> None:
    token = secret_of(link)
    assert token not in redact(around.replace("{}", link.removeprefix(settings.BASE_URL)))
    assert token not in redact(around.replace("{}", token))
    assert token not in redact(around.replace("{}", link + "?x=" + token))


@given(st.sampled_from(SECRETS), st.text(max_size=20), st.text(max_size=20))
def test_whatever_opens_something_is_cut_wherever_it_stands(
    secret: str, before: str, after: str
) -> None:
    line = redact(f"{before} {secret} {after}")
    for part in (
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "8dKxO3vZ0nQe1sYw",
        "abcdefgh12345678",
        "hunter2",
        "abcdefghijklmnop",
    ):
        assert part not in line.replace(before, "").replace(after, "")


# What a line says, and what of it opens something.
LINES = (
    ("Not Found: /service-health/code/12345678-1234-5678-1234-567812345678/", "12345678-1234"),
    ("Bad Request: /admin/account/oidc/sso/login/callback/?code=Xk9vQ2", "Xk9vQ2"),
    (f"{{'token': '{secret_of(LINKS[0])}'}}", secret_of(LINKS[0])),
    ("signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "IZIo2LaLaSw"),
    ("token desk_8dKxO3vZ0nQe1sYw6mB2uTtRkLpHjF4GcVaXiSyN7E9", "SyN7E9"),
    ("cannot reach redis://:hunter2hunter2@cache.example.com/0", "hunter2"),
    ("refused by https://hooks.example.com/services/T000/B000/abcdefghijklmnop", "klmnop"),
)


@pytest.mark.parametrize(("line", "secret"), LINES)
def test_each_of_these_is_cut(line: str, secret: str) -> None:
    assert secret not in redact(line)


@pytest.mark.parametrize("left_out", log_redaction.RULES, ids=lambda rule: rule[0].pattern)
def test_no_rule_could_be_left_out(left_out: object, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [rule for rule in log_redaction.RULES if rule is not left_out]
    monkeypatch.setattr(log_redaction, "RULES", kept)
    assert any(secret in redact(line) for line, secret in LINES)


@pytest.mark.parametrize("prefix", ["whsec_", "desk_", "tenant_", "sealed:", "Bearer ", "Basic "])
def test_whatever_a_secret_begins_with_it_is_cut(prefix: str) -> None:
    assert "c2VjcmV0" not in redact(f"refused {prefix}c2VjcmV0Cg==, again")


@pytest.mark.parametrize("room", ["subscribe", "feedback", "service-health", "hooks"])
@pytest.mark.parametrize("language", ["", "/de"])
def test_what_follows_in_rooms_whose_paths_carry_keys_is_cut(room: str, language: str) -> None:
    assert "k3y" not in redact(f"Not Found: {language}/{room}/k3y/k3y")


def test_a_traceback_is_cut_too() -> None:
    try:
        raise ValueError(f"cannot reach {SECRETS[3]}")
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, "x.py", 1, "failed", None, __import__("sys").exc_info()
        )
    line = RedactingFormatter("%(message)s").format(record)
    assert "Traceback" in line
    assert "hunter2" not in line


def test_what_helps_whoever_reads_the_log_stays() -> None:
    for line in (
        "ABCD-123: a step of its plan",
        "delivery 12345678-1234-5678-1234-567812345678 could not be made",
        "Not Found: /admin/desk/ABCD-123/update/",
        "communication 7: 120 deliveries planned",
    ):
        assert redact(line) == line


@pytest.mark.django_db
def test_a_refused_link_leaves_no_trace_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    formatter = RedactingFormatter("%(message)s")
    for link in LINKS:
        path = link.removeprefix(settings.BASE_URL)
        for method in ("get", "post", "put"):
            answer: Any = getattr(Client(), method)(path[:-3] + "xx/")
            assert answer.status_code < 500
        lines = "\n".join(formatter.format(each) for each in caplog.records)
        assert secret_of(link)[:-3] not in lines


def test_every_handler_writes_through_it() -> None:
    configured: Any = settings.LOGGING
    kinds = {each.get("()") for each in configured["formatters"].values()}
    assert kinds == {"statuspage.configuration.log_redaction.RedactingFormatter"}
    assert {each["formatter"] for each in configured["handlers"].values()} == {"line"}
