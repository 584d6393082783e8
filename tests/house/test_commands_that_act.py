"""Commands that change something say in whose name, by one option, and refuse whoever may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command, get_commands, load_command_class

from incidents import access
from incidents.management.acting import ActingCommand
from incidents.models import ApiToken, AuditEvent
from tests.conftest import CATALOGUE

pytestmark = pytest.mark.django_db
OURS = ("incidents", "notifications", "statuspage")
# They read, write files alone, are processes that run on their own, or belong to the demo.
OTHERS = {
    "audience", "backtest", "decide", "export_audit", "export_incidents", "export_recordings", "export_site", "replay",
    "deliver", "demo", "ensure_operator", "prepare_demo", "publish", "publisher", "rebuild_targets", "seed_demo",
    "seed_demo_events", "worker",
}  # fmt: skip
ACTING = {
    name: command
    for name, app in get_commands().items()
    if app in OURS and isinstance(command := load_command_class(str(app), name), ActingCommand)
}


def test_every_command_acts_in_somebodys_name_or_changes_nothing() -> None:
    ours = {name for name, app in get_commands().items() if app in OURS}
    assert ours - set(ACTING) == OTHERS


@pytest.mark.parametrize("name", ACTING)
def test_each_asks_for_a_right_that_there_is(name: str, db: None) -> None:
    known = {
        f"{app}.{code}"
        for app, code in Permission.objects.values_list("content_type__app_label", "codename")
    }
    assert ACTING[name].permissions
    assert set(ACTING[name].permissions) <= known


def person(name: str, role: str = "") -> User:
    user = User.objects.create(username=name, is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "catalogue.yaml"
    path.write_text(CATALOGUE)
    return str(path)


def test_the_trail_names_who_and_by_what(file: str) -> None:
    person("ada", access.APPROVER)
    call_command("load_catalogue", file, "--as", "ada")
    found = AuditEvent.objects.filter(what="incidents_service")
    assert set(found.values_list("actor", "via")) == {("ada", "manage.py load_catalogue")}


def test_without_a_name_the_trail_has_the_command(file: str) -> None:
    call_command("load_catalogue", file)
    found = AuditEvent.objects.filter(what="incidents_service")
    assert set(found.values_list("actor", "via")) == {("", "manage.py load_catalogue")}


@pytest.mark.parametrize("role", [access.REPORTER, access.OPERATOR, access.AUDITOR, "", "gone"])
def test_who_may_not_is_refused_and_nothing_happens(file: str, role: str) -> None:
    user = person("rita", "" if role == "gone" else role)
    if role == "gone":
        user.groups.add(Group.objects.get(name=access.APPROVER))
        User.objects.update(is_active=False)
    with pytest.raises(CommandError, match=r"'rita': may not do this; needs catalogue:change") as e:
        call_command("load_catalogue", file, "--as", "rita")
    assert e.value.returncode == 2
    assert not AuditEvent.objects.filter(what="incidents_service").exists()


def test_a_name_that_is_nobodys_is_refused(file: str) -> None:
    with pytest.raises(CommandError, match="'nobody': there is no such user"):
        call_command("load_catalogue", file, "--as", "nobody")


def test_only_who_gives_out_rights_makes_tokens(operator: User) -> None:
    person("ada", access.APPROVER)
    with pytest.raises(CommandError, match="token:revoke"):
        call_command("api_token", "olga", "--as", "ada")
    assert not ApiToken.objects.exists()
    call_command("api_token", "olga", "--as", "olga")
    event = AuditEvent.objects.get(what="incidents_apitoken", verb="insert")
    assert (event.actor, event.via) == ("olga", "manage.py api_token")
