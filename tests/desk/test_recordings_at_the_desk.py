"""Policies over recordings at the desk: handed in, compared by a worker with progress, drawn, thrown away."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from incidents.models import BacktestRun
from incidents.replay import backtest_run
from incidents.services.decisions import backtest_runs
from statuspage.desk.charts.sweep_plot import sweep_plot
from statuspage.desk.views.setup import recordings
from tests.desk.conftest import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
PAGE = "/admin/desk/backtest/recordings/"
GOOGLE = Path("tests/data/recordings/google-incidents.jsonl.gz")
FEW = gzip.compress(b"\n".join(gzip.decompress(GOOGLE.read_bytes()).splitlines()[-12:]))


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What a worker would be asked to do."""
    asked: list[int] = []
    monkeypatch.setattr(recordings, "enqueue", lambda _task, run_id: asked.append(run_id))
    return asked


def hand_in(desk: Client, content: bytes = FEW, **fields: Any) -> Any:
    file = SimpleUploadedFile("google.jsonl.gz", content)
    given = {"file": file, "names": ["azure", "recommended"], **fields}
    return desk.post(PAGE, given, follow=True)


def test_policies_are_compared_side_by_side(desk: Client, worker: list[int]) -> None:
    assert "Nothing was compared yet" in text_of(desk.get(PAGE))
    waiting = hand_in(desk)
    assert "It waits for a worker" in text_of(waiting)
    (number,) = worker
    assert f'hx-get="{PAGE}{number}/"' in waiting.content.decode()

    assert backtest_run.run(number, now=timezone.now())

    page = desk.get(f"{PAGE}{number}/")
    words = text_of(page)
    assert "hx-get" not in page.content.decode(), "nothing is fetched for ever"
    assert "of 12" in words
    assert "recommended" in words
    run = BacktestRun.objects.get()
    assert (run.done, run.total, bytes(run.content)) == (12, 12, b"")
    assert run.report
    assert run.report["policies"]["azure"]["incidents"] == 12

    desk.post(f"{PAGE}{number}/", {"step": "drop"})
    assert not BacktestRun.objects.exists()


def test_one_number_is_varied_and_drawn(desk: Client, worker: list[int]) -> None:
    hand_in(desk, names=["azure"], sweep="broad.services=2-5")
    backtest_run.run(worker[0], now=timezone.now())
    page = desk.get(f"{PAGE}{worker[0]}/").content.decode()
    assert page.count("<polyline") == 3
    for value in range(2, 6):
        assert f"azure broad.services={value}" in page


def test_a_line_goes_through_its_counts() -> None:
    counts = [{"public": n, "false_public": 0, "missed_public": 10 - n} for n in (10, 5, 0)]
    plot = sweep_plot([("1", counts[0]), ("2", counts[1]), ("3", counts[2])])
    assert plot is not None
    assert plot.lines[0].points == "40.0,12.0 334.0,112.0 628.0,212.0"
    assert plot.lines[2].points == "40.0,212.0 334.0,112.0 628.0,12.0"
    assert [count for _, count in plot.ys] == [0, 5, 10]
    assert sweep_plot([("1", counts[0])]) is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"names": []}, "Choose a policy, or write one."),
        ({"sweep": "broad.services=2-5"}, "needs exactly one --policy"),
        ({"names": ["azure"], "sweep": "broad.colour=2-5"}, "broad.colour is no number of azure"),
        ({"own": "name: x\n"}, "version"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(
    desk: Client, worker: list[int], fields: dict[str, Any], words: str
) -> None:
    answer = hand_in(desk, **fields)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert worker == []


def test_a_file_that_is_none_ends_with_its_fault(desk: Client, worker: list[int]) -> None:
    hand_in(desk, b"{no json")
    backtest_run.run(worker[0], now=timezone.now())
    words = text_of(desk.get(f"{PAGE}{worker[0]}/"))
    assert "It can't be read." in words
    assert "google.jsonl.gz:1: not valid JSON" in words


def test_what_is_thrown_away_is_not_gone_on_with(desk: Client, worker: list[int]) -> None:
    hand_in(desk)
    backtest_runs.throw_away(worker[0])
    assert not backtest_run.run(worker[0], now=timezone.now())
