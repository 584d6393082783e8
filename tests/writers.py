"""Who writes rows about incidents: asked of every statement that a test leads to, however it was written."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_WRITES = re.compile(
    r'\s*(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE) "?incidents_(\w+)', re.IGNORECASE
)
# Between the writer and the database, or around it.
_PASSED_OVER = (
    "incidents/models/",
    "incidents/services/access/audit_trail.py",
    "statuspage/acting.py",
    "statuspage/error_pages.py",
    "statuspage/middleware.py",
    "statuspage/sign_in/",
    "tests/writers.py",
)
WRITERS = (
    "incidents/services/",
    "incidents/migrations/",
    "incidents/admin.py",  # names of the catalogue; it counts the revision up itself
    "tests/",
)


def only_services_write(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """An execute wrapper of Django. Raises AssertionError for a write from elsewhere."""
    found = _WRITES.match(sql) if isinstance(sql, str) else None
    if found and not (writer := _writer()).startswith(WRITERS):
        raise AssertionError(f"{writer} writes incidents_{found[1]}; only incidents.services may")
    return execute(sql, params, many, context)


def _writer() -> str:
    """The innermost file of the product, or of the tests, that the statement comes from."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and ".venv" not in path.parts:
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(_PASSED_OVER):
                return name
        frame = frame.f_back
    return "tests/"
