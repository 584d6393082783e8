"""Subscribers of another page: with proof of consent they go on, without it they are asked, and nobody is revived."""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from notifications.models import Endpoint, SignUp
from notifications.subscribers.moving_over import SubscriberFileError, import_subscribers
from tests.notifications.cast import endpoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
FILE = """address;consented_at;consent;services;regions;language
Ann@Example.com;2025-03-01T09:00:00Z;form on the old page, 192.0.2.7;storage key-vault;west-europe;de
bob@example.com;;;;;
"""


def test_with_proof_they_are_subscribed_and_without_it_they_are_asked(now: datetime) -> None:
    moved = import_subscribers(lines=FILE.splitlines(keepends=True), now=now)

    assert (moved.subscribed, moved.asked, moved.kept) == (1, 1, 0)
    ann = Endpoint.objects.get(address__iexact="ann@example.com")
    assert ann.confirmed_at is not None
    assert (ann.language, ann.consent) == ("de", "form on the old page, 192.0.2.7")
    assert {topic.service.slug for topic in ann.topics.all() if topic.service} == {
        "storage",
        "key-vault",
    }
    asked = SignUp.objects.get()
    assert (asked.address, asked.topics) == ("bob@example.com", [[None, None]])
    assert not Endpoint.objects.filter(address="bob@example.com").exists()


def test_again_changes_nothing_and_who_left_is_not_revived(now: datetime) -> None:
    gone = endpoint("ann@example.com", left_posts_at=now)
    moved = import_subscribers(lines=FILE.splitlines(keepends=True), now=now)
    assert (moved.subscribed, moved.kept) == (0, 1)
    assert not gone.topics.exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nobody;;;;;", "line 2: address"),
        ("a@example.com;2025-03-01;;;;", "both consent and consented_at"),
        ("a@example.com;soon;x;;;", "is no time"),
        ("a@example.com;2999-01-01;x;;;", "future"),
        ("a@example.com;;;mars;;", "'mars' is not in the catalogue"),
        ("a@example.com;;;;;xx", "'xx' is not known"),
    ],
)
def test_a_fault_is_named_by_line_and_nothing_is_stored(
    now: datetime, line: str, words: str
) -> None:
    head = FILE.splitlines()[0]
    with pytest.raises(SubscriberFileError, match=words):
        import_subscribers(lines=[head + "\n", line + "\n", "b@example.com;;;;;\n"], now=now)
    assert not SignUp.objects.exists()


def test_the_command_counts_and_a_dry_run_asks_nobody(tmp_path: Path) -> None:
    file = tmp_path / "readers.csv"
    file.write_text(FILE)
    out = StringIO()
    call_command("import_subscribers", str(file), "--dry-run", stdout=out)
    assert "1 subscribed with proof, 1 asked by mail" in out.getvalue()
    assert not SignUp.objects.exists()
    file.write_text("name\nx\n")
    with pytest.raises(CommandError, match="no column address"):
        call_command("import_subscribers", str(file))
