"""The preview has each message that would leave, by channel and language, as it will look; and what is new in it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident
from notifications.models import Channel, Endpoint
from tests.browsing import THEMES, browser_page, check_accessible
from tests.desk.conftest import NEW, Form, sent_by, text_of
from tests.desk.test_living_cockpit_in_a_browser import shot
from tests.desk.test_walk_in_a_browser import PASSWORD, sign_in
from tests.notifications.cast import THEN, rule, tenant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]


@pytest.fixture
def receivers(catalogue: None) -> None:
    contoso = tenant("contoso", ("key-vault", "west-europe"))
    Endpoint.objects.create(
        channel=Channel.WEBHOOK,
        address="https://hooks.example.com/in",
        host="hooks.example.com",
        secret="s",
        created_at=THEN,
    )
    rule(contoso, "ops@example.com", "anna@example.com")
    action = contoso.action_groups.get()
    action.endpoints.add(Endpoint.objects.get(channel=Channel.WEBHOOK))
    Endpoint.objects.filter(address="anna@example.com").update(language="de")


@pytest.mark.usefixtures("receivers")
def test_by_channel_and_language(desk: Client, form: Form) -> None:
    page = desk.post(NEW, form)
    words = text_of(page)
    assert "to affected customers, English (1)" in words
    assert "to affected customers, Deutsch (1)" in words
    assert "Webhook to affected customers" in words
    assert '"public_title"' in words or '"title"' in words, "the body as machines read it"
    assert words.count("Your vaults in zone 1 are affected.") >= 3


@pytest.mark.usefixtures("receivers")
def test_the_html_is_shown_in_a_box_that_nothing_gets_out_of(desk: Client, form: Form) -> None:
    page = desk.post(NEW, form)
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    sealed = re.findall(r'name="sealed" value="([^"]+)"', page.content.decode())
    assert len(sealed) == 2
    answer = desk.post("/admin/desk/preview/mail/", {"sealed": sealed[0]})
    assert "Your vaults in zone 1 are affected." in answer.content.decode()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert "script-src" not in policy


@pytest.mark.parametrize("sealed", ["", "<b>x</b>", "sealed:xyz", "sealed:"])
def test_html_that_we_have_not_made_is_not_shown(desk: Client, sealed: str) -> None:
    answer = desk.post("/admin/desk/preview/mail/", {"sealed": sealed})
    assert answer.status_code == 422
    assert "<b>" not in answer.content.decode()


def test_where_nobody_hears_it_says_so(desk: Client, form: Form) -> None:
    assert "No message leaves" in text_of(desk.post(NEW, form))


def test_what_is_new_against_the_update_before(desk: Client, targeted: Incident) -> None:
    page = f"/admin/desk/{targeted.tracking_id}/update/"
    form = sent_by(desk.get(page), page)
    desk.post(page, form | {"public_text": "Reads fail & writes <b>fail</b>.", "step": "post"})
    form = sent_by(desk.get(page), page)
    form |= {"public_text": "Reads fail & writes are slow.", "step": "preview"}
    html = desk.post(page, form).content.decode()
    assert "Against update 2" in html
    assert "Reads fail &amp; writes <del>&lt;b&gt;fail&lt;/b&gt;.</del><ins>are slow.</ins>" in html


@pytest.mark.browser
@pytest.mark.usefixtures("receivers")
def test_the_mail_as_it_will_look(live_server: Any, operator: User) -> None:
    operator.set_password(PASSWORD)
    operator.save()
    with browser_page() as (page, complaints):
        sign_in(page, live_server)
        complaints.clear()
        page.goto(f"{live_server.url}{NEW}")
        for field, name in (("services", "key vault"), ("regions", "west europe")):
            page.fill(f"#find-{field}", name)
            page.press(f"#find-{field}", "Enter")
        page.select_option("#id_audience", "estimated")
        page.fill("#id_public_title", "Key Vault requests fail")
        page.fill("#id_targeted_text", "Your vaults are affected.")
        page.click(".act >> text=Preview")
        frame = page.frame_locator("iframe.mail-frame >> nth=0")
        frame.locator("text=Your vaults are affected.").first.wait_for()
        assert not page.is_visible("button[data-frame] >> nth=0")
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            check_accessible(page)
            page.locator("iframe.mail-frame >> nth=0").scroll_into_view_if_needed()
            shot(page, f"preview-{theme}", full=False)
        page.set_viewport_size({"width": 390, "height": 844})
        page.evaluate("window.scrollTo(0, 0)")
        publish = page.locator("button.primary >> text=Publish").bounding_box()
        assert publish is not None
        assert publish["y"] + publish["height"] <= 844, "within one thumb's reach"
        assert publish["height"] >= 44
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide)
        check_accessible(page)
        shot(page, "preview-phone", full=False)
        assert complaints == []
