"""Decoded JSON or YAML → checked values (msgspec), or one line that names the field, the value and the remedy. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Hashable, Mapping
from functools import lru_cache
from typing import Annotated, TypeVar, cast

import msgspec
from msgspec import Meta, inspect

OBJECTS = (inspect.DataclassType, inspect.StructType)
SHOWN = 60  # characters of a refused value that a message repeats

T = TypeVar("T")


class RefusedError(ValueError):
    """Input that is not acted upon. The message is one line: field path, value, remedy.

    `steps` is the path as `read` has gone it, for whoever knows on which line that is.
    """

    steps: tuple[str | int, ...] = ()


def read(value: object, shape: type[T], error: type[RefusedError], *, at: str, noun: str) -> T:
    """`value` as a `shape`, a dataclass or `Struct` whose fields say what may stand in them. Raises `error`.

    `at` is its path; `noun` names the whole where it has none ("facts", "policy"). Nothing is converted: a
    number is no text and a truth value no number. Members that nobody knows are refused: a typo must not
    pass for a default.
    """
    kind = _kind(cast(Hashable, shape))
    try:
        _refuse(value, kind, at, ())
        return msgspec.convert(value, shape)
    except _Wrong as found:
        wrong = found
    except msgspec.ValidationError as refused:
        wrong = _in_words(str(refused), value, kind, at, noun)
    raised = error(str(wrong))
    raised.steps = wrong.steps
    raise raised


def checked(what: str, check: Callable[[object], bool]) -> Meta:
    """For `Annotated`: a value that must also pass `check`; `what` it must be, for the message."""
    return Meta(description=what, extra={"check": check})


def name(longest: int) -> Meta:
    """For `Annotated[str, …]`: printable text without blanks around it, so that it can be shown anywhere."""
    return checked(wanted_name(longest), lambda value: is_name(value, longest))


def whole(low: int, high: int) -> Meta:
    return Meta(ge=low, le=high)


Text = Annotated[str, Meta(description="a text")]


def show(value: object) -> str:
    """A refused value on one ASCII line, shortened; containers only by their kind."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    plain = value is None or isinstance(value, str | int | float)
    text = json.dumps(value) if plain else ascii(value)  # both ASCII, without line breaks
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def join(at: str, member: object) -> str:
    """The path of a member: `impacts[0].level`; a key that is no plain word is quoted."""
    if isinstance(member, int) and not isinstance(member, bool):
        return f"{at}[{member}]"
    plain = isinstance(member, str) and member.isascii() and member.replace("-", "_").isidentifier()
    word = str(member)[:SHOWN] if plain else show(member)
    return f"{at}.{word}" if at else word


def is_name(value: object, longest: int) -> bool:
    """Printable text without blanks around it: no line breaks, no control characters, no halves
    of surrogate pairs, so that whatever is stored can be shown and encoded anywhere."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= longest
        and value.isprintable()
        and value == value.strip()
    )


def wanted_name(longest: int) -> str:
    return f"a name: 1 to {longest} printable characters without blanks around them"


class _Wrong(Exception):  # noqa: N818 - becomes the caller's error
    def __init__(self, line: str, steps: tuple[str | int, ...]) -> None:
        super().__init__(line)
        self.steps = steps


def _refuse(value: object, kind: inspect.Type, at: str, steps: tuple[str | int, ...]) -> None:
    """Raises _Wrong for what msgspec lets pass: unknown members, and what a check of the field's own refuses."""
    check = (kind.extra or {}).get("check") if isinstance(kind, inspect.Metadata) else None
    if check is not None and not check(value):
        raise _Wrong(f"{at}: {show(value)} {_refusal(kind)}", steps)
    kind = _bare(kind)
    if isinstance(kind, OBJECTS) and isinstance(value, Mapping):
        known = {field.encode_name: field.type for field in kind.fields}
        for member, inner in value.items():
            inside = (*steps, member)
            if member not in known:
                said = f"{join(at, member)}: unknown key with value {show(inner)}"
                raise _Wrong(f"{said}; known are {', '.join(known)}{_near(member, known)}", inside)
            _refuse(inner, known[member], join(at, member), inside)
    elif isinstance(kind, inspect.VarTupleType) and isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _refuse(inner, kind.item_type, join(at, index), (*steps, index))
    elif isinstance(kind, inspect.UnionType) and value is not None:
        _refuse(value, _stated(kind), at, steps)


def _near(word: object, known: Collection[str]) -> str:
    near = difflib.get_close_matches(str(word), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


_PLACE = " - at `$"
_STEP = re.compile(r"\.([^.\[`]+)|\[(\d+)\]")
_MISSING = re.compile(r"Object missing required field `(.+)`")


def _in_words(said: str, value: object, kind: inspect.Type, at: str, noun: str) -> _Wrong:
    """In one line what msgspec says: `Expected …, got … - at `$.impacts[0].level``."""
    said, _, place = said.rpartition(_PLACE) if _PLACE in said else (said, "", "")
    steps = tuple(member or int(index) for member, index in _STEP.findall(place))
    for step in steps:
        kind, value = _inside(kind, step), value[step]  # type: ignore[index]
        at = join(at, step)
    if missing := _MISSING.match(said):
        wanted = _wanted(_inside(kind, missing[1]))
        return _Wrong(f"{join(at, missing[1])}: missing; give {wanted}", (*steps, missing[1]))
    return _Wrong(f"{at or noun}: {show(value)} {_refusal(kind)}", steps)


def _refusal(kind: inspect.Type) -> str:
    bare = core(kind)
    if isinstance(bare, inspect.BoolType):
        return "is neither true nor false"
    if isinstance(bare, OBJECTS):
        return f"is not an object; give {_members(bare)}"
    return f"is not {_wanted(kind)}"


def _wanted(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.Metadata):
        return str((kind.extra_json_schema or {}).get("description", "")) or _wanted(kind.type)
    if isinstance(kind, inspect.UnionType):
        stated = _stated(kind)
        return f"{_wanted(stated)}{',' if _one_of(stated) else ' or'} null"
    if words := _one_of(kind):
        return f"one of {', '.join(words)}"
    if isinstance(kind, inspect.IntType):
        return f"a whole number from {kind.ge} to {kind.le}"
    if isinstance(kind, inspect.BoolType):
        return "true or false"
    if isinstance(kind, OBJECTS):
        return f"an object with {_members(kind)}"
    return "a value of this field"


def _one_of(kind: inspect.Type) -> list[str]:
    if isinstance(kind, inspect.EnumType):
        return [str(word.value) for word in kind.cls]
    return [str(value) for value in kind.values] if isinstance(kind, inspect.LiteralType) else []


def _inside(kind: inspect.Type, step: str | int) -> inspect.Type:
    kind = core(kind)
    if isinstance(kind, OBJECTS):
        return next(field.type for field in kind.fields if field.encode_name == step)
    if isinstance(kind, inspect.VarTupleType):
        return kind.item_type
    raise TypeError(f"{kind} has no members")


def _members(kind: inspect.DataclassType | inspect.StructType) -> str:
    return ", ".join(field.encode_name for field in kind.fields)


def core(kind: inspect.Type) -> inspect.Type:
    """The kind without its checks, and without "or null"."""
    kind = _bare(kind)
    return _bare(_stated(kind)) if isinstance(kind, inspect.UnionType) else kind


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _stated(kind: inspect.UnionType) -> inspect.Type:
    """Of "this or null": this."""
    return next(each for each in kind.types if not isinstance(each, inspect.NoneType))


@lru_cache(maxsize=32)
def _kind(shape: Hashable) -> inspect.Type:
    return inspect.type_info(shape)
