"""What operations may answer, for the description of the API."""

from __future__ import annotations

from typing import Any

READ_REFUSED = (400, 401, 403, 404, 405, 422, 429, 503)
WRITE_REFUSED = (*READ_REFUSED, 409, 413)


# Refusals are raised, and all alike, so that none has a model here: django-ninja makes a class for each status of each
# operation, and those of refusals were 750, eight megabytes. `described` says what they look like.


def reads(model: type[Any]) -> dict[Any, Any]:
    return {200: model} | dict.fromkeys(READ_REFUSED)


def writes(model: type[Any] | None, *statuses: int) -> dict[Any, Any]:
    return dict.fromkeys(statuses, model) | dict.fromkeys(WRITE_REFUSED)
