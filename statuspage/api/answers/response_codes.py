"""What operations may answer, for the description of the API."""

from __future__ import annotations

from typing import Any

from statuspage.api.answers.problems import Problem

READ_REFUSED = (400, 401, 403, 404, 405, 422, 429, 503)
WRITE_REFUSED = (*READ_REFUSED, 409, 413)


def reads(model: type[Any]) -> dict[Any, Any]:
    return {200: model} | dict.fromkeys(READ_REFUSED, Problem)


def writes(model: type[Any] | None, *statuses: int) -> dict[Any, Any]:
    return dict.fromkeys(statuses, model) | dict.fromkeys(WRITE_REFUSED, Problem)
