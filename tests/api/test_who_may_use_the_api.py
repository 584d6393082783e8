"""The API lets in whom the desk lets in for the same act, by a token instead of a session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from incidents.models import ApiToken, Incident
from incidents.services.access import tokens
from notifications.models import AudienceVersion
from tests.api.conftest import Put, listed, path_of, token_of, told

pytestmark = pytest.mark.django_db


def person(*permissions: str, staff: bool = True) -> tuple[User, str]:
    user = User.objects.create(username="petra", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    secret = token_of(user)[1]
    User.objects.update(is_staff=staff)
    return user, secret


def test_who_may_replace_lists_replaces_a_list_and_is_named_with_the_token(
    put: Put, incident: Incident
) -> None:
    user, secret = person("view_incident", "replace_list")

    assert put(token=secret).status_code == 200

    version = AudienceVersion.objects.get()
    assert version.actor == user
    assert version.token is not None
    assert version.token.name == "impact analysis"
    assert listed(incident) == {"contoso-1"}


def test_a_token_reaches_no_further_than_its_scopes_nor_than_its_user(
    put: Put, incident: Incident, operator: User
) -> None:
    now = datetime.now(UTC)
    looks = tokens.issue(user=operator, name="looks", now=now, scopes=["incident:view"])[1]
    lists = tokens.issue(user=operator, name="lists", now=now, scopes=["impacted-list:replace"])[1]

    answer = put(token=looks)
    assert answer.status_code == 403
    assert "for incident:view; this needs impacted-list:replace" in told(answer)["detail"]
    assert listed(incident) == set()
    assert put(token=lists).status_code == 200

    User.objects.update(is_superuser=False)
    assert put(token=lists).status_code == 403


@pytest.mark.parametrize(
    ("permissions", "staff"),
    [
        ((), True),
        (("view_incident", "add_incident", "view_delivery", "retry_delivery"), True),
        (("view_incident", "replace_list"), False),
    ],
)
def test_without_the_permission_or_without_being_staff_nothing_happens(
    put: Put, incident: Incident, permissions: tuple[str, ...], staff: bool
) -> None:
    _, secret = person(*permissions, staff=staff)

    there, nowhere = put(token=secret), put(token=secret, to="ABCD-123")

    assert there.status_code == nowhere.status_code == 403
    assert there.content == nowhere.content
    assert listed(incident) == set()


def test_a_token_that_expired_or_was_revoked_or_whose_user_left_opens_nothing(
    put: Put, incident: Incident, operator: User
) -> None:
    _, expired = token_of(operator, now=datetime.now(UTC) - timedelta(days=91))
    token, revoked = token_of(operator)
    tokens.revoke(token_id=token.pk, now=datetime.now(UTC))
    user, orphan = person("change_incident")
    User.objects.filter(pk=user.pk).update(is_active=False, is_staff=True)

    answers = [put(token=each) for each in (expired, revoked, orphan, "desk_" + "x" * 43, "ü", "")]

    assert [answer.status_code for answer in answers] == [401] * 6
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert len({answer.content for answer in answers}) == 1
    assert listed(incident) == set()


def test_a_session_or_a_password_is_no_token(incident: Incident, operator: User) -> None:
    signed_in = Client()
    signed_in.force_login(operator)
    for headers in ({}, {"Authorization": "Basic b2xnYTpwdw=="}):
        answer = signed_in.put(
            path_of(incident), b"contoso-1\n", content_type="text/csv", headers=headers
        )
        assert answer.status_code == 401
    assert listed(incident) == set()


def test_who_is_refused_too_often_is_told_to_wait_and_a_good_token_still_works(put: Put) -> None:
    refused = [put(token="desk_" + "x" * 43) for _ in range(12)]

    assert [answer.status_code for answer in refused] == [401] * 10 + [429] * 2
    assert 0 < int(refused[-1].headers["Retry-After"]) <= 600
    assert put().status_code == 200


@pytest.mark.parametrize("kind", ["unknown", "told by a history text"])
def test_what_the_desk_does_not_write_to_is_not_there(
    put: Put, incident: Incident, kind: str
) -> None:
    unknown = put(to="ABCD-123")
    if kind != "unknown":
        Incident.objects.update(backfilled=True)
        assert put().content == unknown.content
    assert unknown.status_code == 404
    assert unknown.headers["Content-Type"] == "application/problem+json"


def test_the_address_ends_with_or_without_a_slash_and_others_lead_nowhere(
    incident: Incident,
) -> None:
    path = path_of(incident)
    client = Client(enforce_csrf_checks=True)
    assert [client.put(each).status_code for each in (path, path + "/")] == [401, 401]
    for astray in (path + "/300k.csv", path + "s", "/api/desk/"):
        answer = client.put(astray)
        assert (answer.status_code, told(answer)["title"]) == (404, "Not Found")


@pytest.mark.parametrize("method", ["get", "head", "post", "delete", "patch", "options"])
def test_a_list_is_put_and_nothing_else(incident: Incident, method: str) -> None:
    answer = getattr(Client(), method)(path_of(incident))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "PUT")


def test_no_answer_sets_a_cookie_or_may_be_kept(put: Put) -> None:
    for answer in (put(), put(b"nobody\n"), put(token="x"), put(to="ABCD-123")):
        assert not answer.cookies
        assert "no-store" in answer.headers["Cache-Control"]
        assert "Cookie" not in answer.headers.get("Vary", "")


def test_only_a_digest_of_a_token_is_stored_and_its_use_is_noted(put: Put, secret: str) -> None:
    put()
    token = ApiToken.objects.get()
    assert secret not in str(vars(token))
    assert token.last_used_at is not None
