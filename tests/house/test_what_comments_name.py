"""What a comment names as `module.name` or `Class.name` is there: a renamed thing is renamed in words, too."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for package in ("incidents", "notifications", "statuspage")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts
]
_NAMED = re.compile(r"`([A-Za-z_]\w*)\.([A-Za-z_]\w*)(?:\(\))?`")
FILES = {"html", "ini", "js", "json", "py", "toml", "yaml"}
# Of libraries, browsers, protocols, Django and templates.
NOT_OURS = {"PushSubscription", "dataclasses", "flufl", "m", "may", "model", "settings"}


def test_what_is_named_in_a_comment_is_there() -> None:
    there = _there()
    dead = [
        f"{path.relative_to(ROOT)}: `{owner}.{name}`"
        for path in SOURCES
        for owner, name in _NAMED.findall(path.read_text())
        if name not in FILES and owner not in NOT_OURS and name not in there[owner]
    ]
    assert dead == []


def _there() -> dict[str, set[str]]:
    """By the name of a module, package or class: what is in it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        package = path.stem == "__init__"
        module = path.parent.name if package else path.stem
        found[module].update(_names(tree))
        if package:
            found[module].update(each.stem for each in path.parent.iterdir())
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found[node.name].update(_names(node))
    return found


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
