"""Rows about incidents are written by `incidents.services` alone; the guard of every test would notice."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from incidents.models import Incident
from incidents.services.incident import declare
from tests.conftest import declaration
from tests.writers import ROOT

SAVE = "incident.public_title = 'x'\nincident.save()"
OVER_TWO_LINES = "type(incident).objects.filter(pk=incident.pk\n).update(public_title='x')"


@pytest.mark.parametrize("code", [SAVE, OVER_TWO_LINES])
@pytest.mark.parametrize(
    "place", ["statuspage/desk/views/incident/updates.py", "notifications/delivery/plan.py"]
)
def test_a_write_from_elsewhere_is_refused(
    catalogue: None, operator: User, now: datetime, code: str, place: str
) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    elsewhere = compile(code, str(ROOT / place), "exec")
    refused = pytest.raises(AssertionError, match=rf"{place} writes incidents_incident; only")
    with refused, transaction.atomic():
        exec(elsewhere, {"incident": incident})  # noqa: S102 - as if it stood in that file
    assert Incident.objects.get().public_title == "Key Vault requests fail"


def test_the_places_named_are_there() -> None:
    assert Path(ROOT, "statuspage/desk/views/incident/updates.py").is_file()
