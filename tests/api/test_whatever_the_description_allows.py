"""Whatever the description of the API allows, and much that it does not: whoever asks, the server never fails.

EXAMPLES=500: so many requests of each operation.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from incidents.access import SCOPES
from incidents.services.access import tokens
from incidents.services.incident import declare
from notifications.subscribers.request_rate_limits import RateLimit
from statuspage.api import authentication
from statuspage.api.reference import document
from tests.conftest import declaration
from tests.notifications.cast import tenant

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("EXAMPLES", "4"))
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {
    found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# By these names something is known; what is made up alone would never get past "there is no such".
KNOWN = {
    "service": "key-vault",
    "region": "west-europe",
    "services": ["key-vault"],
    "regions": ["west-europe"],
    "subscription": "contoso-1",
    "ref": "contoso",
}


def known(value: Any) -> Any:
    """The same, with what is known in place of what was made up."""
    if isinstance(value, dict):
        return {name: KNOWN.get(name) or known(each) for name, each in value.items()}
    return [known(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_makes_the_server_fail(
    label: str,
    catalogue: None,
    operator: User,
    application: WSGIHandler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = datetime.now(UTC)
    tenant("contoso", ("key-vault", "west-europe"))
    incident = declare(
        declaration=declaration(started_at=now - timedelta(hours=1)), now=now, actor=operator
    )
    many = RateLimit(f"many-{now.timestamp()}", 10**9, timedelta(minutes=1))
    monkeypatch.setattr(authentication, "REFUSALS", many)
    monkeypatch.setattr(authentication, "PER_TOKEN", many)
    allowed = OPERATIONS[label].as_strategy()
    other = OPERATIONS[label].as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @cache
    def secret(who: str) -> str:
        if who == "none":
            return ""
        scopes = None if who == "all" else [who]
        return tokens.issue(user=operator, name="t", now=now, scopes=scopes)[1]

    # The same ones every time, unless more are asked for: no run of the suite is refused by chance.
    @settings(
        max_examples=EXAMPLES,
        derandomize="EXAMPLES" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=allowed | other,
        who=st.sampled_from(["all", "all", "all", "none", *SCOPES]),
        is_known=st.booleans() | st.just(True),
    )
    def asked(case: schemathesis.Case[Any], who: str, is_known: bool) -> None:
        if is_known:
            case.body = known(case.body)
            case.path_parameters = known(case.path_parameters)
            if "tracking_id" in case.path_parameters:
                case.path_parameters["tracking_id"] = incident.tracking_id
        answer = case.call(app=application, headers={"Authorization": f"Bearer {secret(who)}"})
        case.validate_response(answer, checks=CHECKS)

    asked()
