"""What strangers and providers send where people come in: refused in a sentence, never a fault of ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from fido2.webauthn import AuthenticationResponse, RegistrationResponse
from pytest_django.fixtures import Settings

from notifications.customers.sign_in import passkeys, single_sign_on
from notifications.customers.sign_in.single_sign_on import ProviderError
from notifications.models import ClaimedDomain, Tenant, TenantProvider
from statuspage.sign_in.forms import PasskeyField
from tests.house.garbling import distorted

pytestmark = pytest.mark.django_db
CLIENT_DATA = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFBQSIsIm9yaWdpbiI6Imh0dHBzOi8veCJ9"
ANSWER = {
    "id": "AAAA",
    "rawId": "AAAA",
    "type": "public-key",
    "response": {
        "clientDataJSON": CLIENT_DATA,
        "authenticatorData": "A" * 80,
        "signature": "AAAA",
        "userHandle": "AAAA",
        "attestationObject": "A" * 80,
    },
    "clientExtensionResults": {},
}


def answers() -> Iterator[str]:
    chance = Random(7)  # noqa: S311 - the same answers every time
    for bytes_of_cbor in ("", "oW", "G___", "n59Pv", "o2NmbXQ", "gYGBgYGB" * 500, "2NjY"):
        for name in ("attestationObject", "authenticatorData", "clientDataJSON"):
            yield json.dumps(ANSWER | {"response": ANSWER["response"] | {name: bytes_of_cbor}})  # type: ignore[operator]
    yield from ("", "null", "[" * 15_000, "x" * 30_000, '{"response": "x"}', '{"response": {}}')
    for _ in range(300):
        yield json.dumps(distorted(chance, ANSWER))


def test_whatever_is_sent_instead_of_a_passkeys_answer_is_refused() -> None:
    _, challenge = passkeys.to_enter(now=timezone.now())
    for answer in answers():
        with pytest.raises(passkeys.PasskeyError):
            passkeys.enter(challenge=challenge, answer=answer, now=timezone.now())
        for kind in (AuthenticationResponse, RegistrationResponse):
            with suppress(ValidationError):
                PasskeyField(kind).clean(answer)


@pytest.mark.parametrize("answer", ["[" * 15_000, '{"response": "x"}', json.dumps(ANSWER)])
def test_the_desks_passkey_form_says_so_too(answer: str) -> None:
    page = Client().post("/admin/account/2fa/webauthn/login/", {"credential": answer})
    assert page.status_code < 500


class Provider:
    """`says`: path → what is answered there, as JSON or as it is."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = {}
        self.url = ""


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    state = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = state.says.get(self.path, {})
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the server calls it by this name

        def log_message(self, format: str, *args: object) -> None:
            return

    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    cache.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state
        server.shutdown()
        thread.join()


@pytest.fixture
def entered(nordwind: Tenant, provider: Provider) -> TenantProvider:
    made = TenantProvider.objects.create(
        tenant=nordwind, name="ID", issuer=provider.url, client_id="us", secret="", joins_as=""
    )
    ClaimedDomain.objects.create(provider=made, name="example.com")
    return made


def discovery(provider: Provider, **other: Any) -> dict[str, Any]:
    about = {"issuer": provider.url, "authorization_endpoint": f"{provider.url}/auth"}
    about |= {"token_endpoint": f"{provider.url}/token", "jwks_uri": f"{provider.url}/keys"}
    return about | other


@pytest.mark.parametrize(
    "said",
    [
        b"[" * 200_000,
        b"\xff\xfe",
        b"",
        b"[]",
        b'{"issuer": 5}',
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "//evil.example"},
        {"authorization_endpoint": ["https://evil.example"]},
        {"token_endpoint": None},
        {"issuer": "https://another.example"},
    ],
)
def test_a_provider_that_says_nonsense_of_itself_is_named_as_the_trouble(
    provider: Provider, entered: TenantProvider, said: Any
) -> None:
    whole = said if isinstance(said, bytes) else discovery(provider, **said)
    provider.says["/.well-known/openid-configuration"] = whole
    with pytest.raises(ProviderError, match="Your provider"):
        single_sign_on.begin(
            entered, address="a@example.com", next="/service-health/", now=timezone.now()
        )


def test_a_page_of_the_provider_with_a_question_of_its_own_keeps_it(
    provider: Provider, entered: TenantProvider
) -> None:
    page = f"{provider.url}/auth?realm=north"
    provider.says["/.well-known/openid-configuration"] = discovery(
        provider, authorization_endpoint=page
    )
    leaving = single_sign_on.begin(
        entered, address="a@example.com", next="/service-health/", now=timezone.now()
    )
    assert leaving.address.startswith(f"{page}&response_type=code&")


@pytest.mark.parametrize("token", [5, "a.b.c", "e30.e30.e30", "ey" * 90_000, ["x"], None])
@pytest.mark.parametrize("keys", [{}, {"keys": ["x"]}, {"keys": [{"kty": ["RSA"]}]}, b"[" * 99_999])
def test_a_provider_whose_token_or_keys_are_nonsense_lets_nobody_in(
    provider: Provider, entered: TenantProvider, token: Any, keys: Any
) -> None:
    provider.says["/.well-known/openid-configuration"] = discovery(provider)
    provider.says |= {"/token": {"id_token": token}, "/keys": keys}
    now = timezone.now()
    leaving = single_sign_on.begin(entered, address="a@example.com", next="/", now=now)
    state = leaving.address.partition("state=")[2].partition("&")[0]
    with pytest.raises(ProviderError, match="Your provider"):
        single_sign_on.enter(kept=leaving.kept, state=state, code="x", now=now)


def test_a_state_that_is_no_ascii_is_refused_like_any_other(
    provider: Provider, entered: TenantProvider
) -> None:
    provider.says["/.well-known/openid-configuration"] = discovery(provider)
    now = timezone.now()
    leaving = single_sign_on.begin(entered, address="a@example.com", next="/", now=now)
    with pytest.raises(ProviderError, match="did not begin in this browser"):
        single_sign_on.enter(kept=leaving.kept, state="é", code="x", now=now)
    answer = Client().get(single_sign_on.BACK, {"state": "é", "code": "x"})
    assert answer.status_code == 403
