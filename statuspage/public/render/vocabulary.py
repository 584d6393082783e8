"""The words of other languages in which people ask for a service or a region; read once from `vocabulary.ini`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from incidents.texts.name_search import folded
from statuspage import languages

FILE = Path(__file__).with_name("vocabulary.ini")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Without case and accents. `words`: theirs -> English, its parts joined by `|`."""

    asides: frozenset[str]
    words: Mapping[str, str]


@cache
def every() -> Vocabulary:
    return _of(_read().sections())


def here() -> Vocabulary:
    """English, and the language of the page: what the browser is given."""
    return _of(dict.fromkeys((languages.DEFAULT, languages.current())))


@cache
def _read() -> ConfigParser:
    found = ConfigParser()
    found.read(FILE, encoding="utf-8")
    return found


def _of(codes: Iterable[str]) -> Vocabulary:
    read = _read()
    known = [code for code in codes if read.has_section(code)]
    asides = folded(" ".join(read.get(code, "asides") for code in known)).split()
    words = folded(" ".join(read.get(code, "words", fallback="") for code in known)).split()
    return Vocabulary(frozenset(asides), dict(pair.split("=") for pair in words))
