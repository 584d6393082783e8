"""Every operation of the API asks for its scope: a token for another one is refused, its own gets past the door."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.access import SCOPES, in_scope
from incidents.services.access import tokens
from statuspage.api.application import api
from statuspage.api.authentication import Bearer
from statuspage.api.reference import document

pytestmark = pytest.mark.django_db
OPERATIONS = [
    (method, path, auth)
    for router in api._get_bound_routers()
    for name, view in router.path_operations.items()
    for operation in view.operations
    for method in operation.methods
    for auth in operation.auth_callbacks
    for path in [
        f"/api/v1/{router.prefix.strip('/')}/{name.strip('/')}".replace("//", "/").rstrip("/")
    ]
]


def answer(method: str, path: str, secret: str) -> int:
    address = re.sub(r"\{[^}]+\}", "nowhere", path)
    response = Client().generic(
        method, address, json.dumps({}), content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )  # fmt: skip
    return response.status_code


def test_every_operation_of_the_description_has_a_guard() -> None:
    described = {
        (method.upper(), path)
        for path, each in document()["paths"].items()
        for method in each
        if method in ("get", "post", "put", "delete", "patch")
    }
    assert {(method, path) for method, path, _ in OPERATIONS} == described


@pytest.mark.parametrize(("method", "path", "auth"), OPERATIONS)
def test_its_own_scopes_get_past_the_door_and_all_others_do_not(
    operator: User, method: str, path: str, auth: Bearer
) -> None:
    reached = any if auth.any_of else all
    own = [name for name in SCOPES if any(in_scope([name], each) for each in auth.permissions)]
    others = [name for name in SCOPES if name not in own]
    assert own
    assert reached(in_scope(own, each) for each in auth.permissions)
    now = datetime.now(UTC)
    for scopes, passes in ((own, True), (others, False)):
        _, secret = tokens.issue(user=operator, name="t", now=now, scopes=scopes)
        status = answer(method, path, secret)
        assert (status not in (401, 403)) is passes, f"{scopes}: {status}"
        assert status < 500
