"""The recipes of CONTRIBUTING name files that are there, and lines that are in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
RECIPES = dict(
    re.findall(
        r"^\| ([^|]+) \| (.+) \|$", TEXT.split("## Recipes")[1].split("\n## ")[0], re.MULTILINE
    )[1:]
)
# Where a bare file name of a recipe is meant beside the one before it.
_PATH = re.compile(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:py|html|md|toml))`")


def paths(recipe: str) -> list[Path]:
    found: list[Path] = []
    for name in _PATH.findall(recipe):
        path = ROOT / name.replace("NAME", "email")
        if "/" not in name and found:
            path = (found[-1] if found[-1].is_dir() else found[-1].parent) / name
        found.append(path)
    return found


def test_there_is_a_recipe_for_what_is_added_often() -> None:
    often = ["a channel", "a public field", "a scenario", "a language", "a desk screen"]
    often += ["an importer", "an API endpoint"]
    assert [each for each in often if not any(name.startswith(each) for name in RECIPES)] == []


@pytest.mark.parametrize("what", RECIPES)
def test_what_a_recipe_names_is_there(what: str) -> None:
    named = paths(RECIPES[what])
    assert [str(path) for path in named if not path.exists()] == []
