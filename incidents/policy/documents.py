"""JSON and YAML text to plain objects, refusing what readers usually let pass in silence."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from typing import Any

import yaml

from incidents.validation import RefusedError, join


class _Twice(dict[str, object]):
    """An object in which a key was written twice; `key` is the first such."""

    key = ""


def decode_text(data: bytes, limit: int, source: str, error: type[RefusedError]) -> str:
    """UTF-8 text (a byte order mark is allowed) of at most `limit` bytes. Raises `error`."""
    if len(data) > limit:
        raise error(f"{source}: larger than {limit} bytes; split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        raise error(f"{source}: not UTF-8 at byte {bad.start}; save it as UTF-8") from None
    if not text.strip():
        raise error(f"{source}: empty; nothing to read")
    return text


def load_json(text: str, source: str, error: type[RefusedError]) -> object:
    """Decoded JSON. Raises `error`, one line, for bad syntax, too deep nesting or a key given
    twice in one object (with its path). NaN and Infinity pass as floats: every field says no to
    those under its own name."""
    twice: list[_Twice] = []

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(items)
        if len(found) == len(items):
            return found
        marked = _Twice(found)
        marked.key = _first_repeated(key for key, _ in items)
        twice.append(marked)
        return marked

    try:
        loaded: object = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as bad:
        where = f"line {bad.lineno} column {bad.colno}"
        raise error(f"{source}: not valid JSON at {where}: {bad.msg}") from None
    except RecursionError:
        raise error(f"{source}: nested too deeply; nothing here needs more than 4 levels") from None
    except ValueError:
        raise error(f"{source}: a number with too many digits; write a smaller one") from None
    if twice:
        path = _path_to(twice[0], loaded)
        raise error(f"{join(path, twice[0].key)}: key given twice; keep one")
    return loaded


def _first_repeated(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return ""


def _path_to(wanted: object, root: object) -> str:
    """Where an object lies in a tree, without recursion."""
    stack: list[tuple[str, object]] = [("", root)]
    while stack:
        path, value = stack.pop()
        if value is wanted:
            return path
        if isinstance(value, dict):
            stack.extend((join(path, key), item) for key, item in value.items())
        elif isinstance(value, list):
            stack.extend((f"{path}[{index}]", item) for index, item in enumerate(value))
    return ""  # inside the first value of a key given twice: gone, its own key is name enough


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML, without keys given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = (key_node.tag, str(key_node.value))
            if key in seen:
                line = key_node.start_mark.line + 1
                raise yaml.constructor.ConstructorError(
                    None, None, f"{join('', key[1])} given twice (line {line})"
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_yaml(text: str, source: str, error: type[RefusedError]) -> object:
    """Decoded YAML (JSON is YAML, too). Raises `error`, one line."""
    try:
        # A subclass of SafeLoader: no tags that build objects.
        loaded: object = yaml.load(text, _StrictLoader)  # noqa: S506
    except yaml.MarkedYAMLError as bad:
        where = f" at line {bad.problem_mark.line + 1}" if bad.problem_mark else ""
        raise error(f"{source}: not valid YAML{where}: {_one_line(bad.problem)}") from None
    except (yaml.YAMLError, ValueError) as bad:
        raise error(f"{source}: not valid YAML: {_one_line(str(bad))}") from None
    except RecursionError:
        raise error(f"{source}: nested too deeply; nothing here needs more than 3 levels") from None
    return loaded


def _one_line(text: str | None) -> str:
    return ascii(" ".join((text or "cannot be read").split()))[1:-1][:200]
