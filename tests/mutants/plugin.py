"""Gives each process that mutmut forks a database of its own: the first in `MUTANTS_DATABASES` that nobody holds.

They are copies of one template, so that no mutant waits for migrations, or for another mutant's locks. Whoever holds
one says so in its file until the tests are over: a process that ran out of time leaves rows behind, and the next to
take its database makes it anew, or all that follows would fail there and be called killed.
"""

from __future__ import annotations

import fcntl
import os
import time
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import django.test.utils
import hypothesis
import psycopg
import pytest
from django.db import connections
from psycopg import sql

FOLDER = Path(
    os.environ["MUTANTS_DATABASES"]
)  # of files, each named as a database: empty where it is free and whole
TEMPLATE = os.environ["MUTANTS_TEMPLATE"]
_held: dict[int, TextIOWrapper] = {}


def pytest_configure(config: pytest.Config) -> None:
    django.test.utils.setup_databases = _use_own  # what pytest-django will call
    # Nobody reads the smallest example; to look for it takes longer than a mutant may.
    house = hypothesis.settings.get_profile("house")
    without = [each for each in hypothesis.Phase if each is not hypothesis.Phase.shrink]
    hypothesis.settings.register_profile("mutants", house, phases=without)
    hypothesis.settings.load_profile("mutants")


def pytest_unconfigure(config: pytest.Config) -> None:
    if file := _held.get(os.getpid()):
        file.truncate(0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unchanged code is tried twice by mutmut, and has passed all tests the first time: then one will do."""
    if os.environ.get("MUTANT_UNDER_TEST") == "":
        del items[1:]


def _make(name: str) -> None:
    """The template once more."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        connection.execute(drop.format(sql.Identifier(name)))
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))


def _use_own(*args: Any, **kwargs: Any) -> list[Any]:
    if os.getpid() not in _held:
        _held[os.getpid()] = _free()
    file = _held[os.getpid()]
    name = Path(file.name).name
    file.seek(0)
    if file.read():
        _make(name)
    file.seek(0)
    file.truncate()
    file.write("held")
    file.flush()
    connections["default"].settings_dict["NAME"] = name
    return []


def _free() -> TextIOWrapper:
    while True:
        for path in sorted(FOLDER.iterdir()):
            file = path.open("r+")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            return file
        time.sleep(0.05)


# A connection is closed before the fork: two processes can't talk over one.
os.register_at_fork(before=connections.close_all)
