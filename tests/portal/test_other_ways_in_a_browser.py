"""Other ways in than a code, in Chromium: a passkey of a real authenticator, a real OpenID provider."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Page
from pytest_django import Settings

from incidents.models import AuditEvent
from notifications.customers.sign_in import single_sign_on
from notifications.models import ClaimedDomain, Membership, Passkey, Tenant, TenantProvider
from statuspage.local.ports import free_port
from tests.browsing import arrive, browser_page
from tests.notifications.cast import tenant
from tests.portal.people import person, signed_in

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SIGN_IN = "/service-health/sign-in/"


@pytest.fixture
def url(live_server: Any, settings: Settings) -> str:
    settings.BASE_URL = live_server.url.replace("127.0.0.1", "localhost")
    return str(settings.BASE_URL)


def test_a_passkey_is_made_signs_in_without_an_address_and_is_good_once(
    url: str, nordwind: Tenant
) -> None:
    session = signed_in("anna@nordwind.example.com").cookies["service_health"].value
    with browser_page() as (page, _):
        cdp = page.context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        authenticator = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        cdp.send("WebAuthn.addVirtualAuthenticator", {"options": authenticator})
        page.context.add_cookies(
            [{"name": "service_health", "value": session, "url": f"{url}/service-health/"}]
        )
        page.goto(f"{url}/service-health/of/nordwind/you/")
        page.get_by_label("Name").fill("Laptop")
        page.get_by_role("button", name="Add a passkey").click()
        page.locator("strong", has_text="Laptop").wait_for()

        page.get_by_role("button", name="Sign out").click()
        sent: list[str] = []
        page.on("request", lambda each: sent.append(each.post_data or ""))
        page.goto(f"{url}{SIGN_IN}?next=/service-health/of/nordwind/history/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        arrive(page, "*/of/nordwind/history/")
    assert Passkey.objects.get().person.email == "anna@nordwind.example.com"
    answer = next(each for each in sent if "challenge" in each)
    again = {name: values[0] for name, values in parse_qs(answer).items()}
    assert Client().post(f"{SIGN_IN}passkey/", again).status_code == 422
    broken = again | {"answer": json.dumps({"id": "x" * 9000})}
    assert Client().post(f"{SIGN_IN}passkey/", broken).status_code == 422


@pytest.fixture
def provider(
    url: str, nordwind: Tenant, settings: Settings, tmp_path: Path
) -> Iterator[TenantProvider]:
    """Nordwind's own, which says of everybody that they are at example.com."""
    cache.clear()
    port, program, groups = free_port(), tmp_path / "provider.mjs", tmp_path / "groups.json"
    groups.write_text("{}")
    shutil.copy(ROOT / "tests" / "clients" / "provider.mjs", program)
    (tmp_path / "node_modules").symlink_to(ROOT / ".venv" / "clients" / "node_modules")
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8", "::1/128"]
    with subprocess.Popen(
        [
            "node",
            program,
            str(port),
            "us",
            "of-the-test-alone",
            f"{url}{single_sign_on.BACK}",
            groups,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        made = TenantProvider.objects.create(
            tenant=nordwind,
            name="Nordwind ID",
            issuer=f"http://localhost:{port}",
            client_id="us",
            secret="of-the-test-alone",
            joins_as="reader",
        )
        ClaimedDomain.objects.create(provider=made, name="example.com")
        yield made
        process.terminate()


def by_provider(page: Page, url: str, typed: str, who: str) -> None:
    page.goto(f"{url}{SIGN_IN}")
    page.get_by_label("E-mail address").fill(typed)
    page.get_by_role("button", name="Mail me a code").click()
    page.fill("[name=login]", who)
    page.fill("[name=password]", "anything")
    page.click("[type=submit]")
    page.get_by_role("button", name="Continue").click()


def test_an_address_of_a_claimed_domain_comes_in_by_its_provider_alone(
    url: str, provider: TenantProvider, nordwind: Tenant
) -> None:
    other = tenant("other", ("key-vault", "north-europe"))
    person("erik@example.com", other)
    with browser_page() as (page, _):
        backs: list[str] = []
        page.on("request", lambda each: backs.append(each.url))
        by_provider(page, url, "erik@example.com", "erik")
        arrive(page, "*/of/*")
        assert page.get_by_text("Signed in as").count() == 1
    joined = Membership.objects.get(person__email="erik@example.com", tenant=nordwind)
    assert (joined.role, joined.sees_security) == ("reader", False)
    # What it came back with opens nothing in another browser, and nothing again.
    back = next(each for each in backs if single_sign_on.BACK in each)
    answer = Client().get(back.removeprefix(url))
    assert answer.status_code == 403
    assert "service_health" not in answer.cookies

    provider.domains.all().delete()
    ClaimedDomain.objects.create(provider=provider, name="nordwind.example.com")
    with browser_page() as (page, _):
        by_provider(page, url, "anna@nordwind.example.com", "mallory")
        page.get_by_text("mallory@example.com is not in a domain of Nordwind").wait_for()
    assert AuditEvent.objects.filter(what="notifications_tenantprovider").exists()
    assert "of-the-test-alone" not in str(list(AuditEvent.objects.values_list("after", flat=True)))
