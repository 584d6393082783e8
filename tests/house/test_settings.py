from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from statuspage.checks.settings import dangerous_settings
from statuspage.configuration import environment as env
from statuspage.configuration.reachable import reachable

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
OF_DJANGO_AND_CELERY = {"CELERY_SKIP_CHECKS", "DJANGO_SETTINGS_MODULE", "PGAPPNAME"}


def test_every_setting_is_in_the_readme() -> None:
    read = {name for package in PACKAGES for path in package.rglob("*.py") for name in _read(path)}
    told = set(re.findall(r"`([A-Z][A-Z_]+)[`=]", README))
    in_groups = {name for name in read if name.startswith("OIDC_") and "`OIDC_…`" in README}
    assert read - told - in_groups - OF_DJANGO_AND_CELERY == set()


PACKAGES = [ROOT / name for name in ("incidents", "notifications", "statuspage")]


def _read(path: Path) -> set[str]:
    """Names that a module asks of the environment."""
    return {
        str(call.args[0].value)
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) in ("env", "os.environ")
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


@pytest.mark.parametrize(
    ("value", "read"), [("1", True), ("true", True), ("0", False), ("", False)]
)
def test_a_flag_is_on_or_off(monkeypatch: pytest.MonkeyPatch, value: str, *, read: bool) -> None:
    monkeypatch.setenv("A_FLAG", value)
    assert env.flag("A_FLAG") is read


@pytest.mark.parametrize("value", ["yes", "on", "2", "no"])
def test_a_flag_that_could_mean_either_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("A_FLAG", value)
    with pytest.raises(ImproperlyConfigured, match=r"A_FLAG='.*': use 1 or 0"):
        env.flag("A_FLAG")


@pytest.mark.parametrize("value", ["ten", "-1", "1.5", "99"])
def test_a_number_out_of_its_range_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("A_NUMBER", value)
    with pytest.raises(ImproperlyConfigured, match=r"A_NUMBER=.*from 0 to 10"):
        env.integer("A_NUMBER", 3, most=10)


def test_a_secret_comes_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("hush\n")
    monkeypatch.setenv("A_SECRET_FILE", str(path))
    assert env.secret("A_SECRET") == "hush"

    path.unlink()
    with pytest.raises(ImproperlyConfigured, match=r"A_SECRET_FILE=.*cannot be read"):
        env.secret("A_SECRET")


@pytest.mark.parametrize("value", ["status.example.com", "ftp://x", "https://x/path", "https://"])
def test_a_base_address_must_be_absolute_and_without_a_path(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AN_ADDRESS", value)
    with pytest.raises(ImproperlyConfigured, match=r"AN_ADDRESS=.*https://status\.example\.com"):
        env.web_address("AN_ADDRESS", "")


def test_a_postgres_address_becomes_djangos_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_DB", "postgresql://u:p%40ss@db.example.com:5433/name?sslmode=require")
    assert env.postgres("A_DB") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "name",
        "USER": "u",
        "PASSWORD": "p@ss",
        "HOST": "db.example.com",
        "PORT": "5433",
        "OPTIONS": env.PATIENCE | {"sslmode": "require"},
    }


@pytest.mark.parametrize("value", ["mysql://x/y", "sqlite:///x", "postgresql://x/y?nonsense=1"])
def test_a_database_that_is_no_postgres_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("A_DB", value)
    with pytest.raises(ImproperlyConfigured, match="A_DB"):
        env.postgres("A_DB")


def check(**variables: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check --deploy` as an operator would run it, with these settings."""
    production = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "BASE_URL": "https://status.example.com",
        "ALLOWED_HOSTS": "status.example.com",
    }
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={name: value for name, value in (production | variables).items() if value},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_production_configuration_passes_every_check() -> None:
    result = check()
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"SECRET_KEY": ""}, "statuspage.E001"),
        ({"DEBUG": "1"}, "statuspage.E002"),
        ({"ALLOWED_HOSTS": "*"}, "statuspage.E003"),
        ({"MAIL_FOLDER": "/somewhere"}, "statuspage.E004"),
        ({"BASE_URL": "http://status.example.com"}, "statuspage.W001"),
    ],
)
def test_a_dangerous_combination_stops_the_start(variables: dict[str, str], found: str) -> None:
    result = check(**variables)
    assert result.returncode == 1
    assert found in result.stderr
    assert "HINT" in result.stderr


REAL = {"DATABASE_URL": "postgresql://u:p@db.example.com/status"}


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"SECRET_KEY": "", "BASE_URL": "", "ALLOWED_HOSTS": "", **REAL}, "statuspage.E001"),
        ({"SECRET_KEY": "", "BASE_URL": "", "BEHIND_PROXY": "1"}, "statuspage.E001"),
        ({"SECRET_KEY": "", "BASE_URL": "http://localhost:8000"}, "statuspage.E001"),
        ({"DEBUG": "1", "BASE_URL": "", "MAIL_FOLDER": "/mails"}, "statuspage.E002"),
        ({"MAIL_FOLDER": "/mails", "BASE_URL": ""}, "statuspage.E004"),
        ({"SECRET_KEY": "short"}, "statuspage.E006"),
        ({"SECRET_KEY": "short", "BASE_URL": "", "ALLOWED_HOSTS": ""}, "statuspage.E006"),
        ({"SECRET_KEY": "a" * 60}, "statuspage.E006"),
    ],
)
def test_what_is_reachable_decides_and_not_one_variable(
    variables: dict[str, str], found: str
) -> None:
    result = check(**variables)
    assert result.returncode == 1
    assert found in result.stderr


@pytest.fixture
def here_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A run on this machine that nobody else can reach."""
    settings.BASE_URL, settings.ALLOWED_HOSTS = "http://127.0.0.1:8000", ["127.0.0.1"]
    settings.SECURE_PROXY_SSL_HEADER, settings.MAIL_PROVIDER = None, ""
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "127.0.0.1")
    settings.DEBUG, settings.MAIL_FOLDER, settings.OUTBOUND_ALLOW = True, "/mails", ["10.0.0.0/8"]
    settings.SECRET_KEY = settings.INSECURE_KEY
    return settings


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BASE_URL", "https://status.example.com", "BASE_URL"),
        ("ALLOWED_HOSTS", ["127.0.0.1", "status.example.com"], "ALLOWED_HOSTS"),
        ("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https"), "BEHIND_PROXY"),
        ("HOST", "db.example.com", "database"),
        ("MAIL_PROVIDER", "mailgun", "MAIL_PROVIDER"),
    ],
)
def test_each_thing_that_makes_us_reachable_is_enough(
    here_alone: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: object, told: str
) -> None:
    assert reachable() == ""
    assert not dangerous_settings()
    if name == "HOST":
        monkeypatch.setitem(here_alone.DATABASES["default"], name, value)
    else:
        setattr(here_alone, name, value)
    assert told in reachable()
    found = {each.id: each.msg for each in dangerous_settings()}
    for each in ("E001", "E002", "E004", "W002"):
        assert f"statuspage.{each}" in found, "dangerous as soon as others reach it"
    assert told in found["statuspage.E001"]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("SECRET_KEY", "short", "E006"),
        ("SECRET_KEY", "ab" * 40, "E006"),
        ("ALLOWED_HOSTS", ["*"], "E003"),
        ("AUTOMATED_TEXT", "{nonsense}", "E005"),
        ("BASE_URL", "http://status.example.com", "W001"),
        ("MAIL_PROVIDER", "mailgun", "W003"),
    ],
)
def test_each_rule_finds_what_it_is_for(
    here_alone: Settings, name: str, value: object, found: str
) -> None:
    setattr(here_alone, name, value)
    assert f"statuspage.{found}" in {each.id for each in dangerous_settings()}
