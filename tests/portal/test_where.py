"""Where alerts go: addresses that are confirmed first, groups, tests, secrets, what was missed, and the log."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents.sealing import unseal
from notifications.channels import endpoints, http
from notifications.customers import own_endpoints
from notifications.delivery import retry
from notifications.models import ActionGroup, Attempt, Delivery, Endpoint, EndpointProposal, Tenant
from tests.conftest import NOW
from tests.notifications.cast import endpoint, last, rule, tenant
from tests.portal.people import code, form_token, person, signed_in
from tests.portal.test_events import HOME, WEST, declared, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
ED = "ed@nordwind.example.com"
WHERE, NEW = f"{HOME}where/", f"{HOME}where/new/"
HOOK = "http://127.0.0.1:9/services/17"


@pytest.fixture
def ed(nordwind: Tenant) -> Client:
    person(ED, nordwind, role="editor")
    return signed_in(ED)


def post(client: Client, path: str, **values: Any) -> Any:
    return client.post(path, {"form_token": form_token(client, NEW), **values})


def add(client: Client, address: str, channel: str = "mail") -> EndpointProposal:
    answer = post(client, NEW, channel=channel, address=address, name="Night watch")
    assert answer.status_code == 200, answer.content
    return EndpointProposal.objects.latest("pk")


def confirm(client: Client, proposal: EndpointProposal, digits: str) -> Any:
    return post(client, f"{WHERE}confirm/{proposal.key}/", code=digits)


def test_a_mail_address_is_confirmed_by_the_code_sent_there(nordwind: Tenant, ed: Client) -> None:
    proposal = add(ed, "Ops@Nordwind.example.com")
    assert mail.outbox[-1].to == ["Ops@nordwind.example.com"]
    assert not Endpoint.objects.filter(tenant=nordwind).exists()
    digits = code()
    assert digits.replace(" ", "") not in str(list(EndpointProposal.objects.values()))
    assert "does not work" in confirm(ed, proposal, "0000 0000").content.decode()
    answer = confirm(ed, proposal, digits)
    made = Endpoint.objects.get(tenant=nordwind)
    assert answer["Location"] == f"{WHERE}endpoints/{made.pk}/"
    assert (made.name, made.confirmed_at is not None) == ("Night watch", True)
    assert confirm(ed, proposal, digits).status_code == 404
    assert "Night watch" in text(ed, WHERE)


def test_codes_are_few_soon_old_and_not_to_be_guessed(nordwind: Tenant, ed: Client) -> None:
    proposal = add(ed, "ops@nordwind.example.com")
    digits = code()
    for _ in range(own_endpoints.MOST_TRIES):
        assert confirm(ed, proposal, "1").status_code == 422
    assert "tried too often" in confirm(ed, proposal, digits).content.decode()
    proposal = add(ed, "ops@nordwind.example.com")
    EndpointProposal.objects.update(requested_at=timezone.now() - own_endpoints.CODE_WITHIN)
    assert "older than half an hour" in confirm(ed, proposal, code()).content.decode()
    for _ in range(own_endpoints.MOST_CODES - 2):
        add(ed, "ops@nordwind.example.com")
    answer = post(ed, NEW, channel="mail", address="OPS@nordwind.example.com")
    assert answer.status_code == 422
    assert "asked for too often" in answer.content.decode()
    assert nordwind.pk


def test_an_address_of_another_tenant_cannot_be_taken_and_is_not_given_away(
    nordwind: Tenant, ed: Client
) -> None:
    theirs = endpoint("soc@other.example.com", tenant=tenant("other"))
    proposal = add(ed, "soc@other.example.com")  # answered like any other
    assert "is in use already" in confirm(ed, proposal, code()).content.decode()
    theirs.refresh_from_db()
    assert theirs.tenant != nordwind
    group = post(ed, f"{WHERE}groups/new/", name="Mine", endpoints=theirs.pk, act="save")
    assert group.status_code == 422
    assert "is none of yours" in group.content.decode()
    assert not ActionGroup.objects.exists()


def test_a_webhook_is_confirmed_by_a_test_it_takes_and_its_secret_shown_once(
    nordwind: Tenant, ed: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    sent = []
    takes = [False, True, True]

    def try_out(_: object, message: Any) -> tuple[bool, str]:
        sent.append(message)
        return takes.pop(0), "answered 200"

    monkeypatch.setattr(http, "try_out", try_out)
    page = post(ed, NEW, channel="webhook", address=HOOK, name="").content.decode()
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page)
    assert secret
    proposal = EndpointProposal.objects.get()
    assert secret[0] not in text(ed, f"{WHERE}confirm/{proposal.key}/")
    assert "was not taken" in confirm(ed, proposal, "").content.decode()
    assert not Endpoint.objects.filter(tenant=nordwind).exists()
    confirm(ed, proposal, "")
    made = Endpoint.objects.get(tenant=nordwind)
    assert unseal(made.secret) == secret[0]
    assert unseal(sent[-1].secrets[0]) == secret[0]
    page = f"{WHERE}endpoints/{made.pk}/"
    assert secret[0] not in text(ed, page)
    assert "was taken: answered 200" in post(ed, page, act="test").content.decode()
    rotated = post(ed, page, act="rotate").content.decode()
    made.refresh_from_db()
    assert unseal(made.secret) in rotated
    assert unseal(made.former_secret) == secret[0]
    assert "Two sign every message until" in text(ed, page)
    assert unseal(made.secret) not in text(ed, page)


def test_a_disabled_webhook_comes_back_by_a_test_it_takes_with_the_secret_and_format_just_shown(
    nordwind: Tenant, ed: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    monkeypatch.setattr(http, "try_out", lambda *_: (True, "answered 200"))
    confirm(ed, add(ed, HOOK, "webhook"), "")
    made = Endpoint.objects.get(tenant=nordwind)
    first = unseal(made.secret)
    Endpoint.objects.update(suppressed_at=NOW, suppressed_because="answered 410: gone for good")
    page = f"{WHERE}endpoints/{made.pk}/"
    assert "answered 410: gone for good; add it again once it takes messages" in text(ed, page)
    shown = post(ed, NEW, channel="webhook cloudevents", address=HOOK, name="").content.decode()
    confirm(ed, EndpointProposal.objects.get(), "")
    made.refresh_from_db()
    assert made.suppressed_at is None
    assert made.suppressed_because == ""
    assert made.format == "cloudevents"
    assert unseal(made.secret) in shown
    assert unseal(made.former_secret) == first, "both sign until the receiver has the new one"
    assert made.name == "Night watch"


def test_an_address_is_tried_in_every_format_there_is(
    nordwind: Tenant, ed: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    bodies: list[Any] = []

    def try_out(_: object, message: Any) -> tuple[bool, str]:
        bodies.append(message.event)
        return True, "answered 200"

    monkeypatch.setattr(http, "try_out", try_out)
    made = endpoint(HOOK, channel="webhook", host="127.0.0.1", secret="s", tenant=nordwind)
    page = f"{WHERE}endpoints/{made.pk}/"
    offered = [each.name for each in endpoints.formats("webhook")]
    assert all(f'value="{name}"' in text(ed, page) for name in offered)
    for name in offered:
        answer = post(ed, page, act="test", format=name).content.decode()
        assert "was taken: answered 200" in answer or "The address" in answer, name
    assert len({str(each) for each in bodies}) > 4
    assert "has no format" in post(ed, page, act="test", format="odd").content.decode()
    made.refresh_from_db()
    assert made.format == ""


@pytest.mark.parametrize(
    "address", ["", "x", "a b@c", "http://10.0.0.1/", "x" * 2000, "a@b.c\nBcc: d@e.f"]
)
def test_what_is_no_address_is_refused_and_kept_as_typed(address: str, ed: Client) -> None:
    answer = post(ed, NEW, channel="webhook" if "/" in address else "mail", address=address)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not mail.outbox[1:]
    assert post(ed, NEW, channel="odd", address="a@example.com").status_code == 422


def test_groups_are_made_changed_and_deleted(nordwind: Tenant, ed: Client) -> None:
    mine = endpoint("ops@nordwind.example.com", tenant=nordwind)
    shared = endpoint("shared@example.com")  # the operator's choice, in this group alone
    assert post(ed, f"{WHERE}groups/new/", name="Ops", endpoints=mine.pk)["Location"] == WHERE
    group = ActionGroup.objects.get()
    page = f"{WHERE}groups/{group.pk}/"
    assert post(ed, page, name="Ops", endpoints=shared.pk).status_code == 422
    group.endpoints.add(shared)
    assert post(ed, page, name="Ops 2", endpoints=[mine.pk, shared.pk]).status_code == 302
    assert set(ActionGroup.objects.get(name="Ops 2").endpoints.all()) == {mine, shared}
    for name, problem in (("", "is empty"), ("x" * 201, "name")):
        answer = post(ed, page, name=name)
        assert answer.status_code == 422
        assert problem in answer.content.decode()
    post(ed, page, act="delete")
    assert not ActionGroup.objects.exists()


def test_stopped_it_leaves_its_groups_and_comes_back_by_a_code(
    nordwind: Tenant, ed: Client
) -> None:
    mine = endpoint("ops@nordwind.example.com", tenant=nordwind)
    rule(nordwind, "ops@nordwind.example.com")
    page = f"{WHERE}endpoints/{mine.pk}/"
    assert "No alert goes there any more" in post(ed, page, act="stop").content.decode()
    assert not mine.action_groups.exists()
    assert "stopped" in text(ed, WHERE)
    confirm(ed, add(ed, "ops@nordwind.example.com"), code())
    mine.refresh_from_db()
    assert mine.left_alerts_at is None


def test_language_zone_and_whether_to_follow_on_are_chosen_per_address(
    nordwind: Tenant, ed: Client
) -> None:
    made = endpoint("ops@nordwind.example.com", tenant=nordwind)
    path = f"{WHERE}endpoints/{made.pk}/"
    chosen = {"act": "manners", "language": "ja", "time_zone": "Asia/Tokyo", "follows_on": "on"}
    post(ed, path, **chosen)
    made.refresh_from_db()
    assert (made.language, made.time_zone, made.follows_on) == ("ja", "Asia/Tokyo", True)
    refused = post(ed, path, **chosen | {"time_zone": "Tokyo time"}).content.decode()
    assert "&#x27;Tokyo time&#x27; is no time zone; use one as Europe/Berlin." in refused
    assert 'value="Tokyo time"' in refused, "what was typed stays"
    made.refresh_from_db()
    assert made.time_zone == "Asia/Tokyo"
    del chosen["follows_on"]
    post(ed, path, **chosen)
    made.refresh_from_db()
    assert made.follows_on is False


def test_what_was_missed_is_sent_again(nordwind: Tenant, ed: Client, operator: User) -> None:
    mine = endpoint("ops@nordwind.example.com", tenant=nordwind)
    rule(nordwind, "ops@nordwind.example.com")
    declared(operator)
    Delivery.objects.update(state="failed", sent_at=None, created_at=timezone.now())
    page = f"{WHERE}endpoints/{mine.pk}/"
    assert "1 message of the last fourteen days" in text(ed, page)
    assert "1 message will be sent again" in post(ed, page, act="replay").content.decode()
    assert Delivery.objects.get().state == "pending"
    assert "0 messages will be sent again" in post(ed, page, act="replay").content.decode()
    Delivery.objects.update(state="failed", created_at=timezone.now() - retry.LONGEST_REPLAY)
    assert "0 messages of the last fourteen days" in text(ed, page)


def test_the_log_says_why_each_message_was_sent_or_not(
    nordwind: Tenant, ed: Client, operator: User
) -> None:
    mine = endpoint("ops@nordwind.example.com", tenant=nordwind)
    rule(nordwind, "ops@nordwind.example.com", ends_only=True)
    incident = declared(operator)
    row = Delivery.objects.get(communication=last(incident))
    Attempt.objects.create(delivery=row, number=1, result="sent", detail="250 queued", at=NOW)
    page = text(ed, f"{WHERE}log/")
    assert "an alert rule matches, for first and last statements" in page
    assert "accepted by the other side" in page
    assert "250 queued" in page
    for state, reason, words in (
        ("skipped", "superseded", "a newer statement took its place"),
        ("skipped", "suppressed", "the address is disabled"),
        ("failed", "", "could not be delivered"),
        ("pending", "", "is about to be sent"),
    ):
        Delivery.objects.update(state=state, skip_reason=reason, sent_at=None)
        assert words in text(ed, f"{WHERE}log/?endpoint={mine.pk}"), state
    other = tenant("other", WEST)
    person("eve@other.example.com", other)
    eve = signed_in("eve@other.example.com")
    assert "ops@nordwind" not in text(eve, "/service-health/of/other/where/log/")
    foreign = f"/service-health/of/other/where/log/?endpoint={mine.pk}"
    assert eve.get(foreign).status_code == 404


def test_a_reader_sees_it_all_and_changes_nothing(nordwind: Tenant) -> None:
    mine = endpoint("ops@nordwind.example.com", tenant=nordwind)
    anna = signed_in("anna@nordwind.example.com")
    page = f"{WHERE}endpoints/{mine.pk}/"
    assert 'value="test"' not in text(anna, page)
    token = form_token(anna, f"{HOME}rules/{rule(nordwind, 'x@example.com').pk}/")
    for path in (page, f"{WHERE}groups/{nordwind.action_groups.get().pk}/", NEW):
        answer = anna.post(path, {"form_token": token, "act": "stop", "name": "x"})
        assert answer.status_code == 403, path
    mine.refresh_from_db()
    assert mine.left_alerts_at is None
    assert timedelta(0) < endpoints.OVERLAP
