"""Debian's Prometheus watches a service, its Alertmanager posts to us: what fires is one incident, what is over ends.

The programs come by `make servers`.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler

from incidents.models import Incident, MonitorAlert
from incidents.services.access import tokens
from incidents.services.alerts import sources
from incidents.services.alerts.recovery import recover_due
from statuspage.local.ports import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.processes]
SECONDS = 60  # at most, on a busy machine; it takes about three
RULES = {
    "groups": [
        {
            "name": "probes",
            "rules": [
                {
                    "alert": "ProbeFails",
                    "expr": "probe_success == 0",
                    "labels": {"severity": "critical"},
                    "annotations": {"summary": "{{ $labels.service }} does not answer"},
                }
            ],
        }
    ]
}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """A test prints nothing."""


class Watched:
    """The services that Prometheus asks, and the product that Alertmanager posts to, at one address.

    Requests are answered while `until` waits, in the thread of the test: its transaction sees them.
    """

    def __init__(self, application: WSGIHandler) -> None:
        self.application = application
        self.failing: set[tuple[str, str]] = set()
        self.posts = 0
        self.server: WSGIServer = make_server("127.0.0.1", 0, self.answer, handler_class=_Quiet)
        self.server.timeout = 0.2

    def answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics":
            self.posts += 1
            return self.application(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain; version=0.0.4")])
        cells = [("storage", "west-europe"), ("key-vault", "west-europe"), ("storage", "east-us")]
        lines = [
            f'probe_success{{service="{service}",region="{region}"}}'
            f" {0 if (service, region) in self.failing else 1}\n"
            for service, region in cells
        ]
        return ["".join(lines).encode()]

    def until(self, reached: Callable[[], bool]) -> None:
        end = time.monotonic() + SECONDS
        while not reached():
            assert time.monotonic() < end, list(MonitorAlert.objects.values())
            self.server.handle_request()


@pytest.fixture
def watched(
    catalogue: None, operator: User, application: WSGIHandler, tmp_path: Path
) -> Iterator[Watched]:
    if lacking := [
        each for each in ("prometheus", "prometheus-alertmanager") if not shutil.which(each)
    ]:
        pytest.fail(f"this test needs {' and '.join(lacking)}: run `make servers`")
    watched = Watched(application)
    secret = tokens.issue(
        user=operator, name="alertmanager", now=datetime.now(UTC), scopes=["alert:report"]
    )[1]
    port, alerts = watched.server.server_port, f"127.0.0.1:{free_port()}"
    files: dict[str, object] = {
        "rules.yaml": RULES,
        "prometheus.yaml": {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
            "rule_files": ["rules.yaml"],
            "scrape_configs": [
                {"job_name": "probes", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
            ],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alerts]}]}]},
        },
        "alertmanager.yaml": {
            "route": {
                "receiver": "statuspage",
                "group_by": ["alertname"],
                "group_wait": "500ms",
                "group_interval": "500ms",
            },
            "receivers": [
                {
                    "name": "statuspage",
                    "webhook_configs": [
                        {
                            "url": f"http://127.0.0.1:{port}/api/v1/ingest/alertmanager",
                            "http_config": {"authorization": {"credentials": secret}},
                        }
                    ],
                }
            ],
        },
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_text(yaml.safe_dump(content))
    commands = [
        ["prometheus-alertmanager", "--config.file=alertmanager.yaml", "--storage.path=alerts",
         f"--web.listen-address={alerts}", "--cluster.listen-address="],
        ["prometheus", "--config.file=prometheus.yaml", "--storage.tsdb.path=series",
         f"--web.listen-address=127.0.0.1:{free_port()}"],
    ]  # fmt: skip
    with ExitStack() as started:
        started.callback(watched.server.server_close)
        for command in commands:
            process = subprocess.Popen(
                command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            started.callback(process.wait)
            started.callback(process.terminate)
        yield watched


def open_cells() -> set[tuple[str, str]]:
    return {
        (impact.service.slug, impact.region.slug)
        for incident in Incident.objects.all()
        for occurrence in incident.occurrences.all()
        for impact in occurrence.impacts.filter(ended_at=None)
    }


def test_what_prometheus_sees_fail_is_one_incident_that_ends_when_it_is_over(
    watched: Watched,
) -> None:
    sources.save(
        name="alertmanager",
        format_name="alertmanager",
        mode="automatic",
        mapping="",
        window_minutes=10,
        hold_minutes=0,
        silent_minutes=0,
        now=datetime.now(UTC),
    )
    watched.failing = {("storage", "west-europe"), ("key-vault", "west-europe")}
    watched.until(lambda: MonitorAlert.objects.count() == 2)

    incident = Incident.objects.get()
    assert open_cells() == watched.failing
    assert (incident.level, incident.automated, incident.communications.count()) == (
        "error",
        True,
        1,
    )
    assert {each.title for each in MonitorAlert.objects.all()} == {
        "storage does not answer",
        "key-vault does not answer",
    }
    assert watched.posts == 1  # both in one

    watched.failing = {("storage", "west-europe"), ("storage", "east-us")}
    watched.until(
        lambda: (
            MonitorAlert.objects.filter(over_at=None).count() == 2 < MonitorAlert.objects.count()
        )
    )
    recover_due(now=datetime.now(UTC))
    assert open_cells() == watched.failing

    watched.failing = set()
    watched.until(lambda: not MonitorAlert.objects.filter(over_at=None).exists())
    recover_due(now=datetime.now(UTC))
    incident = Incident.objects.get()
    assert open_cells() == set()
    assert incident.stage == "mitigated"
