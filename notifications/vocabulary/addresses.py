"""Addresses: those of mail checked and brought into one form; every one as it may be shown. Pure.

The form: no surrounding blanks, the domain in lower case and in ASCII (IDNA 2008). The local part
keeps its case, because only the receiving host may say that case does not matter there.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

import idna

# The dot-atom of RFC 5322. Quoted local parts and address literals are legal and used by nobody.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
LONGEST = 254
TAIL = 4


class AddressError(ValueError):
    """Not an address that mail can be sent to; the message says why and never contains raw controls."""


def normalise(raw: str) -> str:
    """The normal form of a mail address. Raises AddressError."""
    text = raw.strip(" ")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in text):
        raise AddressError("contains a control or invisible character; type it again.")
    local, at, domain = text.rpartition("@")
    if not at or "@" in local:
        raise AddressError(f"{text[:80]!r} has no or more than one @; use name@example.com.")
    if not _LOCAL.fullmatch(local) or len(local) > 64:
        raise AddressError(
            f"{text[:80]!r}: the part before the @ is not usable; use letters, digits and .+_-"
        )
    address = f"{local}@{_domain(domain, text)}"
    if len(address) > LONGEST:
        raise AddressError(f"is longer than {LONGEST} characters.")
    return address


def parts_of(typed: str) -> SplitResult:
    """Of a web address as it was typed. Raises AddressError for what is none, such as `https://[`."""
    try:
        return urlsplit(typed)
    except ValueError as error:
        raise AddressError("is no web address; use https://host/path.") from error


def normalise_web(address: str) -> str:
    """A web address with scheme and host in lower case, where letters' case says nothing (RFC 3986, 6.2.2.1)."""
    scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{mark}{host.lower()}{slash}{path}"


def label(address: str) -> str:
    """An address as it may be shown. Whoever knows a web address may post to it: host and a tail must do.

    `hooks.example.com/…x9Qz`; no tail where it would give away a good part of a short path. A mail
    address is shown whole.
    """
    scheme, is_web, _ = address.partition("://")
    if not is_web:
        return address
    if scheme not in ("http", "https"):  # Apprise's: a token may stand where the web has a host
        return f"{scheme}://…"
    host = urlsplit(address).netloc
    secret = address[len(scheme) + len(is_web) + len(host) :]
    return f"{host}/…{secret[-TAIL:] if len(secret) >= 4 * TAIL else ''}"


def _domain(domain: str, text: str) -> str:
    try:
        ascii_form = idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise AddressError(f"{text[:80]!r}: the part after the @ is no domain.") from error
    labels = ascii_form.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressError(f"{text[:80]!r}: the part after the @ is no domain.")
    if labels[-1].isdigit():
        raise AddressError(f"{text[:80]!r}: use a domain name, not a number.")
    return ascii_form
