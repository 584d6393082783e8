"""The status page of 60 regions by 120 services, served by five: requests a second, and CPU for each.

limit   nginx with one worker over a folder with this one file and its .gz, nothing else configured
alike   the same, with the headers that the edge sends
app     our web process alone, with the command of the image
edge    the nginx of docker/ in front of it, with one worker
naive   the page rendered from PostgreSQL for every request, under the same server as `app`

wrk asks over loopback with 64 connections, in turns, each case several times; medians. CPU is that of all
processes of a server, from /proc. Weights are those of the published files, paint and shift those of Chromium.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import sync_playwright

from incidents.importers.catalogue_file import read_catalogue
from incidents.services.imports.catalogue import apply_catalogue
from incidents.services.incident import declare
from incidents.services.inputs import Override, Statement
from statuspage.local.ports import free_port
from statuspage.public.publisher import Publisher
from statuspage.public.store.build_writer import ASSETS
from statuspage.public.store.generation import compress_best
from tests.browsing import ARGUMENTS, chromium
from tests.conftest import declaration, hit
from tests.docker.composed import ROOT, Machine, missing

PATH = "/status/"
REGIONS, SERVICES, HIT = 60, 120, 12
CONNECTIONS = 64
CASES = ("identity", "gzip", "304")
# Headers that nginx makes by itself.
OF_NGINX = {
    "server", "date", "content-type", "content-length", "connection", "last-modified", "etag", "accept-ranges",
    "vary",
}  # fmt: skip
TICKS = os.sysconf("SC_CLK_TCK")
LIMIT = """
worker_processes 1;
daemon off;
pid {folder}/{name}.pid;
error_log {folder}/{name}.log;
events {{ worker_connections 4096; }}
http {{
  types {{ text/html html; }}
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
  uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
  access_log off; sendfile on; tcp_nopush on; gzip_static on; keepalive_requests 10000;
  server {{ listen 127.0.0.1:{port}; root {folder}/limit; {headers} }}
}}
"""


@dataclass(frozen=True)
class Server:
    name: str
    port: int
    leader: int  # of the session that all its processes are in

    def cpu(self) -> float:
        """Seconds used so far by all its processes."""
        used = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.leader:
                used += int(fields[11]) + int(fields[12])
        return used / TICKS

    def get(self, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(
            "GET", PATH, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {n.lower(): v for n, v in answer.getheaders()}, body


def lines(full: bool) -> Iterator[dict[str, object]]:
    lacking = missing() + ([] if shutil.which("wrk") else ["wrk"])
    if lacking:
        yield {"missing": lacking, "remedy": "install these packages; as root, make bench does"}
        return
    folder = Path(tempfile.mkdtemp(prefix="statuspage-serving-"))
    machine = Machine(folder)
    configuration = folder / "nginx.conf"
    configuration.write_text(configuration.read_text().replace("processes auto", "processes 1"))
    try:
        _fill()
        began = time.monotonic()
        Publisher(machine.published).publish()
        published = time.monotonic() - began
        compress_best(machine.published)
        yield _weights(machine.published) | {"publish_s": round(published, 2)}
        with _servers(machine) as servers:
            yield from _compared(servers, rounds=5 if full else 3, seconds=5 if full else 2)
            for path in (PATH, "/status/history/"):
                yield _looked_at(machine.ports["edge"], path, 9 if full else 5)
    finally:
        machine.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _fill() -> None:
    """One geography, so that one page has the whole matrix; a seventh of the cells is not offered."""
    names = [f"{('North', 'South', 'West')[n % 3]} Region {n}" for n in range(REGIONS)]
    services = [f"{('Data', 'Event', 'Cloud', 'Edge')[n % 4]} Service {n}" for n in range(SERVICES)]
    text = yaml.safe_dump(
        {
            "geographies": [{"name": "Everywhere", "regions": names}],
            "categories": [
                {
                    "name": f"Category {first // 10}",
                    "services": [
                        {
                            "name": name,
                            "offered": [r for i, r in enumerate(names) if (number + i) % 7],
                        }
                        for number, name in enumerate(services[first : first + 10], start=first)
                    ],
                }
                for first in range(0, SERVICES, 10)
            ],
        }
    )
    now = timezone.now()
    apply_catalogue(catalogue=read_catalogue(text), now=now)
    olga = User.objects.create(username="olga", is_staff=True, is_superuser=True)
    slugs = [name.lower().replace(" ", "-") for name in (*services, *names)]
    offered = [n for n in range(REGIONS) if 2 * n % 7]
    cells = [(slugs[n], slugs[SERVICES + n]) for n in offered[:HIT]]
    declare(
        declaration=declaration(
            *(hit(service, region) for service, region in cells),
            public_title="Requests fail in several regions",
            statement=Statement(public_text="We are looking for the cause."),
            started_at=now,
        ),
        now=now,
        actor=olga,
        override=Override(public=True, reason="for the bench"),
    )


def _weights(published: Path) -> dict[str, object]:
    site = published / "current" / "site"
    page = site / PATH.strip("/") / "index.html"
    assets = list((site / ASSETS.strip("/")).rglob("*.gz"))
    return {
        "what": "weights",
        "regions": REGIONS,
        "services": SERVICES,
        "html_bytes": page.stat().st_size,
        "gzip_bytes": Path(f"{page}.gz").stat().st_size,
        "brotli_bytes": Path(f"{page}.br").stat().st_size,
        "css_and_scripts_gzip_bytes": sum(each.stat().st_size for each in assets),
    }


@contextmanager
def _servers(machine: Machine) -> Iterator[list[Server]]:
    machine.up("web", "edge")
    app, edge = (
        Server(name, machine.ports[service], machine.running[f"{service}-1"].pid)
        for name, service in (("app", "web"), ("edge", "edge"))
    )
    _wait(edge)
    own = _limit(machine), _alike(machine, edge.get()[1]), _naive(machine)
    try:
        limit, alike, naive = own
        found = [limit, alike, app, edge, naive]
        for server in found:
            _wait(server)
        yield found
    finally:
        for server in own:
            os.killpg(server.leader, signal.SIGKILL)


def _limit(machine: Machine, name: str = "limit", headers: str = "") -> Server:
    folder, port = machine.folder, free_port()
    page = machine.published / "current" / "site" / PATH.strip("/") / "index.html"
    target = folder / "limit" / PATH.strip("/")
    target.mkdir(parents=True, exist_ok=True)
    for extension in ("", ".gz"):
        shutil.copyfile(f"{page}{extension}", target / f"index.html{extension}")
    configuration = folder / f"{name}.conf"
    configuration.write_text(LIMIT.format(folder=folder, port=port, name=name, headers=headers))
    return Server(name, port, _spawn(["nginx", "-c", str(configuration)], machine))


def _alike(machine: Machine, sent: Mapping[str, str]) -> Server:
    """`sent`: the edge's headers of the page."""
    added = (
        f'add_header {name} "{value}";' for name, value in sent.items() if name not in OF_NGINX
    )
    settings = "charset utf-8; gzip_vary on; server_tokens off;"
    return _limit(machine, "alike", f"{settings} {' '.join(added)}")


def _naive(machine: Machine) -> Server:
    """The command of the image, with another application."""
    *command, _ours = machine.command("web")
    port = free_port()
    command = [str(port) if part == str(machine.ports["web"]) else part for part in command]
    command += ["--factory", "django.core.wsgi:get_wsgi_application"]
    return Server("naive", port, _spawn(command, machine, "tests.bench.naive_settings"))


def _spawn(command: Sequence[str], machine: Machine, settings: str = "") -> int:
    environment = {**os.environ, "PATH": machine.environment("web")["PATH"]}
    environment |= {"DJANGO_SETTINGS_MODULE": settings}
    log = (machine.folder / "others.log").open("ab")
    with log:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, start_new_session=True, stdout=log, stderr=log
        ).pid


def _wait(server: Server) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            assert server.get()[0] == 200
        except OSError:
            assert time.monotonic() < end, f"{server.name} does not answer"
            time.sleep(0.1)
        else:
            return


def _compared(servers: list[Server], *, rounds: int, seconds: int) -> Iterator[dict[str, object]]:
    *fast, naive = servers
    rates, costs = (
        defaultdict[tuple[str, str], list[float]](list),
        defaultdict[tuple[str, str], list[float]](list),
    )
    for number in range(rounds):
        for case in CASES:
            for server in fast[number % len(fast) :] + fast[: number % len(fast)]:
                rate, cost = _asked(server, case, seconds, CONNECTIONS)
                rates[server.name, case].append(rate)
                costs[server.name, case].append(cost)
    rates["naive", "identity"], costs["naive", "identity"] = (
        [value] for value in _asked(naive, "identity", 2 * seconds, 4)
    )
    for case in CASES:
        line: dict[str, object] = {"what": "requests", "case": case, "rounds": rounds}
        base = statistics.median(costs["limit", case])
        for server in servers:
            if not rates[server.name, case]:
                continue
            cost = statistics.median(costs[server.name, case])
            line[f"{server.name}_per_s"] = round(statistics.median(rates[server.name, case]))
            line[f"{server.name}_cpu_us"] = round(cost * 1e6, 1)
            if server.name != "limit":
                line[f"{server.name}_of_limit_per_cpu"] = round(
                    base / cost, 4 if cost > 0.01 else 2
                )
            if server.name == "edge":
                alike = statistics.median(costs["alike", case])
                line["edge_of_alike_per_cpu"] = round(alike / cost, 2)
        yield line


def _asked(server: Server, case: str, seconds: int, connections: int) -> tuple[float, float]:
    """Requests a second, and seconds of CPU for one. Fails when the answer is not the one asked for."""
    headers = {} if case == "identity" else {"Accept_Encoding": "gzip"}
    status, found, _ = server.get(**headers)
    if case == "304":
        headers["If_None_Match"] = found["etag"]
        status, found, _ = server.get(**headers)
    assert status == (304 if case == "304" else 200)
    assert case != "gzip" or found["content-encoding"] == "gzip"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    for name, value in headers.items():
        command += ["-H", f"{name.replace('_', '-')}: {value}"]
    before = server.cpu()
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{server.port}{PATH}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    used = server.cpu() - before
    requests = re.search(r"(\d+) requests in", done)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done)
    assert requests, done
    assert rate, done
    assert "Socket errors" not in done, done
    assert "Non-2xx" not in done, done
    return float(rate[1]), used / int(requests[1])


def _looked_at(port: int, path: str, times: int) -> dict[str, object]:
    """Cold loads, each by a visitor with an empty cache: first contentful paint, layout shift, and the
    CPU of the page's main thread, which other work on the machine disturbs less."""
    paints, shifts, work = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for _ in range(times + 1):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.add_init_script(
                "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach("
                "entry => { window.shift += entry.value })).observe({type: 'layout-shift', buffered: true})"
            )
            page = context.new_page()
            tools = context.new_cdp_session(page)
            tools.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.goto(f"http://127.0.0.1:{port}{path}", wait_until="load")
            page.wait_for_timeout(700)
            paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            paints.append(float(page.evaluate(paint)))
            shifts.append(float(page.evaluate("window.shift")))
            found = tools.send("Performance.getMetrics")["metrics"]
            work.append(next(one["value"] for one in found if one["name"] == "TaskDuration"))
            context.close()
        browser.close()
    # The first one starts the browser's own processes.
    return {
        "what": "cold load in headless Chromium",
        "path": path,
        "loads": times,
        "first_contentful_paint_ms": round(statistics.median(paints[1:])),
        "slowest_ms": round(max(paints[1:])),
        "main_thread_cpu_ms": round(1000 * statistics.median(work[1:])),
        "layout_shift": round(max(shifts), 4),
    }
