"""Customer files: CSV in, checked plain rows out. Pure; reads a stream, so size does not matter.

The first line names the columns, in any order; each further line is one cell of a footprint::

    tenant,tenant_name,contact,subscription,subscription_name,service,region
    contoso,Contoso Ltd,ops@contoso.example,contoso-prod,Production,key-vault,west-europe
    contoso,Contoso Ltd,ops@contoso.example,contoso-prod,Production,Storage,West Europe

- tenant, subscription: identifiers of letters, digits, dot, dash and underscore, unique among all
  whatever their case; see `identifiers` for spellings that mean the same
- contact: the address that hears what no alert rule catches
- service, region: slug or name of the catalogue; region `global` for a non-regional service. Both
  empty: the subscription is known, but runs nowhere
- subscription_name may be empty. `csv_rows` says what else of a spreadsheet's habits is taken
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from incidents.importers.catalogue_file import derive_slug
from incidents.texts.csv_rows import CsvError, heading, rows, text_of
from notifications.vocabulary import identifiers
from notifications.vocabulary.addresses import AddressError, normalise

COLUMNS = (
    "tenant",
    "tenant_name",
    "contact",
    "subscription",
    "subscription_name",
    "service",
    "region",
)
MAY_BE_EMPTY = frozenset({"subscription_name", "service", "region"})
LONGEST = {"tenant": identifiers.LONGEST, "subscription": identifiers.LONGEST, "contact": 254}
LONGEST_TEXT = 200
IDENTIFIERS = ("tenant", "subscription")
# A spreadsheet that opens an export of these values would run them.
FORMULA = ("=", "+", "-", "@")
MOST_FAULTS = 100


class CustomerFileError(ValueError):
    """Faults of customer files; each of `faults` is one line naming file, line, fault and remedy."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One line of a file; `line` counts from 1. Service and region are slugs, or both empty."""

    line: int
    tenant: str
    tenant_name: str
    contact: str
    subscription: str
    subscription_name: str
    service: str
    region: str


class CustomerFile:
    """Iterate over its rows once; afterwards `faults` says what is wrong with the lines left out."""

    def __init__(self, name: str, stream: BinaryIO) -> None:
        self.name = name
        self.faults: list[str] = []
        self._stream = stream

    def __iter__(self) -> Iterator[CustomerRow]:
        text = text_of(self._stream)
        read = rows(text, COLUMNS)
        try:
            header_line, header = next(read, (1, []))
            columns = self._columns(header_line, header)
            for line, values in read:
                row = self._row(columns, values, line)
                if row is not None:
                    yield row
                if len(self.faults) >= MOST_FAULTS:
                    return
        except CsvError as error:
            self._stop(error.line, f"{error.problem}; {error.remedy}.")
        finally:
            text.detach()  # the stream is its opener's

    def _columns(self, line: int, header: list[str]) -> list[str]:
        names = [heading(name) for name in header]
        while names and not names[-1]:  # separators without anything behind them
            names.pop()
        if not names:
            self._stop(line, f"has no column names; write {','.join(COLUMNS)}")
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            self._stop(line, f"lacks the column {', '.join(missing)}; add it.")
        strange = [name for name in names if name not in COLUMNS]
        if strange or len(set(names)) != len(names):
            found = shown(strange[0] if strange else max(names, key=names.count))
            self._stop(line, f"has the column {found} too much; remove it.")
        return names

    def _row(self, columns: list[str], values: list[str], line: int) -> CustomerRow | None:
        if len(values) < len(columns) or any(values[len(columns) :]):
            said = f"has {len(values)} values for {len(columns)} columns; check what parts them."
            self._note(line, said)
            return None
        fields = {name: _cell(name, value) for name, value in zip(columns, values, strict=False)}
        for name in COLUMNS:
            fault = _fault(name, fields[name])
            if fault:
                self._note(line, f"{name}: {fault}")
                return None
        if bool(fields["service"]) != bool(fields["region"]):
            self._note(line, "service and region: give both, or neither.")
            return None
        fields["contact"] = _contact(fields["contact"])[0]
        for name in ("service", "region"):
            slug = derive_slug(fields[name])
            if fields[name] and not slug:
                self._note(line, f"{name}: {shown(fields[name])} is no name; correct it.")
                return None
            fields[name] = slug
        return CustomerRow(line=line, **fields)

    def _note(self, line: int, fault: str) -> None:
        self.faults.append(f"{self.name}:{line}: {fault}")

    def _stop(self, line: int, fault: str) -> None:
        """A fault after which the rest of the file means nothing."""
        self._note(line, fault)
        raise CustomerFileError(self.faults)


def _cell(name: str, value: str) -> str:
    if name in IDENTIFIERS:
        return identifiers.spelled(value)
    # A line break or tab within quotes is a blank to whoever reads the name.
    return re.sub(r"[\r\n\t]+", " ", value)


def _fault(name: str, value: str) -> str:
    longest = LONGEST.get(name, LONGEST_TEXT)
    if not value:
        return "" if name in MAY_BE_EMPTY else "is empty; fill it in."
    if value.startswith(FORMULA):
        return f"{shown(value)} starts with {value[0]}, as a formula does; remove the sign."
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        return f"{shown(value)} has a control character; remove it."
    if len(value) > longest:
        return f"has {len(value)} characters; shorten it to {longest}."
    if name in IDENTIFIERS and not identifiers.FORM.fullmatch(value):
        return f"{shown(value)}: use letters, digits, dot, dash and underscore."
    if name == "contact":
        return _contact(value)[1]
    return ""


@lru_cache(maxsize=4096)
def _contact(value: str) -> tuple[str, str]:
    """The normal form of an address, or the fault; a tenant's contact stands on every line of it."""
    try:
        return normalise(value), ""
    except AddressError as error:
        return "", str(error)


def shown(value: str) -> str:
    """A value for a message: quoted, escaped, cut short."""
    return ascii(value if len(value) <= 60 else f"{value[:57]}...")
