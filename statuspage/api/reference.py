"""The description of the API: OpenAPI 3.1 for machines, and the same as a page without scripts for people."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from statuspage.api.answers.ninja_api import described, operations_of
from statuspage.api.answers.problems import MEDIA_TYPE
from statuspage.api.application import api

# What the API has answered, recorded by tests/api/test_examples_of_the_api.py.
EXAMPLES = Path(__file__).with_name("examples.json")
HEADERS = {
    "Idempotency-Key": {"description": "Two requests with one key are done once; kept for a day."},
    "If-Match": {
        "description": "The ETag that was seen; 409 with the news if it is another by now."
    },
}
# What every answer to a good token says (IETF draft-ietf-httpapi-ratelimit-headers).
LIMITS = {
    "RateLimit": "What is left in this window: r requests, t seconds until the next one.",
    "RateLimit-Policy": "How many requests (q) a token has in a window of w seconds.",
}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    found = described(api, "api/v1/")
    for path, method, operation in operations_of(found):
        acts = "Outcome" in json.dumps(operation["responses"].get("200", {}))
        taken = {
            "Idempotency-Key": acts or (method == "post" and "409" in operation["responses"]),
            "If-Match": (acts and "{tracking_id}" in path)
            or operation["operationId"] in ("put_catalogue", "put_policy"),
        }
        operation["parameters"] += [
            {"in": "header", "name": name, "required": False, "schema": {"type": "string"}} | more
            for name, more in HEADERS.items()
            if taken[name]
        ]
        for status, answer in operation["responses"].items():
            if int(status) < 400 or status == "429":
                answer["headers"] = {
                    name: {"$ref": f"#/components/headers/{name}"} for name in LIMITS
                }
    found["components"]["headers"] = {
        name: {"description": words, "schema": {"type": "string"}} for name, words in LIMITS.items()
    }
    _illustrate(found)
    return found


def _illustrate(found: dict[str, Any]) -> None:
    """Put what was recorded beside each operation, and beside its refusals one of the same status."""
    examples: dict[str, Any] = json.loads(EXAMPLES.read_text())
    refusals = {name: each for name, each in examples.items() if name.startswith("problem-")}
    found["components"]["examples"] = {
        name: {"value": each["response"]} for name, each in refusals.items()
    }
    for _, _, operation in operations_of(found):
        example = examples.get(operation["operationId"])
        if example is None:
            continue
        for each in operation["parameters"]:
            if each["name"] in example["parameters"]:
                each["example"] = example["parameters"][each["name"]]
        if "request" in example:
            operation["requestBody"]["content"]["application/json"]["example"] = example["request"]
        done = operation["responses"][str(example["status"])]
        done["content"]["application/json"]["example"] = example["response"]
        for status, answer in operation["responses"].items():
            if (name := f"problem-{status}") in refusals and MEDIA_TYPE in answer["content"]:
                there = {"$ref": f"#/components/examples/{name}"}
                answer["content"][MEDIA_TYPE]["examples"] = {name: there}


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(document())


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str
    required: bool
    about: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    parameters: list[Field]
    body: str
    request: str  # an example of the body, and of the answer; JSON
    response: str
    answers: list[tuple[str, str, str]]  # status, what it means, the name of its shape
    refusals: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shape:
    name: str
    about: str
    fields: list[Field]


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    found = document()
    groups: dict[str, list[Entry]] = {}
    for path, method, operation in operations_of(found):
        groups.setdefault(operation["tags"][0], []).append(_entry(path, method, operation))
    for entries in groups.values():
        entries.sort(key=lambda each: each.path)
    shapes = [
        Shape(name, each.get("description", ""), _fields(each))
        for name, each in sorted(found["components"]["schemas"].items())
    ]
    context = {"groups": groups.items(), "shapes": shapes, "about": found["info"]["description"]}
    return render(request, "api/reference.html", context)


def _entry(path: str, method: str, operation: dict[str, Any]) -> Entry:
    content = operation.get("requestBody", {}).get("content", {})
    return Entry(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"].capitalize(),
        about=operation.get("description", ""),
        parameters=[
            Field(
                each["name"],
                _type(each["schema"]),
                each["required"],
                each.get("description", ""),
            )
            for each in operation["parameters"]
        ],
        body=", ".join(f"{_type(each['schema'])} ({kind})" for kind, each in content.items()),
        request=_shown(content.values()),
        response=_shown(
            each
            for status, answer in operation["responses"].items()
            if status < "300"
            for each in answer.get("content", {}).values()
        ),
        answers=[
            (
                status,
                each["description"],
                next((_type(one["schema"]) for one in each.get("content", {}).values()), ""),
            )
            for status, each in sorted(operation["responses"].items())
            if status < "400"
        ],
        refusals=[
            (status, each["description"])
            for status, each in sorted(operation["responses"].items())
            if status >= "400"
        ],
    )


def _shown(content: Iterable[dict[str, Any]]) -> str:
    for each in content:
        if not isinstance(each.get("example", ""), str):
            return json.dumps(each["example"], indent=2, ensure_ascii=False)
    return ""


def _fields(shape: dict[str, Any]) -> list[Field]:
    required = shape.get("required", ())
    return [
        Field(name, _type(each), name in required, each.get("description", ""))
        for name, each in shape.get("properties", {}).items()
    ]


def _type(schema: dict[str, Any]) -> str:
    """`Cell list`, `text or null`, `warning | error`: a schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "anything"))
