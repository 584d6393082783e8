"""The demo's mailbox: mails as files, looked at safely, and not there anywhere else."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from pytest_django.fixtures import Settings

from notifications.channels.email.mailbox import FolderBackend, read_mailbox

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

MAILBOX = "/demo/mailbox/"
LINK = "http://127.0.0.1:8000/subscribe/confirm/IjAw:Ab-c_9/"


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "127.0.0.1"})


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]  # whoever listens for others has no mailbox to show
    settings.MAIL_FOLDER = str(tmp_path / "mail")
    return tmp_path / "mail"


def keep(subject: str, to: str = "ada@example.com", text: str = "Hello", html: str = "") -> str:
    """Keeps one mail as the demo does; returns its name."""
    mail = EmailMultiAlternatives(subject, text, "status@example.com", [to])
    if html:
        mail.attach_alternative(html, "text/html")
    FolderBackend().send_messages([mail])
    return read_mailbox()[0].name


def page(response: Response) -> str:
    assert response.status_code == 200
    return unescape(response.content.decode())


def policy(response: Response) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split(";")
    return {name: values for name, _, values in (part.strip().partition(" ") for part in parts)}


def test_outside_the_demo_there_is_no_mailbox(
    client: Client, settings: Settings, folder: Path
) -> None:
    name = keep("Secret")
    settings.MAIL_FOLDER = ""
    unknown = client.get("/demo/nothing/")
    for path in (MAILBOX, f"{MAILBOX}{name}/", f"{MAILBOX}{name}/html/"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.content == unknown.content


def test_an_empty_mailbox_says_what_to_do(client: Client, folder: Path) -> None:
    assert "No mail yet." in page(client.get(MAILBOX))


def test_the_newest_mail_comes_first(client: Client, folder: Path) -> None:
    for number in range(3):
        keep(f"Mail {number}", to=f"r{number}@example.com")
    shown = page(client.get(MAILBOX))
    assert re.findall(r">(Mail \d)</a>", shown) == ["Mail 2", "Mail 1", "Mail 0"]
    assert all(f"r{number}@example.com" in shown for number in range(3))
    assert "Message-ID" in shown


def test_one_receivers_mails_can_be_picked_out(client: Client, folder: Path) -> None:
    keep("For Ada")
    keep("For Bob", to="bob+1@example.com")
    link = re.search(r'href="(/demo/mailbox/\?to=bob[^"]+)"', page(client.get(MAILBOX)))
    assert link
    shown = page(client.get(link[1]))
    assert "For Bob" in shown
    assert "For Ada" not in shown


def test_a_mail_is_shown_as_text_with_links_and_as_html_in_a_frame(
    client: Client, folder: Path
) -> None:
    name = keep("Confirm", text=f"Open\n{LINK}\nnow", html="<p>hi</p>")
    answer = client.get(f"{MAILBOX}{name}/")
    shown = page(answer)
    assert f'href="{LINK}"' in shown
    assert f'src="{MAILBOX}{name}/html/"' in shown
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown
    assert policy(answer)["frame-src"] == "'self'"
    assert policy(answer)["style-src"] == "'self'"


def test_the_html_of_a_mail_may_have_inline_style_and_nothing_else(
    client: Client, folder: Path
) -> None:
    html = "<html><head><title>t</title></head><body><p style='color:red'>hi</p></body></html>"
    name = keep("Styled", html=html)
    answer = client.get(f"{MAILBOX}{name}/html/")
    assert page(answer).strip() == html.replace("<head>", '<head><base target="_blank">')
    rules = policy(answer)
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == "'unsafe-inline'"
    assert "script-src" not in rules
    assert "allow-scripts" not in rules["sandbox"]
    assert "allow-same-origin" not in rules["sandbox"]
    assert rules["frame-ancestors"] == "'self'"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_what_a_mail_says_cannot_become_markup(client: Client, folder: Path) -> None:
    bad = "<script>alert(1)</script>"
    name = keep(f"S {bad}", to='"<b>x"@example.com', text=bad)
    for path in (MAILBOX, f"{MAILBOX}{name}/"):
        raw = client.get(path).content.decode()
        assert bad not in raw
        assert "&lt;script&gt;alert(1)" in raw


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e%2fsecret", "20260101T000000000000-00000000.eml", "x.eml", "%00"]
)
def test_only_kept_mails_are_found(client: Client, folder: Path, name: str) -> None:
    keep("One")
    (folder.parent / "secret").write_text("secret", encoding="utf-8")
    for path in (f"{MAILBOX}{name}/", f"{MAILBOX}{name}/html/"):
        assert client.get(path).status_code == 404


def test_the_mailbox_sets_no_cookie_and_is_kept_nowhere(client: Client, folder: Path) -> None:
    name = keep("One", html="<p>hi</p>")
    for path in (MAILBOX, f"{MAILBOX}{name}/", f"{MAILBOX}{name}/html/"):
        answer = client.get(path)
        assert not answer.cookies
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex"


def test_a_mailbox_can_only_be_read(client: Client, folder: Path) -> None:
    assert client.post(MAILBOX).status_code == 405


def test_the_mails_are_for_this_account_alone(folder: Path) -> None:
    keep("Confirm")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}


def test_where_others_can_reach_us_there_is_no_mailbox(
    client: Client, settings: Settings, folder: Path
) -> None:
    keep("Confirm")
    settings.ALLOWED_HOSTS = ["127.0.0.1", "status.example.com"]
    assert client.get(MAILBOX).status_code == 404
