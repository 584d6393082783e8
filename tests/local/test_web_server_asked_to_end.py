"""The demo's web server ends when it is asked to, whatever it is doing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from statuspage.local import processes
from statuspage.local.demo import WEB_ENDS_WITHIN, process_table
from statuspage.local.state import ROOT
from statuspage.local.supervisor import GRACE


@pytest.mark.processes
def test_a_web_server_that_still_loads_the_product_ends(tmp_path: Path) -> None:
    web = next(program for program in process_table(0) if program.name == "web")
    with processes.open_log(tmp_path / "log") as log:
        pid = processes.spawn(web.command, log=log, environment=os.environ, folder=ROOT)
    try:
        loading = _child(pid)  # it has not yet said what it does when it is asked to end
        processes.send(pid, signal.SIGTERM)
        assert processes.wait_ended(pid, GRACE + 10), "it waits for what did not hear"
        assert processes.wait_ended(loading, 0)
    finally:
        processes.end_group(pid)


def test_the_web_server_has_given_up_before_the_supervisor_does() -> None:
    assert WEB_ENDS_WITHIN < GRACE


def _child(pid: int) -> int:
    until = time.monotonic() + 60
    while not (found := Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        assert time.monotonic() < until, "it starts nothing"
        time.sleep(0.005)
    return int(found[0])
