"""What watches pages for a living: Prometheus' blackbox exporter (Go), check_http of the monitoring plugins (C),
rsstail (C), Centreon's plugins (Perl), and a plugin that reads Google's shape. The programs come by `make servers`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import yaml

from statuspage.local.ports import free_port
from tests.clients.conftest import got
from tests.clients.test_feed_readers import BROKEN, WORKS

pytestmark = pytest.mark.processes
PLUGINS = "/usr/lib/nagios/plugins"
WELL = r'"indicator": ?"none"'
PLACES = [
    ("/regions/west-europe", False),
    ("/regions/east-us", False),
    ("/regions/global", True),
    ("/services/portal", True),
    ("", False),
]


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:{PLUGINS}")
    if found is None:
        pytest.fail(f"this test needs {name}: run `make servers`")
    return found


def said(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """What the exporter says of an address that should answer that all is well."""
    modules = {
        "well": {"prober": "http", "timeout": "20s", "http": {"fail_if_body_not_matches_regexp": [WELL]}}
    }  # fmt: skip
    config = tmp_path_factory.mktemp("exporter") / "blackbox.yml"
    config.write_text(yaml.safe_dump({"modules": modules}))
    base = f"http://127.0.0.1:{free_port()}"
    exporter = subprocess.Popen(
        [program("prometheus-blackbox-exporter"), f"--config.file={config}",
         f"--web.listen-address={base.removeprefix('http://')}", "--log.level=error"]
    )  # fmt: skip

    def ask(target: str) -> str:
        until = time.monotonic() + 30
        while True:
            try:
                return got(f"{base}/probe?module=well&target={quote(target, safe='')}").decode()
            except ConnectionRefusedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    yield ask
    exporter.terminate()
    exporter.wait(10)


@pytest.mark.parametrize(("where", "well"), PLACES)
def test_the_blackbox_exporter_succeeds_where_all_is_well_and_nowhere_else(
    probe: Callable[[str], str], address: str, where: str, well: bool
) -> None:
    told = probe(f"{address}/api/v2{where}/status.json").splitlines()
    assert "probe_http_status_code 200" in told
    assert f"probe_success {int(well)}" in told
    assert f"probe_failed_due_to_regex {int(not well)}" in told


@pytest.mark.parametrize(("where", "well"), PLACES)
def test_check_http_is_critical_where_something_is_wrong_and_nowhere_else(
    address: str, where: str, well: bool
) -> None:
    host = urlsplit(address)
    code, told = said(
        program("check_http"), "-I", str(host.hostname), "-p", str(host.port),
        "-u", f"/api/v2{where}/status.json", "-r", WELL,
    )  # fmt: skip
    assert (code, told.split(":")[0]) == ((0, "HTTP OK") if well else (2, "HTTP CRITICAL")), told


@pytest.mark.parametrize(("where", "well"), PLACES)
def test_centreons_plugin_is_critical_where_something_is_wrong_and_nowhere_else(
    address: str, where: str, well: bool
) -> None:
    host = urlsplit(address)
    code, told = said(
        program("centreon_plugins.pl"), "--plugin=apps::protocols::http::plugin", "--mode=json-content",
        "--proto=http", f"--hostname={host.hostname}", f"--port={host.port}",
        f"--urlpath=/api/v2{where}/status.json", "--lookup=$.status.indicator",
        "--critical-string=^(?!none$)", "--format-critical=it says %{values}",
    )  # fmt: skip
    assert (code, told.split(":")[0]) == ((0, "OK") if well else (2, "CRITICAL")), told
    assert well or "it says m" in told, "minor or major"


@pytest.mark.parametrize(
    ("place", "titles"),
    [
        ("", [BROKEN, WORKS]),
        ("?region=east-us", [BROKEN]),
        ("?service=storage&region=east-us", []),
    ],
)
def test_rsstail_prints_what_is_on_now(address: str, place: str, titles: list[str]) -> None:
    code, told = said(program("rsstail"), "-1", "-N", "-u", f"{address}/status/feed/{place}")
    assert code == 0, told
    assert [line.strip() for line in told.splitlines() if line.strip()] == titles


@pytest.mark.parametrize(
    ("product", "region", "status", "says"),
    [
        ("Key Vault", "west-europe", 2, "CRITICAL"),
        ("Key Vault", "north-europe", 0, "OK"),
        ("Portal & Co", "global", 0, "OK"),
    ],
)
def test_a_plugin_that_reads_googles_shape_is_critical_where_it_is_out(
    address: str, product: str, region: str, status: int, says: str
) -> None:
    """By the fields that Checkmk's own reader of that shape takes."""
    wanted = (
        "[.[] | select(.end == null and .external_desc != null and .uri != null)"
        f' | select(any(.affected_products[]; .title == "{product}"))'
        f' | select(any(.currently_affected_locations[]; .id == "{region}"))] | length'
    )
    plugin = str(Path(sys.executable).parent / "check_json")
    code, told = said(plugin, "--filter", "out", wanted, "c0", f"{address}/incidents.json")
    assert (code, says in told) == (status, True), told
