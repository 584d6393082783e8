"""People of customers for tests: made, and signed in by the pages themselves."""

from __future__ import annotations

import re
from datetime import timedelta

from django.core import mail
from django.test import Client
from django.utils import timezone

from notifications.customers.sign_in import codes
from notifications.models import Membership, Person, Tenant

TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


def person(address: str, *tenants: Tenant, role: str = "reader") -> Person:
    made, _ = Person.objects.get_or_create(email=address)
    for tenant in tenants:
        Membership.objects.create(person=made, tenant=tenant, role=role)
    return made


def form_token(client: Client, path: str) -> str:
    found = TOKEN.search(client.get(path).content.decode())
    assert found, path
    return found[1]


def ask(client: Client, address: str, path: str = "/service-health/sign-in/") -> str:
    """Asks for a code; the page that takes it."""
    values = {"address": address, "form_token": form_token(client, path)}
    answer = client.post(path, values)
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def code() -> str:
    """What the last mail says."""
    found = re.search(r"\d{4} \d{4}", str(mail.outbox[-1].body))
    assert found
    return found[0]


def type_code(client: Client, page: str, digits: str):  # type: ignore[no-untyped-def]  # what Client gives
    return client.post(page, {"code": digits, "form_token": form_token(client, page)})


def signed_in(address: str) -> Client:
    client = Client()
    page = ask(client, address)
    codes.send_codes(now=timezone.now() + timedelta(seconds=1))
    assert type_code(client, page, code()).status_code == 302
    return client
