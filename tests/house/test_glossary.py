"""Each standard term of the glossary, typed into grep, leads to the module that does it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
ROWS = re.findall(
    r"^\| ([^|`]+) \| [^|]+ \| ((?:`[^`]+`(?:, )?)+) \|$",
    ARCHITECTURE.split("## Glossary")[1].split("\n## ")[0],
    re.MULTILINE,
)
TERMS = [
    (term.strip(), module)
    for terms, modules in ROWS
    for term in terms.split(",")
    for module in re.findall(r"`([^`]+)`", modules)
]


def words(text: str) -> str:
    """As grep -i finds them, whether written with blanks, hyphens or underscores."""
    return re.sub(r"[\s_-]+", " ", text).lower()


def test_the_glossary_fits_on_a_page() -> None:
    assert 25 <= len(ROWS) <= 50


@pytest.mark.parametrize("term", sorted({term for term, _ in TERMS}))
def test_a_term_is_written_in_a_module_that_does_it(term: str) -> None:
    modules = [module for each, module in TERMS if each == term]
    missing = [module for module in modules if not (ROOT / module).is_file()]
    assert missing == []
    assert any(words(term) in words(f"{m}\n{(ROOT / m).read_text()}") for m in modules), modules


@pytest.mark.parametrize(("terms", "modules"), ROWS)
def test_a_module_that_a_row_names_says_one_of_its_terms(terms: str, modules: str) -> None:
    for module in re.findall(r"`([^`]+)`", modules):
        text = words(f"{module}\n{(ROOT / module).read_text()}")
        assert any(words(term.strip()) in text for term in terms.split(",")), module


def test_every_decision_is_in_the_index_and_every_line_of_it_leads_somewhere() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\]\(([^)]+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("*.md")} - {"README.md"}
