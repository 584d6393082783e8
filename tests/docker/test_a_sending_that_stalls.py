"""Workers die with mails in hand: the alarm is given, and ends once somebody sends again.

The database's clock cannot be set, so what it has written is moved into the past.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest

from tests.docker.conftest import BACK, Product
from tests.walks.conftest import until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("composed")]

SENDERS = ("worker",)
LATER = "interval '20 minutes'"


@pytest.fixture
def stage(product: Product) -> Iterator[Product]:
    """Whatever dies meanwhile runs again afterwards."""
    yield product
    product.sink.stuck = False
    product.machine.kill(*SENDERS)
    for service in BACK:
        if service in SENDERS:
            product.machine.start(service)
    product.machine.start("worker", 2)


def sql(product: Product, statement: str) -> list[tuple[object, ...]]:
    url = (product.machine.folder / "secrets" / "database_url").read_text()
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def time_passes(product: Product) -> None:
    for table, column in (
        ("delivery", "next_attempt_at"),
        ("delivery", "lease_until"),
        ("attempt", "at"),
        ("sendingheartbeat", "at"),
    ):
        sql(product, f"UPDATE notifications_{table} SET {column} = {column} - {LATER}")  # noqa: S608 - words of ours


def break_out(product: Product, key: str) -> None:
    """A monitor's alert: alice is to be told."""
    alert = f"monitor open --source probe --key {key} --cell key-vault:west-europe --level error"
    product.machine.run("worker", "python", "manage.py", *alert.split())


def states(product: Product) -> set[object]:
    """Of what was said last."""
    found = sql(
        product,
        "SELECT DISTINCT state FROM notifications_delivery"
        " WHERE communication_id = (SELECT max(id) FROM incidents_communication)",
    )
    return {row[0] for row in found}


def tries(product: Product) -> set[object]:
    """How often what is in hand was in somebody's."""
    found = sql(product, "SELECT attempts FROM notifications_delivery WHERE state = 'sending'")
    return {row[0] for row in found}


def figures(product: Product) -> dict[str, float]:
    _, _, body = product.get("/-/metrics", authorization="Bearer watcher")
    lines = [line.split() for line in body.decode().splitlines() if not line.startswith("#")]
    return {name.removeprefix("statuspage_"): float(value) for name, value in lines}


def missing(product: Product) -> list[str]:
    """What `/-/ready` lacks, for whoever has the token; strangers read nothing of sending."""
    assert "sending" not in json.loads(product.get("/-/ready")[2])["missing"]
    return list(json.loads(product.get("/-/ready", authorization="Bearer watcher")[2])["missing"])


def stalled(product: Product) -> bool:
    return bool(figures(product)["sending_stalled"]) and missing(product) == ["sending"]


def well(product: Product) -> bool:
    return not figures(product)["sending_stalled"] and missing(product) == []


def test_a_worker_killed_with_mails_in_hand_is_missed_until_another_one_sends(
    stage: Product,
) -> None:
    until(lambda: well(stage), "a quiet beginning")
    stage.sink.stuck = True
    break_out(stage, "killed")
    until(lambda: states(stage) == {"sending"}, "a worker that has the mail in hand")
    stage.machine.kill(*SENDERS)
    assert not figures(stage)["sending_stalled"]
    time_passes(stage)

    until(lambda: stalled(stage), "the alarm")
    assert figures(stage)["delivery_oldest_due_seconds"] > 15 * 60

    stage.sink.stuck = False
    stage.machine.start("worker")
    until(lambda: states(stage) == {"sent"}, "the mail")
    until(lambda: well(stage), "the end of the alarm")


def test_workers_that_die_over_the_same_mail_are_no_sign_of_life(stage: Product) -> None:
    stage.sink.stuck = True
    break_out(stage, "again")
    for number in (1, 2):
        until(lambda number=number: tries(stage) == {number}, f"a worker's try {number}")  # type: ignore[misc]
        stage.machine.kill(*SENDERS)
        time_passes(stage)
        stage.machine.start("worker")
    until(lambda: figures(stage)["delivery_lost_seconds"] > 15 * 60, "workers that vanished")
    until(lambda: stalled(stage), "the alarm")

    stage.sink.stuck = False
    until(lambda: states(stage) == {"sent"}, "the mail")
    until(lambda: well(stage), "the end of the alarm")


def test_without_workers_the_substitute_sends_and_no_alarm_is_given(stage: Product) -> None:
    until(lambda: "beat_age_seconds" in figures(stage), "a sign of the workers' life")
    stage.machine.kill("worker")
    time_passes(stage)
    break_out(stage, "substitute")
    stage.machine.run("worker", "python", "manage.py", "deliver", "--once")
    until(lambda: states(stage) == {"sent"}, "the mail")
    until(lambda: well(stage), "no alarm")
    assert figures(stage)["beat_age_seconds"] > 15 * 60
    assert figures(stage)["substitute_age_seconds"] < 15 * 60
