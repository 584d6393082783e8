"""Clients that others wrote for Statuspage ask our answers, over HTTP and as they stand.

`statuspage-prometheus-exporter` (PyPI) reads the summary; `statuspage.io` (npm, GPL, installed by
`make clients` for this test alone) reads file by file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from statuspage.public.render.page import Site
from statuspage.public.serve.app import public_site
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import write_generation
from tests.public.format_snapshots import (
    BASE,
    CANCELLED,
    EVENTFUL,
    NOW,
    NOW_BROKEN,
    PLANNED,
    RUNNING,
    pages_of,
)

CLIENTS = Path(sys.prefix) / "clients"
SAMPLE = re.compile(r"^(?P<name>\w+)\{(?P<labels>.*)\} (?P<value>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
ASK = """
const {Statuspage} = require("statuspage.io");
const client = new Statuspage("example");
client.setApiUrl(process.argv[1]);
(async () => console.log(JSON.stringify({
  summary: await client.api.getSummary(),
  status: await client.api.getStatus(),
  components: await client.api.getComponents(),
  incidents: await client.api.incidents.getAll(),
  unresolved: await client.api.incidents.getUnresolved(),
  // getActive and getAll of this client ask for the upcoming ones, too.
  upcoming: await client.api.scheduledMaintenances.getUpcoming(),
})))().catch(error => { console.error(error); process.exit(1); });
"""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """A test prints nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the eventful day is served, by the application that serves the product's pages."""
    folder = tmp_path_factory.mktemp("published")
    write_generation(folder, Site(7, NOW, pages_of(EVENTFUL), {}, {}, {}))
    store = Store(folder)
    store.look()

    def nobody(_environ: object, start_response: object) -> list[bytes]:
        raise AssertionError("a client asked for something that is not public")

    server = make_server("127.0.0.1", 0, public_site(store, {}, nobody), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def metrics(
    address: str, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, dict[str, str], float]]:
    folder = tmp_path_factory.mktemp("exporter")
    service = {"type": "status_page", "name": "Example", "url": f"{address}/api/v2/summary.json"}
    (folder / "services.json").write_text(json.dumps({"example": service}))
    environment = {"RUN_MODE": "once", "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [Path(sys.executable).parent / "statuspage-prometheus-exporter"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (folder / "metrics" / "statuspage.prom").read_text()
    return [
        (found["name"], dict(LABEL.findall(found["labels"])), float(found["value"]))
        for found in SAMPLE.finditer(text)
    ]


def of(
    metrics: list[tuple[str, dict[str, str], float]], name: str
) -> list[tuple[dict[str, str], float]]:
    return [(labels, value) for found, labels, value in metrics if found == f"statuspage_{name}"]


def test_the_exporter_reads_the_whole_summary(
    metrics: list[tuple[str, dict[str, str], float]],
) -> None:
    assert [value for _, value in of(metrics, "probe_check")] == [1]
    assert [value for _, value in of(metrics, "service_status")] == [0], "not everything is well"
    found = {labels["component_name"]: value for labels, value in of(metrics, "component_status")}
    assert found == {
        "Storage (category)": 0, "Storage": 0, "Key Vault": 0, "Web": 1, "Portal & Co": 1,
    }  # fmt: skip


def test_the_exporter_finds_the_open_incident_with_its_link_and_beginning(
    metrics: list[tuple[str, dict[str, str], float]],
) -> None:
    ((labels, value),) = of(metrics, "incident_info")
    assert value == 1
    assert labels["incident_name"] == NOW_BROKEN.title
    assert labels["impact"] == "critical"
    assert labels["shortlink"] == f"{BASE}/status/history/{NOW_BROKEN.tracking_id}/"
    assert labels["started_at"].startswith("2026-03-01T08:50:00")
    assert "Key Vault" in labels["affected_components"]


def test_the_exporter_finds_running_and_planned_maintenance_and_no_cancelled_one(
    metrics: list[tuple[str, dict[str, str], float]],
) -> None:
    works = {labels["maintenance_name"]: labels for labels, _ in of(metrics, "maintenance_info")}
    assert RUNNING.title in works
    assert CANCELLED.title not in works
    assert works[RUNNING.title]["scheduled_start"].startswith("2026-03-01T09:00:00")
    assert works[RUNNING.title]["scheduled_end"].startswith("2026-03-01T11:00:00")


def test_the_client_of_npm_reads_every_file(address: str) -> None:
    if shutil.which("node") is None or not (CLIENTS / "installed").exists():
        pytest.fail("this test needs node and npm: install them and run `make clients`")
    done = subprocess.run(
        ["node", "--eval", ASK, address],
        cwd=CLIENTS, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["status"]["status"] == {
        "indicator": "major",
        "description": "Partial System Outage",
    }
    assert found["summary"]["page"]["name"] == "Example Cloud"
    assert found["summary"]["components"] == found["components"]["components"]
    assert [one["name"] for one in found["unresolved"]["incidents"]] == [NOW_BROKEN.title]
    assert found["summary"]["incidents"] == found["unresolved"]["incidents"]
    assert len(found["incidents"]["incidents"]) == 3
    assert [one["name"] for one in found["upcoming"]["scheduled_maintenances"]] == [PLANNED.title]
