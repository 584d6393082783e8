"""What the clock rings for: sweeps of one queue and pace in one message, which do not hang on one another."""

from __future__ import annotations

import logging

import pytest

from statuspage.celery import SWEEPS, app, sweeps


def test_every_sweep_is_rung_for_at_its_pace_and_in_its_queue() -> None:
    rung = {
        name: (entry["schedule"], entry["options"]["queue"])
        for entry in app.conf.beat_schedule.values()
        for name in entry["kwargs"]["names"]
    }
    assert rung.keys() == SWEEPS.keys()
    for name, (pace, queue) in rung.items():
        assert pace == SWEEPS[name]
        assert queue == app.amqp.router.route({}, name)["queue"].name, name
        app.loader.import_default_modules()
        assert name in app.tasks
    assert len(app.conf.beat_schedule) < len(SWEEPS) / 2


def test_a_sweep_that_fails_keeps_no_other_from_its_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fails() -> None:
        raise ValueError("out of order")

    monkeypatch.setitem(app.tasks, "first", fails)
    monkeypatch.setitem(app.tasks, "second", lambda: done.append("second"))
    with caplog.at_level(logging.ERROR):
        sweeps(names=["first", "second"])
    assert done == ["second"]
    assert "first failed" in caplog.text
