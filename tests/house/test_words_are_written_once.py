"""What a column holds, a rule compares or SQL asks for is a word of an enumeration, never a bare text or number."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from pathlib import Path

import pytest

from incidents import vocabulary
from notifications.models import choices
from notifications.vocabulary import delivery_states

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("incidents", "notifications", "statuspage")
# These read texts of others, whose words are their own.
READERS = ("incidents/importers/history_text/", "incidents/alerts/formats.py")

# What a name ends in, and the words it may be compared with, set to or filtered by.
WORDS: dict[str, tuple[type[Enum], ...]] = {
    "audience": (vocabulary.Audience, delivery_states.DeliveryAudience),
    "basis": (vocabulary.FactBasis,),
    "channel": (vocabulary.TargetedChannel, delivery_states.Channel),
    "deferred": (delivery_states.Deferral,),
    "extent": (vocabulary.Extent,),
    "kind": (vocabulary.Kind, vocabulary.CommunicationKind, vocabulary.ReviewKind),
    "known_by": (vocabulary.KnownBy,),
    "level": (vocabulary.Level,),
    "phase": (delivery_states.Phase,),
    "plane": (vocabulary.Plane,),
    "reason": (delivery_states.Reason,),
    "relevance": (delivery_states.Relevance,),
    "result": (choices.Result,),
    "review": (vocabulary.PromisedReview,),
    "role": (vocabulary.Role,),
    "rule": (vocabulary.VerdictRule,),
    "scenario": (vocabulary.Scenario,),
    "skip_reason": (delivery_states.SkipReason,),
    "stage": (vocabulary.Stage,),
    "state": (vocabulary.RepairState, delivery_states.State),
    "strength": (vocabulary.Strength,),
}
LOOKUPS = {"in", "exact", "isnull", "gt", "lt", "gte", "lte", "contains"}


def test_no_word_is_bare_where_it_is_compared_set_or_filtered_by() -> None:
    found = [
        f"{path}:{word.lineno} {word.value!r}"
        for path, tree in _sources()
        for name, word in _named(tree)
        if _is_known(name, word.value)
    ]
    assert found == []


@lru_cache(maxsize=1)
def _sources() -> list[tuple[str, ast.Module]]:
    paths = (
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    )
    ours = sorted(p for p in paths if "/migrations/" not in p and not p.startswith(READERS))
    return [(path, ast.parse((ROOT / path).read_text())) for path in ours]


def _is_known(name: str, value: object) -> bool:
    parts = [part for part in name.split("__") if part not in LOOKUPS]
    last = parts[-1].lstrip("_") if parts else ""
    kinds = next((WORDS[each] for each in WORDS if last == each or last.endswith("_" + each)), ())
    return any(type(value) is type(word.value) and value == word.value for e in kinds for word in e)


def _named(tree: ast.AST) -> Iterator[tuple[str, ast.Constant]]:
    """Each constant with the name it is compared with, given to or set as."""
    for node in ast.walk(tree):
        pairs: list[tuple[ast.AST, ast.AST | None]] = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            pairs = [(one, other) for one in sides for other in sides if one is not other]
        elif isinstance(node, ast.keyword):
            pairs = [(ast.Name(node.arg or ""), node.value)]
        elif isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign):
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.arguments):
            places = [*node.posonlyargs, *node.args]
            pairs = list(
                zip(places[len(places) - len(node.defaults) :], node.defaults, strict=True)
            )
            pairs += list(zip(node.kwonlyargs, node.kw_defaults, strict=True))
        for named, value in pairs:
            yield from ((_name(named), word) for word in _constants(value))


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    for kind, attribute in ((ast.Attribute, "attr"), (ast.Name, "id"), (ast.arg, "arg")):
        if isinstance(node, kind):
            return str(getattr(node, attribute))
    return ""


def _constants(node: ast.AST | None) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Constant):
        yield node
    elif isinstance(node, ast.Tuple | ast.Set | ast.List):
        for each in node.elts:
            yield from _constants(each)
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)


@pytest.mark.parametrize(
    "line",
    [
        "incident.kind == 'service-issue'",
        "said.kind in ('retraction', 'correction')",
        "verdict.scenario == 3",
        "entry['scenario'] in (2, 3)",
        "rows.filter(delivery__state__in=['pending'])",
        "def f(*, level='error'): ...",
        "audience: str = 'unknown'",
    ],
)
def test_a_bare_word_is_found(line: str) -> None:
    assert any(_is_known(name, word.value) for name, word in _named(ast.parse(line)))


def test_no_two_enumerations_are_one() -> None:
    seen: dict[frozenset[object], str] = {}
    for module in (vocabulary, delivery_states, choices):
        for name, each in inspect.getmembers(module, inspect.isclass):
            if issubclass(each, Enum) and each.__module__ == module.__name__ and len(each):
                words = frozenset(word.value for word in each)
                assert seen.setdefault(words, name) == name


# In SQL: `state = 'pending'`, `d.state IN ('pending', 'sending')`, `d.state <> 'skipped'`.
_IN_SQL = re.compile(r"\b(\w+) (?:=|<>|IN|!=) \(?('[\w-]+'(?:, ?'[\w-]+')*)")


def test_every_word_in_sql_is_one_that_its_column_can_hold() -> None:
    wrong = []
    for path, tree in _sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            for column, words in _IN_SQL.findall(node.value):
                if column in WORDS:
                    known = {word.value for each in WORDS[column] for word in each}
                    wrong += [
                        f"{path}: {w}" for w in re.findall("[\\w-]+", words) if w not in known
                    ]
    assert wrong == []


def test_no_template_compares_with_the_number_of_a_scenario() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (ROOT / "templates").rglob("*.*")
        for line in path.read_text().splitlines()
        if re.search(r"scenarios? *(?:[!=<>]=?|in) *\d", line)
    ]
    assert found == []
