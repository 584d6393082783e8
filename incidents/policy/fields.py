"""One field at a time: the value, or one line that names the field, the value and the remedy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

SHOWN = 60  # characters of a refused value that a message repeats

W = TypeVar("W", bound=str)


class RefusedError(ValueError):
    """Input that is not acted upon. The message is one line: field path, value, remedy."""


class FactsError(RefusedError):
    """Facts that are malformed, impossible or contradictory."""


class PolicyError(RefusedError):
    """A policy that is malformed or impossible."""


def show(value: object) -> str:
    """A refused value on one ASCII line, shortened; containers only by their kind."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    plain = value is None or isinstance(value, str | int | float)
    text = json.dumps(value) if plain else ascii(value)  # both ASCII, without line breaks
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def join(at: str, name: object) -> str:
    """The path of a member: `impacts[0].level`; a key that is no plain word is quoted."""
    plain = isinstance(name, str) and name.isascii() and name.replace("-", "_").isidentifier()
    word = str(name)[:SHOWN] if plain else show(name)
    return f"{at}.{word}" if at else word


@dataclass(frozen=True, slots=True)
class Fields:
    """An object whose members are read one by one; `at` is its path, `error` what is raised."""

    values: Mapping[str, object]
    at: str
    error: type[RefusedError]

    @classmethod
    def of(
        cls, value: object, at: str, known: tuple[str, ...], error: type[RefusedError], noun: str
    ) -> Fields:
        """Open an object and refuse members that nobody knows: a typo must not pass for a default.

        `noun` names the whole where it has no path of its own ("facts", "policy").
        """
        if not isinstance(value, Mapping):
            raise error(f"{at or noun}: {show(value)} is not an object; give {', '.join(known)}")
        for name in value:
            if name not in known:
                raise error(
                    f"{join(at, name)}: unknown key with value {show(value[name])}; "
                    f"known are {', '.join(known)}"
                )
        return cls(value, at, error)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def path(self, name: str) -> str:
        return join(self.at, name)

    def refuse(self, name: str, why: str) -> RefusedError:
        return self.error(f"{self.path(name)}: {show(self.values.get(name))} {why}")

    def required(self, name: str, wanted: str) -> object:
        if name not in self.values:
            raise self.error(f"{self.path(name)}: missing; give {wanted}")
        return self.values[name]

    def choice(self, name: str, options: tuple[W, ...], default: W | None = None) -> W:
        if name not in self.values and default is not None:
            return default
        wanted = f"one of {', '.join(options)}"
        value = self.required(name, wanted)
        for option in options:
            # The type is asked first: a list or an object never equals a word, but a
            # subclass with its own __eq__ might.
            if isinstance(value, str) and value == option:
                return option
        raise self.refuse(name, f"is not {wanted}")

    def flag(self, name: str, default: bool) -> bool:
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise self.refuse(name, "is neither true nor false")
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        if name not in self.values and default is not None:
            return default
        wanted = f"a whole number from {low} to {high}"
        value = self.required(name, wanted)
        # bool is an int to Python, never to a person who writes facts.
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.refuse(name, f"is not {wanted}")
        return value

    def name(self, name: str, longest: int) -> str:
        value = self.required(name, "a name")
        if not is_name(value, longest):
            raise self.refuse(name, f"is not {wanted_name(longest)}")
        return str(value)


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
