"""Customer files: CSV in, checked plain rows out. Pure; reads a stream, so size does not matter.

The first line names the columns, in any order; each further line is one cell of a footprint::

    tenant,tenant_name,contact,subscription,subscription_name,service,region
    contoso,Contoso Ltd,ops@contoso.example,contoso-prod,Production,key-vault,west-europe
    contoso,Contoso Ltd,ops@contoso.example,contoso-prod,Production,Storage,West Europe

- tenant, subscription: identifiers of letters, digits, dot, dash and underscore, unique among all
- contact: the address that hears what no alert rule catches
- service, region: slug or name of the catalogue; region `global` for a non-regional service. Both
  empty: the subscription is known, but runs nowhere
- subscription_name may be empty. UTF-8, with commas
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from incidents.importers.catalogue_file import derive_slug
from notifications.addresses import AddressError, normalise

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
LONGEST = {"tenant": 64, "subscription": 64, "contact": 254}
LONGEST_TEXT = 200
REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# A spreadsheet that opens an export of these values would run them.
FORMULA = ("=", "+", "-", "@")
MOST_BYTES_A_LINE = 64 * 1024
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
        reader = csv.reader(self._lines(), strict=True)
        try:
            columns = self._columns(next(reader, None))
            for values in reader:
                if not values:
                    continue
                row = self._row(columns, values, reader.line_num)
                if row is not None:
                    yield row
                if len(self.faults) >= MOST_FAULTS:
                    return
        except csv.Error as error:
            self._stop(reader.line_num, f"cannot be read as CSV ({error}); check its quotes.")

    def _lines(self) -> Iterator[str]:
        number = 0
        while data := self._stream.readline(MOST_BYTES_A_LINE):
            number += 1
            if number == 1 and data.startswith((b"\xff\xfe", b"\xfe\xff")):
                self._stop(1, "is UTF-16; save the file as UTF-8.")
            if len(data) == MOST_BYTES_A_LINE:
                self._stop(number, "is longer than 64 KiB; this is no customer file.")
            if b"\x00" in data:
                self._stop(number, "is binary; name a CSV text file.")
            try:
                yield data.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                self._stop(number, f"is not UTF-8 (byte 0x{byte:02X}); save the file as UTF-8.")

    def _columns(self, header: list[str] | None) -> list[str]:
        names = [name.strip().lower() for name in header or []]
        if not any(names):
            self._stop(1, f"has no column names; write {','.join(COLUMNS)}")
        if len(names) == 1 and ";" in names[0]:
            self._stop(1, "has semicolons between the columns; save it with commas.")
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            self._stop(1, f"lacks the column {', '.join(missing)}; add it.")
        strange = [name for name in names if name not in COLUMNS]
        if strange or len(set(names)) != len(names):
            found = shown(strange[0] if strange else max(names, key=names.count))
            self._stop(1, f"has the column {found} too much; remove it.")
        return names

    def _row(self, columns: list[str], values: list[str], line: int) -> CustomerRow | None:
        if len(values) != len(columns):
            self._note(line, f"has {len(values)} values for {len(columns)} columns; check commas.")
            return None
        fields = dict(zip(columns, (value.strip(" ") for value in values), strict=True))
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
    if name in ("tenant", "subscription") and not REF.fullmatch(value):
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
