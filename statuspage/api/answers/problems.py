"""Refusals as JSON a script can read: Problem Details (RFC 9457)."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from django.http import JsonResponse
from pydantic import BaseModel, ConfigDict

MEDIA_TYPE = "application/problem+json"
LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong: where, what was given, and what to do. `line`: of the body, if it is there."""

    field: str
    value: str
    problem: str
    remedy: str
    line: int | None = None

    def as_json(self) -> dict[str, object]:
        place = {} if self.line is None else {"line": self.line}
        return place | {
            "field": self.field,
            "value": self.value[:LONGEST_VALUE],
            "problem": self.problem,
            "remedy": self.remedy,
        }


class ProblemError(Exception):
    """Ends a request with this answer."""

    def __init__(self, answer: JsonResponse) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


def problem(
    status: HTTPStatus,
    detail: str,
    *wrong: Wrong,
    headers: dict[str, str] | None = None,
    **more: object,
) -> ProblemError:
    """To be raised. `more`: further members of the object; `wrong` becomes `errors`."""
    told: dict[str, object] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }
    if wrong:
        told |= {"errors": [each.as_json() for each in wrong], "errors_total": len(wrong)}
    answer = JsonResponse(told | more, status=status, content_type=MEDIA_TYPE, headers=headers)
    return ProblemError(answer)


class Fault(BaseModel):
    """One thing that is wrong with what was sent."""

    field: str
    value: str
    problem: str
    remedy: str
    line: int | None = None


class Problem(BaseModel):
    """What a refusal looks like (RFC 9457). With 409 comes `confirm`, or `news` and the `etag` of now."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] = []
    errors_total: int = 0
