"""Readers for settings from the environment. Each refuses nonsense with the variable's name and a remedy."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

# A frozen database must not hold a thread that public pages need: give up after seconds.
PATIENCE = {"connect_timeout": 3, "tcp_user_timeout": 10_000, "keepalives_idle": 10}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def secret(name: str, default: str = "") -> str:
    """`NAME`, or the content of the file that `NAME_FILE` points to (the way container secrets arrive)."""
    path = text(f"{name}_FILE")
    if not path:
        return text(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE={path}: cannot be read ({error}).") from error


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name)
    if value not in ("", "0", "1", "true", "false", "True", "False"):
        raise ImproperlyConfigured(f"{name}={value!r}: use 1 or 0 (or leave it empty).")
    return value in ("1", "true", "True") if value else default


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name}={value!r}: use a whole number from {least} to {most}.")
    return number


def retention(name: str, default: int, *, least: int) -> int:
    """Days; 0 stands for ever, fewer than `least` would take what is still needed."""
    days = integer(name, default)
    if 0 < days < least:
        raise ImproperlyConfigured(
            f"{name}={days}: use at least {least} days, or 0 to keep everything."
        )
    return days


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    value = text(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else list(default)


def several(name: str, known: Collection[str]) -> list[str]:
    """Some of the known words, separated by commas."""
    found = words(name)
    for word in found:
        if word not in known:
            raise ImproperlyConfigured(f"{name}={word!r}: use any of {', '.join(known)}.")
    return found


def pairs(name: str) -> dict[str, str]:
    """`here=there` pairs, separated by commas."""
    found: dict[str, str] = {}
    for word in words(name):
        left, sign, right = (each.strip() for each in word.partition("="))
        if not (left and sign and right):
            raise ImproperlyConfigured(f"{name}={word!r}: use pairs such as cloud-ops=operator.")
        found[left] = right
    return found


def choice(name: str, known: Collection[str]) -> str:
    """One of the known words, or nothing."""
    value = text(name)
    if value and value not in known:
        raise ImproperlyConfigured(f"{name}={value!r}: use one of {', '.join(sorted(known))}.")
    return value


def mail_address(name: str) -> str:
    """A bare mail address such as bounces@example.com, or nothing."""
    value = text(name)
    local, at, domain = value.rpartition("@")
    # The part before the @ is lengthened by 45 letters, and may have 64.
    if value and not (at and domain and re.fullmatch(r"[A-Za-z0-9._-]{1,19}", local)):
        raise ImproperlyConfigured(
            f"{name}={value!r}: use a bare address such as bounces@example.com, with at most 19"
            " letters, digits and ._- before the @."
        )
    return value


def networks(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """IP networks such as 10.1.0.0/16, separated by commas."""
    found = words(name, default)
    for word in found:
        try:
            ip_network(word)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{name}={word!r}: use networks such as 10.1.0.0/16, separated by commas."
            ) from error
    return found


def web_address(name: str, default: str) -> str:
    """An absolute http(s) address without a path, returned without the trailing slash."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(
            f"{name}={value!r}: use an address such as https://status.example.com, without a path."
        )
    return value


def postgres(name: str) -> dict[str, Any]:
    """Django's database options from a PostgreSQL URI; without one, a database nobody can reach.

    Commands that need no database still import the settings, so a missing URI is no error here.
    """
    uri = secret(name)
    options: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "NAME": "statuspage"}
    if not uri:
        return options | {"HOST": "/nonexistent-no-DATABASE_URL", "OPTIONS": {"connect_timeout": 1}}
    if not uri.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(f"{name} must start with postgresql:// (only PostgreSQL works).")
    try:
        parts = conninfo_to_dict(uri)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"{name} is no PostgreSQL address: {error}".strip()) from error
    known = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    for part, option in known.items():
        if (value := parts.pop(part, None)) is not None:
            options[option] = str(value)
    return options | {"OPTIONS": PATIENCE | dict(parts)}


def redis(name: str, default: str) -> str:
    value = secret(name, default)
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(
            f"{name}: use redis://, rediss:// or unix:// (got {value[:12]!r})."
        )
    return value


def is_local(address: str) -> bool:
    """Whether a web address is this machine's own."""
    return is_local_host(urlsplit(address).hostname or "")


def is_local_host(host: str) -> bool:
    """Whether a host is this machine; no host at all, or the folder of a socket, is."""
    host = host.strip("[]").lower()
    return not host or host.startswith(("/", "127.")) or host in ("localhost", "::1")
