"""What no test has to notice is explained for code that there is, and gone with it."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from tests.mutants.__main__ import EXPLAINED, ROOT

SURVIVORS = tomllib.loads(EXPLAINED.read_text("utf-8"))["survivor"]


@pytest.mark.parametrize("survivor", SURVIVORS, ids=lambda survivor: survivor["where"])
def test_a_survivor_is_explained_as_long_as_its_line_is_there(survivor: dict[str, str]) -> None:
    path, _, name = survivor["where"].partition(" ")
    lines: set[str] = set()
    for node in ast.walk(ast.parse(Path(ROOT, path).read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.lstrip("_") == name.rpartition(".")[2]:
            node.name = "function"
            lines |= {line.strip() for line in ast.unparse(node).splitlines()}
    before = [line[2:] for line in survivor["change"].strip().splitlines() if line[0] == "-"]
    assert before
    assert lines.issuperset(before)
