"""The words of other languages in which people ask for a service or a region; read once from `vocabulary.ini`."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from incidents.texts.name_search import folded

FILE = Path(__file__).with_name("vocabulary.ini")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Without case and accents. `words`: theirs -> English, its parts joined by `|`."""

    asides: frozenset[str]
    words: Mapping[str, str]


@cache
def every() -> Vocabulary:
    read = ConfigParser()
    read.read(FILE, encoding="utf-8")
    known = [read[code] for code in read.sections()]
    asides = folded(" ".join(one["asides"] for one in known)).split()
    words = folded(" ".join(one.get("words", "") for one in known)).split()
    return Vocabulary(frozenset(asides), dict(pair.split("=") for pair in words))
