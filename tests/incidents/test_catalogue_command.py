"""manage.py load_catalogue FILE"""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from incidents.importers.catalogue_file.files import SHIPPED
from incidents.models import Incident, Region
from incidents.services import incident as incident_service
from tests.conftest import declaration

pytestmark = pytest.mark.django_db


def run(path: Path) -> list[str]:
    out = StringIO()
    call_command("load_catalogue", str(path), stdout=out)
    return out.getvalue().splitlines()


def test_it_reports_each_table_and_the_second_time_that_nothing_changed() -> None:
    first, second = run(SHIPPED), run(SHIPPED)
    assert first[-1] == "catalogue loaded"
    assert first[1].startswith("regions: 71 (71 new")
    assert second[-1] == "nothing changed"
    assert all(line.endswith("(as before)") for line in second[:-1])


def test_a_faulty_file_is_refused_with_status_two_and_nothing_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "faulty.yaml"
    path.write_text(SHIPPED.read_text().replace("offered: hubs", "offered: hub", 1))
    with pytest.raises(CommandError) as caught:
        run(path)
    assert caught.value.returncode == 2
    assert str(caught.value).startswith(f"{path}:")
    assert "unknown region or region set “hub” — did you mean `hubs`?" in str(caught.value)
    assert not Region.objects.exists()


def test_open_incidents_on_what_it_retires_are_named(
    tmp_path: Path, operator: User, now: datetime
) -> None:
    run(SHIPPED)
    incident = incident_service.declare(declaration=declaration(), now=now, actor=operator)
    path = tmp_path / "smaller.yaml"
    lines = SHIPPED.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "name: Azure CLI" not in line))
    assert not any(incident.tracking_id in line for line in run(path))

    path.write_text(moved_away(SHIPPED.read_text()))
    (told,) = [line for line in run(path) if incident.tracking_id in line]
    assert told.startswith(f"{incident.tracking_id} is open on what was retired: Key Vault in ")
    assert told.endswith("end its impact there, or put the entry back into the file.")

    run(SHIPPED)
    Incident.objects.update(closed_at=now)
    assert not any(incident.tracking_id in line for line in run(path))


def moved_away(text: str) -> str:
    """The catalogue with Key Vault under another name, as nothing of it has hit."""
    return text.replace("{name: Key Vault,", "{name: Secret Vault, slug: secret-vault,").replace(
        "Key Vault", "Secret Vault"
    )
