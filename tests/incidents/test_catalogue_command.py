"""manage.py load_catalogue FILE"""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from incidents.importers.catalogue_file.files import SHIPPED
from incidents.models import Region

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
