"""By a real OpenID provider (oidc-provider, in a process of its own), in Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page
from pytest_django import Settings

from incidents.access import APPROVER, OPERATOR
from incidents.models import AuditEvent
from statuspage.local.ports import free_port
from tests.browsing import arrive, browser_page

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    return tmp_path / "groups.json"


@pytest.fixture
def url(live_server: Any, settings: Settings, tmp_path: Path, groups: Path) -> Iterator[str]:
    """Our address, with a provider that knows us."""
    here = live_server.url.replace("127.0.0.1", "localhost")
    port, program = free_port(), tmp_path / "provider.mjs"
    shutil.copy(ROOT / "tests" / "clients" / "provider.mjs", program)
    (tmp_path / "node_modules").symlink_to(ROOT / ".venv" / "clients" / "node_modules")
    back = f"{here}/admin/account/oidc/sso/login/callback/"
    with subprocess.Popen(
        ["node", program, str(port), "us", "of-the-test-alone", back, groups],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        settings.OIDC_URL = f"http://localhost:{port}"
        settings.OIDC_GROUPS = {"cloud-ops": OPERATOR, "cloud-leads": APPROVER}
        settings.SECOND_FACTOR = True  # a provider asks for its own
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [
                    {
                        "provider_id": "sso",
                        "name": "Example ID",
                        "client_id": "us",
                        "secret": "of-the-test-alone",
                        "settings": {"server_url": f"http://localhost:{port}", "uid_field": "sub"},
                    }
                ],
            }
        }
        yield here
        process.terminate()


def sign_in(page: Page, url: str, who: str, groups: Path, *names: str) -> None:
    groups.write_text(json.dumps({who: names}))
    page.goto(f"{url}/admin/desk/")
    page.get_by_role("button", name="Sign in with Example ID").click()
    page.fill("[name=login]", who)
    page.fill("[name=password]", "anything")
    page.click("[type=submit]")
    page.get_by_role("button", name="Continue").click()


def test_the_providers_groups_are_the_roles_each_time_anew(url: str, groups: Path) -> None:
    with browser_page() as (page, _):
        sign_in(page, url, "anna", groups, "cloud-ops", "canteen")
        arrive(page, "*/admin/desk/")
        assert page.get_by_role("link", name="Declare an incident").count() == 1
    anna = User.objects.get(username="anna")
    assert [group.name for group in anna.groups.all()] == [OPERATOR]
    assert not anna.has_usable_password()

    with browser_page() as (page, _):
        sign_in(page, url, "anna", groups, "cloud-leads")
        arrive(page, "*/admin/desk/")
    assert [user.username for user in User.objects.filter(username__startswith="anna")] == ["anna"]
    assert [group.name for group in anna.groups.all()] == [APPROVER]


def test_whoever_is_in_no_group_of_ours_stays_outside(url: str, groups: Path) -> None:
    with browser_page() as (page, _):
        sign_in(page, url, "carl", groups, "canteen")
        page.wait_for_selector("text=Not let in")
        page.goto(f"{url}/admin/desk/")
        assert "/admin/login/" in page.url
    assert not User.objects.filter(username="carl").exists()
    assert AuditEvent.objects.get(what="sign-in").verb == "refused"


def test_whoever_has_left_all_groups_is_let_in_no_more_and_a_name_here_is_not_taken_over(
    url: str, groups: Path
) -> None:
    local = User.objects.create_superuser("root", email="root@example.com", password="x" * 20)
    with browser_page() as (page, _):
        sign_in(page, url, "root", groups, "cloud-ops")
        arrive(page, "*/admin/desk/")
    other = User.objects.exclude(pk=local.pk).get()
    assert (other.is_superuser, other.username == "root") == (False, False)
