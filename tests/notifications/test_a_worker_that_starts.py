"""What a worker does before all else, and what processes without screens go without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents.services import incident as incident_service
from notifications.delivery import plan
from tests.conftest import declaration
from tests.notifications.cast import tenant
from tests.notifications.conftest import Sink

ROOT = Path(__file__).resolve().parents[2]
WEST = ("key-vault", "west-europe")
OF_SCREENS = {
    "allauth",
    "django.contrib.admin",
    "django_htmx",
    "ninja",
    "pydantic",
    "statuspage.urls",
}
# As `manage.py` would, to the point where the process begins its work; then what it needs for all the rest.
LOADED = """
import json, sys
sys.argv = ["manage.py", sys.argv[1]]
import django
django.setup()
from django.core.management import load_command_class
command = load_command_class("statuspage", sys.argv[1])
command.check(tags=command.requires_system_checks)
before = set(sys.modules)
from django.core.checks import run_checks
broken = [str(one) for one in run_checks(tags=["models"])]
if sys.argv[1] == "worker":
    from statuspage.celery import app
    app.loader.import_default_modules()
    from notifications import without_broker
print(json.dumps([sorted(before), sorted(sys.modules), broken]))
"""


@pytest.mark.processes
@pytest.mark.parametrize("command", ["worker", "publisher"])
def test_a_process_without_screens_loads_none(command: str) -> None:
    run = [sys.executable, "-c", LOADED, command]
    said = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    before, after, broken = json.loads(said.splitlines()[-1])
    assert broken == []
    assert not OF_SCREENS & set(after)
    assert not {"celery", "kombu"} & set(before)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_what_waits_is_sent_before_there_is_a_broker(
    catalogue: None, operator: User, sink: Sink, settings: Settings
) -> None:
    tenant("here", WEST)
    now = timezone.now()
    incident_service.declare(declaration=declaration(started_at=now), now=now, actor=operator)
    plan.plan_due(now=now)
    parts = urlsplit(os.environ["DATABASE_URL"])
    environment = {
        **os.environ,
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "BASE_URL": "http://127.0.0.1:8000",
        "SECRET_KEY": settings.SECRET_KEY,
        "EMAIL_HOST": settings.EMAIL_HOST,
        "EMAIL_PORT": str(settings.EMAIL_PORT),
    }
    run = [sys.executable, "manage.py", "worker"]
    with subprocess.Popen(
        run, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as worker:
        try:
            assert worker.stderr is not None
            first = next(line for line in worker.stderr if "at the start" in line)
        finally:
            worker.kill()
    assert "sent=1" in first
    assert sink.receivers == ["here@example.com"]
