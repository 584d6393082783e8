"""What our applications of django-ninja share: the reader of bodies, and how every refusal is told."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError, ValidationErrorContext
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.schema import NinjaGenerateJsonSchema

from incidents.policy.documents import decode_text, load_json
from incidents.services.errors import EntryError
from incidents.validation import RefusedError
from statuspage.api.answers.problems import MEDIA_TYPE, Problem, ProblemError, Wrong, problem

log = logging.getLogger(__name__)
METHODS = ("get", "post", "put", "patch", "delete")
SCHEMAS = "#/components/schemas/"
MOST_BODY = 2 * 1024 * 1024  # bytes
# A verb's own name for an input, where it differs from the API's.
FIELDS = {
    "scheduled_for": "scheduled_start",
    "scheduled_until": "scheduled_end",
    "next_update_by": "next_update_at",
}
REMEDIES = {
    "missing": "give it",
    "extra_forbidden": "remove it, or look for its name in the description of the API",
    "timezone_aware": "write an offset, as in 2026-03-01T09:00:00Z",
    "datetime_from_date_parsing": "write ISO 8601 with an offset, as in 2026-03-01T09:00:00Z",
    "datetime_parsing": "write ISO 8601 with an offset, as in 2026-03-01T09:00:00Z",
    "string_pattern_mismatch": "use a-z, 0-9 and single hyphens, as the catalogue does",
    "list_type": "send a list",
    "string_type": "send a text in quotes",
}


class StrictJson(Parser):
    """UTF-8 JSON in which no key is given twice; its Content-Type does not matter."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        try:
            text = decode_text(request.body, MOST_BODY, "body", RefusedError)
            loaded = load_json(text, "body", RefusedError)
        except RefusedError as refused:
            raise problem(HTTPStatus.BAD_REQUEST, f"{refused}.") from None
        return cast("dict[str, Any]", loaded)


def refused(request: HttpRequest, error: ProblemError) -> HttpResponse:
    return error.answer


def entry_refused(request: HttpRequest, error: EntryError) -> HttpResponse:
    field = FIELDS.get(error.field, error.field)
    said, _, remedy = error.message.partition("; ")
    wrong = Wrong(field, _sent(request, field), said.rstrip("."), remedy.rstrip(".") or said)
    detail = f"{field}: {error.message}"
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, wrong).answer


def shape_refused(request: HttpRequest, error: ValidationError) -> HttpResponse:
    wrong = [_wrong(each) for each in error.errors]
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"{wrong[0].field}: {wrong[0].problem}; {wrong[0].remedy}.",
        *wrong[:100],
    ).answer


def http_refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(HTTPStatus(error.status_code), error.message).answer


def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    detail = f"The body has more than {MOST_BODY} bytes; send less at a time."
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail).answer


def cut_off(request: HttpRequest, error: UnreadablePostError) -> HttpResponse:
    return problem(HTTPStatus.BAD_REQUEST, "The body ended early; send it again.").answer


def without_database(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("the API can't reach its database", exc_info=error)
    connection.close()
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database does not answer; nothing was changed. Try again in a minute.",
        headers={"Retry-After": "60"},
    ).answer


def failed(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("an operation of the API failed", exc_info=error)
    got_request_exception.send(sender=Api, request=request)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "This failed for a reason of ours; it is logged, and nothing was changed.",
    ).answer


HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    ProblemError: refused,
    EntryError: entry_refused,
    ValidationError: shape_refused,
    HttpError: http_refused,
    RequestDataTooBig: too_large,
    UnreadablePostError: cut_off,
    OperationalError: without_database,
    InterfaceError: without_database,
    Exception: failed,
}


class Api(NinjaAPI):
    """An application of ours: strict JSON in, every refusal as Problem Details, no pages of the library's own."""

    def __init__(self, **more: Any) -> None:
        super().__init__(docs_url=None, openapi_url=None, parser=StrictJson(), **more)
        for kind, handler in HANDLERS.items():
            self.add_exception_handler(kind, handler)

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """`declare_incident`: what clients made of the description call it, whatever module it is in."""
        return operation.view_func.__name__

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """Keeps what was sent, which the library's own would drop."""
        return ValidationError(
            [
                {**error, "loc": error["loc"], "input": error["input"]}
                for context in error_contexts
                for error in context.pydantic_validation_error.errors(include_url=False)
            ]
        )


def described(api: NinjaAPI, prefix: str) -> dict[str, Any]:
    """OpenAPI 3.1 of what lies below `prefix`; refusals with their media type."""
    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=prefix)))
    found["servers"] = [{"url": settings.BASE_URL}]
    schemas = found["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema(
        ref_template=f"{SCHEMAS}{{model}}", schema_generator=NinjaGenerateJsonSchema
    )
    schemas |= schemas["Problem"].pop("$defs")
    for _, _, operation in operations_of(found):
        for status, answer in operation["responses"].items():
            if int(status) >= HTTPStatus.BAD_REQUEST:
                answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": f"{SCHEMAS}Problem"}}}
    return found


def operations_of(found: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation, in a description."""
    return [
        (path, method, each[method])
        for path, each in found["paths"].items()
        for method in METHODS
        if method in each
    ]


def _wrong(error: dict[str, Any]) -> Wrong:
    """A pydantic error: `impacts[0].region`, what was sent, and what to do."""
    kind, given = error["type"], error.get("input")
    if kind == "question":
        asked = error["ctx"]
        return Wrong(asked["name"], asked["value"], error["msg"], asked["remedy"])
    place = [each for each in error["loc"] if each not in ("body", "query", "path")]
    # What ninja wraps a body or a query in is no name of the sender's.
    if place and place[0] in ("new", "asked"):
        place = place[1:]
    field = ""
    for each in place:
        field += f"[{each}]" if isinstance(each, int) else f".{each}" if field else str(each)
    value = "" if kind == "missing" else given if isinstance(given, str) else repr(given)
    remedy = REMEDIES.get(kind) or _expected(error)
    return Wrong(field or "body", value, error["msg"], remedy)


def _expected(error: dict[str, Any]) -> str:
    context = error.get("ctx") or {}
    if "expected" in context:
        return f"use {context['expected']}"
    return "see the description of the API for what is taken here"


def _sent(request: HttpRequest, field: str) -> str:
    """What the body gave for a field, if it is a plain value at its top."""
    try:
        body = load_json(request.body.decode(), "body", RefusedError)
    except (RefusedError, ValueError, RequestDataTooBig, UnreadablePostError):
        return ""
    value = body.get(field) if isinstance(body, dict) else None
    return "" if value is None or isinstance(value, list | dict) else str(value)
