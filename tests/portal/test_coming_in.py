"""Coming in: a code by mail, once, within ten minutes; who is not known learns nothing; two realms never meet."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from notifications.customers.sign_in import codes, sessions
from notifications.evidence import erasure
from notifications.models import CodeRequest, Membership, Person, PersonSession, Tenant
from statuspage.portal import entering
from tests.notifications.cast import endpoint, tenant
from tests.portal.people import ask, code, form_token, person, signed_in, type_code

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
ANNA = "anna@nordwind.example.com"
HOME = "/service-health/of/nordwind/"


def send() -> int:
    return codes.send_codes(now=timezone.now())


@pytest.mark.usefixtures("nordwind")
def test_a_code_by_mail_opens_the_tenants_page() -> None:
    client = Client()
    page = ask(client, ANNA)
    assert send() == 1
    assert mail.outbox[-1].to == [ANNA]
    assert type_code(client, page, code())["Location"] == "/service-health/"
    assert client.get("/service-health/")["Location"] == HOME
    assert "Nothing of yours is affected now" in client.get(HOME).content.decode()


@pytest.mark.usefixtures("nordwind")
def test_a_deep_link_is_reached_after_signing_in_and_no_other_site_is() -> None:
    client = Client()
    asked = client.get(f"{HOME}history/")
    assert (
        asked["Location"]
        == "/service-health/sign-in/?next=%2Fservice-health%2Fof%2Fnordwind%2Fhistory%2F"
    )
    page = ask(client, ANNA, asked["Location"])
    send()
    assert type_code(client, page, code())["Location"] == f"{HOME}history/"
    for elsewhere in ("https://evil.example/service-health/", "//evil.example", "/admin/"):
        page = ask(client, ANNA, f"/service-health/sign-in/?next={elsewhere}")
        send()
        assert type_code(client, page, code())["Location"] == "/service-health/"


@pytest.mark.usefixtures("nordwind")
def test_unknown_addresses_are_answered_alike_and_get_no_mail() -> None:
    Person.objects.create(email="nobody@example.com")  # of no tenant
    pages = []
    for address in (ANNA, "stranger@example.com", "nobody@example.com"):
        client = Client()
        page = ask(client, address)
        send()
        pages.append(client.get(page).status_code)
        wrong = type_code(client, page, "0000 0000")
        assert wrong.status_code == 422
        assert "This code does not work." in wrong.content.decode()
    assert pages == [200, 200, 200]
    assert [each.to for each in mail.outbox] == [[ANNA]]


@pytest.mark.usefixtures("nordwind")
def test_a_code_works_once_for_ten_minutes_and_five_tries() -> None:
    now = timezone.now()
    for spoil in ("used", "old", "tried"):
        key = codes.ask_for_code(address=ANNA, now=now)
        codes.send_codes(now=now)
        digits, when = code(), now
        if spoil == "used":
            codes.enter(key=key, code=digits, now=now)
        if spoil == "old":
            when = now + codes.CODE_WITHIN
        if spoil == "tried":
            for _ in range(codes.MOST_TRIES):
                with pytest.raises(codes.CodeError):
                    codes.enter(key=key, code="1", now=now)
        with pytest.raises(codes.CodeError):
            codes.enter(key=key, code=digits, now=when)


@pytest.mark.usefixtures("nordwind")
def test_a_code_belongs_to_the_form_that_asked_for_it_and_is_kept_as_a_hash() -> None:
    now = timezone.now()
    first = codes.ask_for_code(address=ANNA, now=now)
    codes.send_codes(now=now)
    digits = code()
    other = codes.ask_for_code(address="stranger@example.com", now=now)
    codes.send_codes(now=now)
    with pytest.raises(codes.CodeError):
        codes.enter(key=other, code=digits, now=now)
    with pytest.raises(codes.CodeError):
        codes.enter(key=other, code="", now=now)
    assert digits.replace(" ", "") not in str(list(CodeRequest.objects.values()))
    token = codes.enter(key=first, code=digits, now=now)
    assert token not in str(list(PersonSession.objects.values()))


@pytest.mark.usefixtures("nordwind")
def test_one_network_asks_for_a_few_codes_and_keeps_nobody_else_from_theirs() -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    pages = [ask(stranger, ANNA.upper().replace("EXAMPLE.COM", "example.com")) for _ in range(9)]
    assert all("/service-health/code/" in page for page in pages), "answered like every other"
    assert send() == entering.PER_PAIR.most
    signed_in(ANNA)


@pytest.mark.usefixtures("nordwind")
def test_one_address_gets_so_many_codes_an_hour_whoever_asks() -> None:
    now = timezone.now()
    for _ in range(codes.MOST_CODES + 3):
        codes.ask_for_code(address=ANNA.upper(), now=now)
    assert send() == codes.MOST_CODES


@pytest.mark.usefixtures("nordwind")
def test_a_form_of_another_site_or_none_at_all_does_nothing() -> None:
    client = Client()
    path = "/service-health/sign-in/"
    assert client.post(path, {"address": ANNA}).status_code == 422
    values = {"address": ANNA, "form_token": form_token(client, path)}
    assert client.post(path, values, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 422
    assert not CodeRequest.objects.exists()


@pytest.mark.usefixtures("nordwind")
def test_the_cookie_is_signed_ours_alone_and_stays_below_service_health() -> None:
    client = signed_in(ANNA)
    cookie = client.cookies["service_health"]
    assert cookie["path"] == "/service-health/"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert set(client.cookies) == {"service_health"}
    before = cookie.value
    page = ask(client, ANNA)
    send()
    type_code(client, page, code())  # whoever signs in again has a new session, and no old one
    assert client.cookies["service_health"].value != before
    assert PersonSession.objects.count() == 1
    client.cookies["service_health"] = client.cookies["service_health"].value[:-1] + "x"
    assert client.get(HOME).status_code == 302


@pytest.mark.usefixtures("nordwind")
def test_a_customer_is_nobody_at_the_desk_and_staff_is_nobody_here(operator: User) -> None:
    customer = signed_in(ANNA)
    # Even where the cookie is sent to the desk, under the desk's own name.
    customer.cookies["sessionid"] = customer.cookies["service_health"].value
    for path in ("/admin/", "/admin/desk/"):
        assert customer.get(path).status_code == 302, path
    assert customer.get("/api/v1/incidents").status_code == 401
    staff = Client()
    staff.force_login(operator)
    assert staff.get(HOME)["Location"].startswith("/service-health/sign-in/")
    staff.cookies["service_health"] = staff.cookies["sessionid"].value
    assert staff.get(HOME)["Location"].startswith("/service-health/sign-in/")


@pytest.mark.usefixtures("nordwind")
def test_signing_out_and_losing_the_membership_end_it_at_once() -> None:
    client, other = signed_in(ANNA), signed_in(ANNA)
    kept = client.cookies["service_health"].value
    assert "You are signed out" in client.post("/service-health/sign-out/").content.decode()
    client.cookies["service_health"] = kept
    assert client.get(HOME).status_code == 302
    assert other.get(HOME).status_code == 200
    Membership.objects.all().delete()
    assert other.get(HOME).status_code == 302


@pytest.mark.usefixtures("nordwind")
def test_a_session_ends_after_its_hours() -> None:
    client = signed_in(ANNA)
    PersonSession.objects.update(created_at=timezone.now() - sessions.SESSION_FOR)
    assert client.get(HOME).status_code == 302
    codes.send_codes(now=timezone.now() + timedelta(days=2))
    assert not PersonSession.objects.exists()
    assert not CodeRequest.objects.exists()


def test_erasing_an_address_or_a_tenant_erases_its_people(nordwind: Tenant) -> None:
    now = timezone.now()
    endpoint("ben@nordwind.example.com", tenant=nordwind)
    other = tenant("other")
    person("ben@nordwind.example.com", nordwind, other)
    person("both@example.com", nordwind, other)
    signed_in("ben@nordwind.example.com")
    erasure.erase(
        erasure.plan_address("ben@nordwind.example.com"), reason="T 1", now=now, actor=None
    )
    assert set(Person.objects.values_list("email", flat=True)) == {ANNA, "both@example.com"}
    assert not CodeRequest.objects.filter(address__startswith="ben").exists()
    erasure.erase(erasure.plan_tenant("nordwind"), reason="T 2", now=now, actor=None)
    assert set(Person.objects.values_list("email", flat=True)) == {"both@example.com"}


def test_a_flood_from_one_place_is_held_up() -> None:
    client = Client()
    path = "/service-health/sign-in/"
    values = {"address": "x@example.com", "form_token": form_token(client, path)}
    answers = [client.post(path, values).status_code for _ in range(entering.PER_SENDER.most + 1)]
    assert set(answers[:-1]) == {302}
    assert answers[-1] == 429
