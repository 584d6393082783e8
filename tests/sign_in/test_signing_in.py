"""By a password: where it leads, how wrong ones are slowed down, and what that may not cost."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from statuspage.sign_in import limits
from statuspage.sign_in.hashing import BoundedHasher
from tests.sign_in.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


def form(password: str = PASSWORD, **more: str) -> dict[str, str]:
    return {"username": "olga", "password": password} | more


def test_a_password_leads_to_the_desk_and_the_cookie_stays_below_admin(olga: User) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.get(LOGIN)
    token = {"csrfmiddlewaretoken": page.cookies["csrftoken"].value}

    answer = client.post(LOGIN, form() | token)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/desk/")
    for cookie in answer.cookies.values():
        assert cookie["path"] == "/admin/"
        assert cookie["samesite"] == "Lax"
    assert answer.cookies["sessionid"]["httponly"]
    assert client.get("/admin/desk/").status_code == 200


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x", "http:///x", "https://["]
)  # fmt: skip
def test_a_foreign_address_to_go_on_to_is_forgotten(olga: User, next_: str) -> None:
    answer = Client().post(f"{LOGIN}?next={next_}", form(next=next_))
    assert answer.headers["Location"] == "/admin/desk/"


def test_one_of_ours_is_gone_on_to(olga: User) -> None:
    answer = Client().post(LOGIN, form(next="/admin/desk/audit/"))
    assert answer.headers["Location"] == "/admin/desk/audit/"


@pytest.mark.parametrize("name", ["olga", "nobody"])
def test_a_wrong_password_and_an_unknown_name_look_alike(olga: User, name: str) -> None:
    answer = Client().post(LOGIN, {"username": name, "password": "wrong"})
    assert answer.status_code == 200
    assert "not correct" in answer.content.decode()
    assert "sessionid" not in answer.cookies


def test_the_page_has_no_inline_code_no_sign_up_and_is_not_kept(db: None) -> None:
    answer = Client().get(LOGIN)
    page = answer.content.decode()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert "<script>" not in page
    assert " style=" not in page
    assert "sign up" not in page.lower()
    for path in ("signup", "password/reset", "account/signup", "account/email"):
        assert Client().get(f"/admin/{path}/").status_code in (302, 404)


def test_one_address_is_slowed_down_after_twenty_wrong_passwords(
    olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(REMOTE_ADDR="198.51.100.7")
    answers = [client.post(LOGIN, {"username": f"user{n}", "password": "x"}) for n in range(22)]
    assert [each.status_code for each in answers[:20]] == [200] * 20
    assert {each.status_code for each in answers[20:]} == {429}
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 600
    assert Client(REMOTE_ADDR="198.51.100.8").post(LOGIN, form()).status_code == 302


def test_whoever_guesses_does_not_lock_the_operator_out(olga: User) -> None:
    known = Client(REMOTE_ADDR="198.51.100.1")
    assert known.post(LOGIN, form()).status_code == 302
    known.post("/admin/logout/")

    guessed = []
    for number in range(14):
        stranger = Client(REMOTE_ADDR=f"203.0.113.{number}")
        guessed += [stranger.post(LOGIN, form("wrong")).status_code for _ in range(2)]

    # Ten tries for all, then one for each address: two of every three are refused without a look.
    assert guessed.count(429) >= 9
    assert known.post(LOGIN, form()).status_code == 302
    assert Client(REMOTE_ADDR="192.0.2.44").post(LOGIN, form()).status_code == 302


def test_a_known_browser_is_counted_apart_even_behind_the_address_of_whoever_guesses(
    olga: User,
) -> None:
    here = "198.51.100.1"
    known = Client(REMOTE_ADDR=here)
    assert known.post(LOGIN, form()).status_code == 302
    known.post("/admin/logout/")
    while Client(REMOTE_ADDR=here).post(LOGIN, form("wrong")).status_code != 429:
        pass  # its address is used up in the end

    assert known.post(LOGIN, form()).status_code == 302
    known.post("/admin/logout/")
    guessed = [
        known.post(LOGIN, form("wrong"), REMOTE_ADDR=f"203.0.113.{number}").status_code
        for number in range(22)
    ]
    assert guessed[-1] == 429, "a browser that was stolen guesses without end"


def test_a_stranger_hashing_holds_up_no_known_browser(olga: User) -> None:
    known = Client()
    assert known.post(LOGIN, form()).status_code == 302
    known.post("/admin/logout/")
    with limits._strangers:
        assert Client().post(LOGIN, form()).status_code == 429
        assert known.post(LOGIN, form()).status_code == 302


def test_a_browser_is_known_for_its_own_account_alone(olga: User) -> None:
    client = Client()
    client.post(LOGIN, form())
    cookie = client.cookies[limits.COOKIE].value
    request = type("Request", (), {"COOKIES": {limits.COOKIE: cookie}})()
    assert limits._browser_of(request, "olga")
    assert not limits._browser_of(request, "paul")
    request.COOKIES[limits.COOKIE] = cookie[:-2] + "xx"
    assert not limits._browser_of(request, "olga")


def test_of_twelve_at_once_one_password_is_hashed_and_the_others_are_told_at_once(
    olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedHasher, "iterations", 300_000)
    olga.set_password(PASSWORD)
    hashed, refused, started = [], [], threading.Barrier(12)

    def sign_in() -> None:
        started.wait()
        begun = time.perf_counter()
        try:
            olga.check_password("wrong")
        except limits.TooManyError:
            refused.append(time.perf_counter() - begun)
        else:
            hashed.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=sign_in) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(hashed) >= 1
    assert len(refused) >= 8
    assert max(refused) < min(hashed)


def test_what_is_refused_while_another_is_hashed_says_when_to_come_again(olga: User) -> None:
    with limits._strangers:
        answer = Client().post(LOGIN, form())
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == str(limits.BUSY_SECONDS)
    assert "Nothing was checked" in answer.content.decode()


# ---- sessions


def test_a_session_ends_after_its_hours_and_when_it_was_idle(
    olga: User, settings: Settings
) -> None:
    client = Client()
    client.post(LOGIN, form())
    session = client.session
    assert session.get_expiry_age() == settings.SESSION_COOKIE_AGE == 120 * 60

    session["began"] = int(datetime.now(UTC).timestamp()) - settings.SESSION_HOURS * 3600 - 1
    session.save()

    answer = client.get("/admin/desk/")
    assert answer.headers["Location"] == "/admin/login/?next=/admin/desk/"
    assert client.get("/admin/desk/").status_code == 302


def test_a_screen_that_asks_each_second_writes_its_session_once_a_minute(
    olga: User, django_assert_num_queries: object
) -> None:
    client = Client()
    client.post(LOGIN, form())
    client.get("/admin/desk/")
    seen = client.session["seen"]
    client.get("/admin/desk/")
    assert client.session["seen"] == seen
    session = client.session
    session["seen"] = seen - 61
    session.save()
    client.get("/admin/desk/")
    assert client.session["seen"] >= seen


def test_a_new_password_ends_all_other_sessions(olga: User) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.post(LOGIN, form())
    new = "another long sentence 42"
    answer = here.post(
        "/admin/password_change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert answer.status_code == 302
    assert here.get("/admin/desk/").status_code == 200
    assert elsewhere.get("/admin/desk/").status_code == 302


def test_one_sees_ones_sessions_and_ends_the_others(olga: User) -> None:
    here, elsewhere = Client(), Client(HTTP_USER_AGENT="Lost telephone")
    for client in (here, elsewhere):
        client.post(LOGIN, form())
        client.get("/admin/desk/")
    page = here.get("/admin/account/sessions/").content.decode()
    assert "Lost telephone" in page

    here.post("/admin/account/sessions/", {"action": "end"})

    assert elsewhere.get("/admin/desk/").status_code == 302
    assert here.get("/admin/desk/").status_code == 200
