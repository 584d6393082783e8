from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection

from incidents.models import Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Override, Statement
from incidents.services.visibility import withdraw
from statuspage.public.publisher import (
    RENEW,
    FolderBusyError,
    Publisher,
    RevisionListener,
    current_revision,
)
from statuspage.public.store.generation import Written
from tests.conftest import declaration

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]


@pytest.fixture
def publisher(tmp_path: Path, now: datetime) -> Publisher:
    return Publisher(tmp_path / "published", clock=lambda: now)


def posted(now: datetime, operator: User, text: str = "A sparrow sings.") -> Incident:
    return declare(
        declaration=declaration(statement=Statement(public_text=text)),
        now=now,
        actor=operator,
        override=Override(public=True, reason="for the test"),
    )


def everything_on_disk(folder: Path) -> bytes:
    return b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.suffix != ".gz")


def test_a_change_of_the_public_snapshot_is_due_and_then_shown(
    publisher: Publisher, now: datetime, operator: User
) -> None:
    publisher.publish()
    assert not publisher.due()

    incident = posted(now, operator)
    assert publisher.due()
    written = publisher.publish()

    page = written.folder / "site" / "status" / "history" / incident.tracking_id / "index.html"
    assert "A sparrow sings." in page.read_text()
    assert not publisher.due()


def test_pages_are_shown_first_then_feeds_and_the_other_languages(
    publisher: Publisher, now: datetime, operator: User
) -> None:
    publisher.publish()
    incident = posted(now, operator)

    def shown(name: str) -> bool:
        return b"A sparrow sings." in (publisher.directory / "current" / "site" / name).read_bytes()

    publisher.publish()
    assert (shown("status/index.html"), shown("feed.json")) == (True, False)
    publisher.translate()
    assert (shown("feed.json"), shown("de/status/index.html")) == (True, True)
    assert shown(f"de/status/history/{incident.tracking_id}/index.html")


def test_a_targeted_incident_gives_the_publisher_nothing_to_do(
    publisher: Publisher, now: datetime, operator: User
) -> None:
    publisher.publish()
    declare(declaration=declaration(), now=now, actor=operator)
    assert not publisher.due()


def test_even_a_calm_site_is_renewed_as_it_grows_old(tmp_path: Path, now: datetime) -> None:
    timeline_events = [now]
    publisher = Publisher(tmp_path, clock=lambda: timeline_events[-1])
    publisher.publish()
    timeline_events.append(now + RENEW - timedelta(seconds=1))
    assert not publisher.due()
    timeline_events.append(now + RENEW)
    assert publisher.due()


def test_a_withdrawn_text_is_on_no_generation_of_the_disk(
    publisher: Publisher, now: datetime, operator: User
) -> None:
    incident = posted(now, operator)
    publisher.publish()
    assert b"A sparrow sings." in everything_on_disk(publisher.directory)

    withdraw(incident_id=incident.pk, reason="It is over.", now=now)
    publisher.publish()

    assert b"A sparrow sings." not in everything_on_disk(publisher.directory)


def test_a_publisher_that_was_restarted_in_between_purges_as_well(
    publisher: Publisher, now: datetime, operator: User
) -> None:
    incident = posted(now, operator)
    publisher.publish()
    withdraw(incident_id=incident.pk, reason="It is over.", now=now)

    Publisher(publisher.directory, clock=lambda: now).publish()

    assert b"A sparrow sings." not in everything_on_disk(publisher.directory)


def test_of_a_long_history_hot_pages_come_first_and_the_rest_in_portions(
    tmp_path: Path, now: datetime, operator: User
) -> None:
    for number in range(6):
        posted(now, operator, f"Sparrow {number}.")
    publisher = Publisher(tmp_path, clock=lambda: now, at_once=2)
    site = publisher.publish().folder / "site"
    assert (site / "status" / "index.html").exists()
    assert len(list(site.glob("status/history/*-*/index.html"))) < 6
    steps = 0
    while publisher.translate():
        steps += 1
    assert steps > 2
    site = tmp_path / "current" / "site"
    assert len(list(site.glob("status/history/????-???/index.html"))) == 6
    assert len(list(site.glob("de/status/history/????-???/index.html"))) == 6


def test_an_update_is_shown_between_two_portions(
    tmp_path: Path, now: datetime, operator: User
) -> None:
    incidents = [posted(now, operator, f"Sparrow {number}.") for number in range(6)]
    publisher = Publisher(tmp_path, clock=lambda: now, at_once=2)
    publisher.publish()
    publisher.translate()
    oldest = incidents[0]
    words = Statement("A blackbird joins in.")
    post_update(incident_id=oldest.pk, statement=words, now=now, actor=operator)

    written = publisher.publish()

    page = written.folder / "site" / "status" / "history" / oldest.tracking_id / "index.html"
    assert "A blackbird joins in." in page.read_text()


def test_what_changed_while_no_publisher_ran_goes_before_the_rest(
    tmp_path: Path, now: datetime, operator: User
) -> None:
    incidents = [posted(now, operator, f"Sparrow {number}.") for number in range(6)]
    Publisher(tmp_path, clock=lambda: now).publish(purge=True)
    oldest = incidents[0]
    words = Statement("A blackbird joins in.")
    post_update(incident_id=oldest.pk, statement=words, now=now, actor=operator)

    written = Publisher(tmp_path, clock=lambda: now, at_once=1).publish()

    history = written.folder / "site" / "status" / "history"
    assert "A blackbird joins in." in (history / oldest.tracking_id / "index.html").read_text()
    assert len(list(history.glob("????-???/index.html"))) == 6, "what has not changed stays"


def test_no_month_of_a_long_history_keeps_what_was_withdrawn_while_no_publisher_ran(
    tmp_path: Path, now: datetime, operator: User
) -> None:
    for number in range(6):
        posted(now, operator, f"Blackbird {number}.")
    incident = posted(now, operator)
    Publisher(tmp_path, clock=lambda: now).publish(purge=True)
    withdraw(incident_id=incident.pk, reason="It is over.", now=now)

    Publisher(tmp_path, clock=lambda: now, at_once=1).publish()

    assert b"A sparrow sings." not in everything_on_disk(tmp_path)


def test_the_heartbeat_says_which_revision_the_database_had(
    publisher: Publisher, now: datetime, operator: User
) -> None:
    posted(now, operator)
    publisher.publish()
    beat = json.loads((publisher.directory / "heartbeat.json").read_text())
    assert (beat["revision"], beat["at"]) == (current_revision(), now.isoformat())
    assert beat["memory"] >= 0


def test_two_publishers_never_serve_one_folder(tmp_path: Path) -> None:
    with RevisionListener(tmp_path):
        with pytest.raises(FolderBusyError), RevisionListener(tmp_path):
            raise AssertionError("the second one was let in")
        with RevisionListener(tmp_path / "another"):
            pass


def test_a_bump_wakes_the_publisher_before_it_polls(
    tmp_path: Path, now: datetime, operator: User
) -> None:
    with RevisionListener(tmp_path) as listener:
        posted(now, operator)
        heard = list(listener.connection.notifies(timeout=5, stop_after=1))
    assert [note.channel for note in heard] == ["public_snapshot"]


@contextmanager
def running(publisher: Publisher) -> Iterator[None]:
    """The publisher as a process runs it, in a thread; it ends with the block, and must not have failed."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            publisher.run(stop)
        except BaseException as error:  # noqa: BLE001  (handed to the test's own thread)
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert failures == []


def test_the_publisher_survives_a_database_that_ends_its_connections(
    publisher: Publisher, now: datetime, operator: User
) -> None:
    """A real cut: every connection of this database is ended by the server, then work goes on."""
    with running(publisher):
        _wait(lambda: publisher.revision >= 0)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        posted(now, operator)
        wanted = current_revision()
        _wait(lambda: publisher.revision >= wanted)


def test_nor_does_an_error_without_a_word_end_it(
    publisher: Publisher, now: datetime, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted(now, operator)
    honest, failed = Publisher.publish, threading.Event()

    def publish(self: Publisher) -> Written:
        if not failed.is_set():
            failed.set()
            raise psycopg.OperationalError
        return honest(self)

    monkeypatch.setattr(Publisher, "publish", publish)
    with running(publisher):
        _wait(lambda: publisher.revision >= current_revision())
    assert failed.is_set()


def test_it_beats_when_it_wakes_as_what_it_publishes_then_may_take_long(
    tmp_path: Path, now: datetime, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = Publisher(tmp_path / "published", clock=lambda: datetime.now(UTC))
    honest, beats = Publisher.publish, []

    def publish(self: Publisher) -> Written:
        if (path := self.directory / "heartbeat.json").exists():
            beats.append(datetime.fromisoformat(json.loads(path.read_text())["at"]))
        return honest(self)

    monkeypatch.setattr(Publisher, "publish", publish)
    with running(publisher):
        _wait(lambda: publisher.revision >= 0 and not publisher.behind)
        threading.Event().wait(1)
        began = datetime.now(UTC)
        posted(now, operator)
        wanted = current_revision()
        _wait(lambda: publisher.revision >= wanted)
    assert beats[-1] >= began


def _wait(condition: Callable[[], bool]) -> None:
    """Up to two minutes: long enough for any machine, and no test depends on how long it took."""
    for _ in range(1200):
        if condition():
            return
        threading.Event().wait(0.1)
    raise AssertionError("waited two minutes in vain")
