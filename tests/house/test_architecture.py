"""The house rules, run as tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("statuspage", "incidents", "notifications")


def sources() -> list[Path]:
    found = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def test_imports_go_downwards_only() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run([tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_only_services_and_migrations_write_the_ledger() -> None:
    """Front hall and post office read the ledger; its rows are written by the pen alone."""
    writing = re.compile(
        r"\b(Incident|Impact|Occurrence|Communication|Decision|Review|Mention|Revision)"
        r"\.objects[^\n]*\.(create|bulk_create|update|delete|get_or_create|update_or_create)\("
    )
    guilty = [
        str(path.relative_to(ROOT))
        for path in sources()
        if "incidents/services" not in str(path) and writing.search(path.read_text())
    ]
    assert guilty == []


def test_no_module_is_a_drawer_for_everything() -> None:
    names = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert [path for path in sources() if path.name in names] == []


def test_no_lock_file_names_a_registry() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--index-url|--find-links", text), path.name
