"""Clients that others wrote for Statuspage ask our answers, over HTTP and as they stand, and say the right thing.

`statuspage-prometheus-exporter` (PyPI) keys by name; `check-json` (PyPI) is a plugin for Nagios and Icinga;
`statuspage.io` and Atlassian's own status widget (npm, installed by `make clients`) read on servers and in
browsers of another origin.
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
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browsing import browser_page
from tests.clients.conftest import CLIENTS
from tests.public.format_snapshots import BASE, CANCELLED, NOW_BROKEN, PLANNED, RUNNING

Samples = list[tuple[str, dict[str, str], float]]
BIN = Path(sys.executable).parent
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


def exported(address: str, folder: Path, url: str = "/api/v2/summary.json") -> Samples:
    """What the exporter has measured after asking once."""
    service = {"type": "status_page", "name": "Example", "url": f"{address}{url}"}
    (folder / "services.json").write_text(json.dumps({"example": service}))
    environment = {"RUN_MODE": "once", "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [BIN / "statuspage-prometheus-exporter"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (folder / "metrics" / "statuspage.prom").read_text()
    return [
        (found["name"], dict(LABEL.findall(found["labels"])), float(found["value"]))
        for found in SAMPLE.finditer(text)
    ]


@pytest.fixture(scope="module")
def metrics(address: str, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return exported(address, tmp_path_factory.mktemp("exporter"))


def of(metrics: Samples, name: str) -> list[tuple[dict[str, str], float]]:
    return [(labels, value) for found, labels, value in metrics if found == f"statuspage_{name}"]


def test_the_exporter_reads_the_whole_summary(
    metrics: Samples,
) -> None:
    assert [value for _, value in of(metrics, "probe_check")] == [1]
    assert [value for _, value in of(metrics, "service_status")] == [0], "not everything is well"
    found = {labels["component_name"]: value for labels, value in of(metrics, "component_status")}
    assert found == {
        "Storage (category)": 0, "Storage": 0, "Key Vault": 0, "Web": 1, "Portal & Co": 1,
    }  # fmt: skip


def test_the_exporter_finds_the_open_incident_with_its_link_and_beginning(
    metrics: Samples,
) -> None:
    ((labels, value),) = of(metrics, "incident_info")
    assert value == 1
    assert labels["incident_name"] == NOW_BROKEN.title
    assert labels["impact"] == "critical"
    assert labels["shortlink"] == f"{BASE}/status/history/{NOW_BROKEN.tracking_id}/"
    assert labels["started_at"].startswith("2026-03-01T08:50:00")
    assert "Key Vault" in labels["affected_components"]


def test_the_exporter_finds_running_and_planned_maintenance_and_no_cancelled_one(
    metrics: Samples,
) -> None:
    works = {labels["maintenance_name"]: labels for labels, _ in of(metrics, "maintenance_info")}
    assert RUNNING.title in works
    assert CANCELLED.title not in works
    assert works[RUNNING.title]["scheduled_start"].startswith("2026-03-01T09:00:00")
    assert works[RUNNING.title]["scheduled_end"].startswith("2026-03-01T11:00:00")


def test_the_exporter_is_told_of_one_region_what_is_so_there(address: str, tmp_path: Path) -> None:
    seen = exported(address, tmp_path, "/api/v2/regions/east-us/summary.json")
    found = {labels["component_name"]: value for labels, value in of(seen, "component_status")}
    assert found == {"East US": 0, "Storage – East US": 1, "Key Vault – East US": 0}


@pytest.mark.parametrize(
    ("where", "status", "says"),
    [
        ("/regions/east-us", 1, "WARNING"),
        ("/regions/west-europe", 2, "CRITICAL"),
        ("/regions/global", 0, "OK"),
        ("/services/portal", 0, "OK"),
        ("", 2, "CRITICAL"),
    ],
)
def test_the_plugin_of_nagios_warns_of_the_place_it_watches_and_of_no_other(
    address: str, where: str, status: int, says: str
) -> None:
    """Counts components in outage (critical) and slow ones (warning)."""
    done = subprocess.run(
        [
            BIN / "check_json",
            "--filter", "out", '[.components[]|select(.status|endswith("outage"))]|length', "c0",
            "--filter", "slow", '[.components[]|select(.status=="degraded_performance")]|length', "w0",
            f"{address}/api/v2{where}/components.json",
        ],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, says in done.stdout) == (status, True), done.stdout + done.stderr


def test_the_command_line_tool_says_what_is_out_where_it_was_asked(address: str) -> None:
    """`github-status-cli` has an address built in; nothing else of it is changed."""
    ask = (
        "import sys, urllib.request\n"
        "from github_status import github_status as tool\n"
        "tool.urlopen = lambda _: urllib.request.urlopen(sys.argv[1] + '/api/v2/summary.json')\n"
        "tool.get_status()"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask, f"{address}/api/v2/regions/west-europe"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = re.sub(r"\x1b\[\d+m", "", done.stdout)
    rows = [
        [word.strip() for word in line.split("|")[1:3]] for line in told.splitlines() if "|" in line
    ]
    assert ["Key Vault – West Europe", "major_outage"] in rows
    assert ["Storage – West Europe", "operational"] in rows
    assert NOW_BROKEN.title in told


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """A test prints nothing."""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """Somebody else's site, which shows Atlassian's widget."""
    widget = CLIENTS / "node_modules" / "@statuspage" / "status-widget" / "dist" / "index.js"
    shutil.copy(widget, tmp_path / "widget.js")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_widget_shows_in_a_browser_of_another_site_what_is_so(
    address: str, elsewhere: str, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text(
        f'<script src="widget.js"></script><statuspage-widget src="{address}"></statuspage-widget>'
    )
    with browser_page() as (page, complaints):
        page.goto(elsewhere)
        page.get_by_text("Partial System Outage").wait_for()
        assert not [one for one in complaints if "CORS" in one]


def test_the_client_of_npm_reads_every_file(address: str) -> None:
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
