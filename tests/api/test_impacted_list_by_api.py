"""An impacted list handed in by a script: looked at, put into force, refused line by line."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident
from incidents.services.decisions.operator_decisions import set_audience
from notifications.customers import impacted_file
from notifications.delivery import plan
from notifications.models import AudienceVersion, FanOut
from tests.api.conftest import Put, listed, path_of, told

pytestmark = pytest.mark.django_db


def test_a_list_is_replaced_and_the_answer_counts_what_changed(
    put: Put, incident: Incident
) -> None:
    put(b"litware-1\n")

    answer = put(b"why,subscription\na,contoso-1\nb,fabrikam-1\n")

    assert told(answer) == {
        "tracking_id": incident.tracking_id,
        "dry_run": False,
        "version": 2,
        "subscriptions": 2,
        "added": 2,
        "removed": 1,
        "sample": {"added": ["contoso-1", "fabrikam-1"], "removed": ["litware-1"]},
        "receivers": 0,
    }
    assert listed(incident) == {"contoso-1", "fabrikam-1"}


def test_a_dry_run_says_the_same_and_changes_nothing(put: Put, incident: Incident) -> None:
    put(b"litware-1\n")

    looked = told(put(b"contoso-1\n", "?dry_run=1"))

    assert (looked["added"], looked["removed"], looked["version"]) == (1, 1, 1)
    assert looked["dry_run"] is True
    assert listed(incident) == {"litware-1"}


def test_the_same_list_again_is_no_new_version_and_tells_nobody_anew(
    put: Put, incident: Incident, operator: User
) -> None:
    now = datetime.now(UTC)
    put(b"contoso-1\n")
    set_audience(incident_id=incident.pk, audience="confirmed", now=now, actor=operator)
    plan.plan_due(now=now)
    put(b"contoso-1\nfabrikam-1\n")
    fan_outs = FanOut.objects.count()

    again = told(put(b"subscription\nfabrikam-1\ncontoso-1\ncontoso-1\n"))

    assert (again["version"], again["added"], again["receivers"]) == (2, 0, 0)
    assert (AudienceVersion.objects.count(), FanOut.objects.count()) == (2, fan_outs)


def test_so_many_receivers_need_their_number(
    put: Put, incident: Incident, operator: User, settings: Any
) -> None:
    settings.CONFIRM_RECEIVERS = 2
    now = datetime.now(UTC)
    assert put(b"litware-1\n").status_code == 200
    set_audience(incident_id=incident.pk, audience="confirmed", now=now, actor=operator)
    plan.plan_due(now=now)
    body = b"contoso-1\nfabrikam-1\n"

    for query in ("", "?confirm=1"):
        answer = put(body, query)
        assert answer.status_code == 409
        assert [told(answer)[key] for key in ("added", "removed", "confirm")] == [2, 1, 2]
    assert told(put(body, "?dry_run=1"))["receivers"] == 2
    assert listed(incident) == {"litware-1"}

    assert put(body, "?confirm=2").status_code == 200
    assert listed(incident) == {"contoso-1", "fabrikam-1"}
    assert put(body).status_code == 200  # nothing changes: nothing to confirm


def test_every_faulty_line_is_named_with_field_value_and_remedy(
    put: Put, incident: Incident
) -> None:
    answer = put(b"contoso-1\nnobody-7\n=cmd()\n")

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told(answer)["errors"] == [
        {
            "line": 2,
            "field": "subscription",
            "value": "nobody-7",
            "problem": "is no known subscription",
            "remedy": "load the customers first, or remove it",
        },
        {
            "line": 3,
            "field": "subscription",
            "value": "'=cmd()'",
            "problem": "is no identifier of a subscription",
            "remedy": "use letters, digits, dot, dash and underscore",
        },
    ]
    assert listed(incident) == set()


def test_many_faults_are_counted_and_the_first_hundred_listed(put: Put) -> None:
    answer = told(put(b"!\nnobody\n" * 150))
    assert (answer["errors_total"], len(answer["errors"])) == (300, 100)
    assert [each["line"] for each in answer["errors"]] == list(range(1, 101))


@pytest.mark.parametrize(
    ("body", "line", "problem"),
    [
        (b"contoso-1\nfabrik\xe4m-1\n", 2, "is not UTF-8"),
        (b"\xff\xfec\x00o", 1, "is not UTF-16"),
        (b"contoso\x00\n", 1, "is binary"),
        (b'contoso-1\n"' + b"x" * 200_000, 2, "is longer than 64 KiB"),
    ],
)
def test_what_is_no_text_is_refused_with_the_line(
    put: Put, incident: Incident, body: bytes, line: int, problem: str
) -> None:
    answer = put(body)
    (error,) = told(answer)["errors"]
    assert (answer.status_code, error["line"]) == (422, line)
    assert error["problem"].startswith(problem)
    assert listed(incident) == set()


@pytest.mark.parametrize("body", [b"", b"\n\n", b"subscription\n"])
def test_an_empty_list_is_not_taken_for_nobody(put: Put, incident: Incident, body: bytes) -> None:
    put(b"contoso-1\n")
    assert put(body).status_code == 422
    assert listed(incident) == {"contoso-1"}


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("application/x-www-form-urlencoded", {}),
        ("multipart/form-data; boundary=x", {}),
        ("text/csv; charset=utf-16", {}),
        ("text/csv", {"Content-Encoding": "gzip"}),
    ],
)
def test_another_type_is_refused_before_it_is_read(
    put: Put, content_type: str, headers: dict[str, str]
) -> None:
    answer = put(content_type=content_type, **headers)
    assert (answer.status_code, answer.headers["Accept"]) == (415, "text/csv")


def test_a_charset_that_is_utf_8_is_taken(put: Put) -> None:
    assert put(content_type="text/csv; charset=UTF-8").status_code == 200


def test_too_large_a_list_is_refused_by_its_length(put: Put, monkeypatch: Any) -> None:
    monkeypatch.setattr("statuspage.api.impacted.LARGEST", 10)
    answer = put(b"contoso-12\n")
    assert answer.status_code == 413
    assert "load_impacted" in told(answer)["detail"]
    assert impacted_file.LARGEST > 10


@pytest.mark.parametrize(
    ("length", "status"),
    [
        (None, HTTPStatus.LENGTH_REQUIRED),
        ("-1", HTTPStatus.LENGTH_REQUIRED),
        ("9" * 30, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ("99", HTTPStatus.BAD_REQUEST),  # the sender went away: a part of a list is another list
    ],
)
def test_a_body_without_its_true_length_is_no_list(
    incident: Incident, secret: str, length: str | None, status: HTTPStatus
) -> None:
    environ: dict[str, Any] = {"wsgi.input": BytesIO(b"contoso-1\n"), "CONTENT_LENGTH": length}
    if length is None:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"

    answer = Client().generic(
        "PUT",
        path_of(incident),
        b"contoso-1\n",
        content_type="text/csv",
        headers={"Authorization": f"Bearer {secret}"},
        **environ,
    )

    assert answer.status_code == status
    assert listed(incident) == set()


@pytest.mark.parametrize(
    ("query", "field"),
    [("?dryrun=1", "dryrun"), ("?dry_run=perhaps", "dry_run"), ("?confirm=all", "confirm")],
)
def test_a_mistyped_question_changes_nothing(
    put: Put, incident: Incident, query: str, field: str
) -> None:
    answer = put(b"contoso-1\n", query)
    assert answer.status_code == 422
    assert [each["field"] for each in told(answer)["errors"]] == [field]
    assert listed(incident) == set()


def test_a_list_may_be_json_too(put: Put, incident: Incident) -> None:
    answer = put(b'{"subscriptions": ["contoso-1", "litware-1"]}', content_type="application/json")
    assert told(answer)["added"] == 2
    assert listed(incident) == {"contoso-1", "litware-1"}

    for body in (b"[]", b"{", b'{"subscriptions": [7]}', b'{"subscriptions": [], "more": 1}'):
        assert put(body, content_type="application/json").status_code in (400, 422)
    assert listed(incident) == {"contoso-1", "litware-1"}


def test_the_address_of_before_still_works(put: Put, incident: Incident, secret: str) -> None:
    answer = Client().put(
        f"/api/desk/incidents/{incident.tracking_id}/impacted",
        b"contoso-1\n",
        content_type="text/csv",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 200
    assert listed(incident) == {"contoso-1"}
