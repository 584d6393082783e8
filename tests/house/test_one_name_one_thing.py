"""A class or type that other modules import has a name that no other such class or type has."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("incidents", "notifications", "statuspage")
# What a script sends is named as the interface calls it, whatever the rooms below call theirs.
INTERFACE = "statuspage.api.schemas."
INTERFACES = ("statuspage.api.", "statuspage.tenant_api.")
# So general that each room would have its own: there is one of each, imported by others or not.
GENERAL = ("Answer", "Cell", "Outcome", "Page", "Place", "Section", "Target", "Window")


def test_a_name_that_others_import_means_one_thing() -> None:
    trees = _trees()
    imported = {
        (node.module, alias.name)
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    homes: dict[str, list[str]] = defaultdict(list)
    for module, tree in trees.items():
        for name in _defined(tree):
            if (module, name) in imported and not module.startswith(INTERFACE):
                homes[name].append(module)
    several = {name: found for name, found in homes.items() if len(found) > 1}
    assert several == {}


def test_a_general_name_is_taken_once() -> None:
    taken = [
        node.name
        for module, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not module.startswith(INTERFACES)
    ]
    assert [name for name in GENERAL if taken.count(name) > 1] == []


def test_a_service_in_a_region_is_defined_once() -> None:
    pairs = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for line in path.read_text().splitlines()
        if line.replace(" ", "").startswith(("Cell=", "CellIds=", "Pair="))
    ]
    assert [pair.partition(":")[0] for pair in pairs] == ["incidents/cells.py"] * 2


@lru_cache(maxsize=1)
def _trees() -> dict[str, ast.Module]:
    return {
        _module(path): ast.parse(path.read_text())
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
    }


def _module(path: Path) -> str:
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if len(name) > 1 and name[0].isupper() and not name.isupper():
                yield name
