"""Idempotency-Key: what is asked twice with one key is done once, and answered alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from pydantic import BaseModel

from incidents.models import IdempotentResponse
from incidents.services.access import idempotency
from incidents.services.errors import EntryError
from statuspage.api.answers.problems import Wrong, problem
from statuspage.api.authentication import token_of

KEY_LENGTH = 200
Answered = tuple[int, dict[str, Any]]  # status and body of an answer


def once(request: HttpRequest, act: Callable[[], Answered]) -> Answered:
    """What `act` answers, in one transaction; if the request's key was answered before, that, and nothing is done.

    What is told this once (a secret) must not be in the body: bodies are kept for a day. Raises ProblemError
    (400 or 422 for the key) and what `act` raises; then nothing is kept either.
    """
    with transaction.atomic():
        kept = _begin(request)
        if kept is not None and kept.status:
            return kept.status, kept.answer
        status, told = act()
        if kept is not None:
            idempotency.keep(kept, status=status, answer=told)
    return status, told


def told_once(
    request: HttpRequest,
    act: Callable[[], BaseModel],
    *,
    status: HTTPStatus = HTTPStatus.OK,
    dry_run: bool = False,
) -> HttpResponse:
    """What `act` tells, as an answer; if the key was answered before, that. A dry run is rolled back."""

    def answered() -> Answered:
        return status, act().model_dump(mode="json")

    if dry_run:
        with all_or_nothing(dry_run):
            return JsonResponse(answered()[1])
    code, told = once(request, answered)
    return JsonResponse(told, status=code)


@contextmanager
def all_or_nothing(dry_run: bool) -> Iterator[None]:
    """All or nothing; nothing, too, if it is only looked at."""
    with transaction.atomic():
        yield
        if dry_run:
            transaction.set_rollback(True)


def _begin(request: HttpRequest) -> IdempotentResponse | None:
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return None
    if len(key) > KEY_LENGTH or not key.isprintable():
        raise problem(
            HTTPStatus.BAD_REQUEST,
            "The Idempotency-Key can't be taken.",
            Wrong("Idempotency-Key", key, "is too long or not printable", "send a UUID"),
        )
    asked = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    asked.update(request.body)
    try:
        return idempotency.begin(
            user=token_of(request).user, key=key, request=asked.hexdigest(), now=timezone.now()
        )
    except EntryError as error:
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "This Idempotency-Key was used for another request.",
            Wrong("Idempotency-Key", key, error.message, "send a new one"),
        ) from error
