"""`api_token`: a secret is printed once, listed never, and revoked by its number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

from incidents import access
from incidents.models import ApiToken
from incidents.services.access import tokens
from statuspage.api.answers.problems import ProblemError
from statuspage.api.authentication import require

pytestmark = pytest.mark.django_db
Output = pytest.CaptureFixture[str]


def test_a_token_is_printed_once_and_opens_until_it_is_revoked(
    operator: User, capsys: Output
) -> None:
    call_command("api_token", "olga", "--name", "impact analysis", "--days", "7")
    secret = capsys.readouterr().out.strip()
    found = tokens.find(secret=secret, now=datetime.now(UTC))
    assert found is not None
    assert (found.user, found.name, (found.expires_at - found.created_at).days) == (
        operator,
        "impact analysis",
        7,
    )

    call_command("api_token", "olga", "--list")
    listed = capsys.readouterr().out
    assert "impact analysis  valid" in listed
    assert secret not in listed

    call_command("api_token", "olga", "--revoke", str(found.pk))
    assert tokens.find(secret=secret, now=datetime.now(UTC)) is None
    call_command("api_token", "olga", "--list")
    assert "revoked" in capsys.readouterr().out


def test_a_token_has_the_scopes_it_is_given_and_says_so(operator: User, capsys: Output) -> None:
    call_command(
        "api_token", "olga", "--scope", "impacted-list:replace", "--scope", "incident:view"
    )
    found = tokens.find(secret=capsys.readouterr().out.strip(), now=datetime.now(UTC))
    assert found is not None
    assert found.scopes == ["impacted-list:replace", "incident:view"]

    call_command("api_token", "olga", "--list")
    assert "for impacted-list:replace, incident:view" in capsys.readouterr().out


def test_without_scopes_a_token_is_for_whatever_its_user_may_and_no_more(capsys: Output) -> None:
    user = User.objects.create(username="rita", is_staff=True)
    user.groups.add(Group.objects.get(name="reporter"))
    call_command("api_token", "rita")
    printed = capsys.readouterr()
    found = tokens.find(secret=printed.out.strip(), now=datetime.now(UTC))
    assert found is not None
    assert "for all its user may" in printed.err
    for name, act in access.SCOPES.items():
        for permission in act.permissions:
            assert access.in_scope(found.scopes, permission), name
    require(found, *access.SCOPES["incident:view"].permissions)
    with pytest.raises(ProblemError, match="403"):
        require(found, *access.SCOPES["incident:declare"].permissions)


def test_its_end_and_its_last_use_are_listed(operator: User, capsys: Output) -> None:
    call_command("api_token", "olga")
    secret = capsys.readouterr().out.strip()
    call_command("api_token", "olga", "--list")
    assert ", used never, " in capsys.readouterr().out

    token = ApiToken.objects.get()
    first = token.created_at + timedelta(days=1)
    for used in (first, first + timedelta(seconds=30), first + timedelta(days=2)):
        assert tokens.find(secret=secret, now=used)
    call_command("api_token", "olga", "--list")
    listed = capsys.readouterr().out
    assert f"until {token.created_at + timedelta(days=90):%Y-%m-%d}" in listed
    assert f"used {first + timedelta(days=2):%Y-%m-%d %H:%M}" in listed

    for moment, opens in (
        (token.expires_at - timedelta(seconds=1), True),
        (token.expires_at, False),
    ):
        assert bool(tokens.find(secret=secret, now=moment)) is opens


def test_a_user_gives_no_more_than_it_has() -> None:
    user = User.objects.create(username="rita", is_staff=True)
    user.groups.add(Group.objects.get(name="reporter"))
    with pytest.raises(
        CommandError, match=r"'incident:declare' is none that rita may have; use .*incident:view"
    ):
        call_command("api_token", "rita", "--scope", "incident:declare")
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "there is no user 'nobody'"),
        (["olga", "--days", "0"], "days: is not between 1 and 366"),
        (["olga", "--days", "99999999999"], "days: is not between 1 and 366"),
        (["olga", "--name", " "], "name: is empty"),
        (["olga", "--revoke", "77"], "has no token 77"),
        (["reader"], "may not enter the desk"),
        (["olga", "--scope", "all"], "scope: 'all' is none that olga may have"),
    ],
)
def test_what_cannot_be_is_said(operator: User, arguments: list[str], words: str) -> None:
    User.objects.create(username="reader")
    with pytest.raises(CommandError, match=words) as refused:
        call_command("api_token", *arguments)
    assert refused.value.returncode == 2
    assert not ApiToken.objects.exists()
