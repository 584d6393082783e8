"""The reader needs neither Django nor files, and reads the shipped page with the shipped names."""

from __future__ import annotations

import subprocess
import sys

from incidents.importers.catalogue_file import load_shipped
from incidents.importers.history_text import NameEntry, NameIndex, read_history
from tests.incidents.history_pages import SHIPPED, read


def test_the_reader_imports_no_django() -> None:
    code = "import incidents.importers.history_text, sys; print([m for m in sys.modules if 'django' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_shipped_catalogue_names_everything_that_the_shipped_page_names() -> None:
    names = NameIndex(
        NameEntry(it.slug, it.name, it.aliases, it.kind) for it in load_shipped().names()
    )
    shipped = [it.to_dict() for it in read_history(SHIPPED.read_text(encoding="utf-8"), names)]
    small = read(SHIPPED.read_text(encoding="utf-8"))
    for key in ("regions", "geographies", "recoveries", "windows", "unknown_names", "title"):
        assert [it[key] for it in shipped] == [it[key] for it in small]
    assert [it["impacted_services"] for it in shipped] == [it["impacted_services"] for it in small]
