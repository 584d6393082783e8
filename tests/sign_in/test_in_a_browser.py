"""By password, then by a passkey, in Chromium with a virtual authenticator."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.browsing import arrive, browser_page, check_accessible
from tests.sign_in.conftest import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def olga(db: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


def test_a_passkey_signs_in_without_a_password(live_server: Any, olga: User) -> None:
    url = live_server.url.replace("127.0.0.1", "localhost")  # a passkey belongs to a name
    with browser_page() as (page, complaints):
        devices = page.context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})

        page.goto(f"{url}/admin/desk/")
        check_accessible(page)
        page.fill("#id_username", "olga")
        page.fill("#id_password", PASSWORD)
        page.click("[type=submit]")
        arrive(page, "*/admin/desk/")

        page.goto(f"{url}/admin/account/2fa/webauthn/add/")
        arrive(page, "*/reauthenticate/*")
        page.fill("#id_password", PASSWORD)
        page.click("main [type=submit]")
        arrive(page, "*/webauthn/add/")
        check_accessible(page)
        page.fill("#id_name", "Laptop")
        page.check("#id_passwordless")
        page.click("#mfa_webauthn_add")
        arrive(page, "*/recovery-codes/*")
        check_accessible(page)

        page.click("text=Log out")
        arrive(page, "*/admin/login/*")
        page.click("#passkey_login")
        arrive(page, "*/admin/desk/")

        assert complaints == []
