"""Refusals as JSON a script can read: Problem Details (RFC 9457)."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from django.http import JsonResponse


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
            "value": self.value[:200],
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
    answer = JsonResponse(
        told | more, status=status, content_type="application/problem+json", headers=headers
    )
    return ProblemError(answer)
