"""Gives each process that mutmut forks a database of its own: the first in `MUTANTS_DATABASES` that nobody holds.

They were made before from one template, so that no mutant waits for migrations, or for another mutant's locks.
"""

from __future__ import annotations

import fcntl
import os
import time
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import django.test.utils
import pytest
from django.db import connections

FOLDER = Path(os.environ["MUTANTS_DATABASES"])  # of empty files, each named as a database
_held: dict[int, TextIOWrapper] = {}


def pytest_configure(config: pytest.Config) -> None:
    django.test.utils.setup_databases = _use_own  # what pytest-django will call


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unchanged code is tried twice by mutmut, and has passed all tests the first time: then one will do."""
    if os.environ.get("MUTANT_UNDER_TEST") == "":
        del items[1:]


def _use_own(*args: Any, **kwargs: Any) -> list[Any]:
    if os.getpid() not in _held:
        _held[os.getpid()] = _free()
    connections["default"].settings_dict["NAME"] = Path(_held[os.getpid()].name).name
    return []


def _free() -> TextIOWrapper:
    while True:
        for path in sorted(FOLDER.iterdir()):
            file = path.open()
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            return file
        time.sleep(0.05)


# A connection is closed before the fork: two processes can't talk over one.
os.register_at_fork(before=connections.close_all)
