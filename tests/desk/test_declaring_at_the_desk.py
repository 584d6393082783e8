from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from incidents.models import Communication, Decision, Impact, Incident, Revision, ScopeCell
from notifications.models import Delivery, FanOut
from tests.desk.conftest import BROAD, NEW, Form, publish, sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

TABLES = (Incident, Impact, Decision, Communication, ScopeCell, FanOut, Delivery)


def counted() -> list[Any]:
    rows: list[Any] = [model._default_manager.count() for model in TABLES]
    return [*rows, *Revision.objects.values_list("number", flat=True)]


def test_a_preview_shows_verdict_reasons_audience_entry_and_mail_and_writes_nothing(
    desk: Client, form: Form
) -> None:
    before = counted()

    page = desk.post(NEW, form | BROAD)

    words = text_of(page)
    assert page.status_code == 200
    assert "PUBLIC – scenario 1, broad impact" in words
    assert "Level Error; 2 services, 1 region, at most a whole zone." in words
    assert "If the level were Warning: TARGETED ONLY" in words
    assert "Tenants concerned 0" in words
    assert "<strong>Key Vault</strong>" in page.content.decode()
    assert "Your vaults in zone 1 are affected." in words
    assert counted() == before


def test_what_is_published_is_what_the_preview_said(
    desk: Client, form: Form, operator: User
) -> None:
    preview = desk.post(NEW, form | BROAD)

    done = desk.post(NEW, sent_by(preview, NEW) | {"step": "publish"})

    incident = Incident.objects.get()
    assert done.headers["Location"] == f"/admin/desk/{incident.tracking_id}/"
    assert incident.scenario == 1
    assert incident.published_at is not None
    assert incident.internal_title == "quorum lost on stamp 7"
    decision = incident.decisions.get()
    assert decision.actor == operator
    for sentence in decision.verdict["because"]:
        assert sentence in text_of(preview)
    said = incident.communications.get()
    assert said.public_text == "Some requests to **Key Vault** fail."
    assert said.targeted_text == "Your vaults in zone 1 are affected."
    assert said.next_update_by is not None


def test_a_narrow_incident_stays_targeted(desk: Client, form: Form) -> None:
    page = desk.post(NEW, form)
    assert "TARGETED ONLY" in text_of(page)

    publish(desk, form)

    assert Incident.objects.get().published_at is None


def test_nothing_is_published_that_was_not_shown(desk: Client, form: Form) -> None:
    unseen = desk.post(NEW, form | {"step": "publish"})
    assert "Preview" in text_of(unseen)

    narrow = sent_by(unseen, NEW)
    other = desk.post(NEW, narrow | BROAD | {"step": "publish"})

    assert "PUBLIC – scenario 1" in text_of(other)
    assert not Incident.objects.exists()


def test_the_same_form_sent_twice_declares_once(desk: Client, form: Form) -> None:
    preview = desk.post(NEW, form)
    sent = sent_by(preview, NEW) | {"step": "publish"}

    first = desk.post(NEW, sent)
    second = desk.post(NEW, sent, follow=True)

    incident = Incident.objects.get()
    assert first.headers["Location"] == second.redirect_chain[-1][0]
    assert incident.communications.count() == 1
    assert "nothing was sent twice" in text_of(second)


def test_a_token_from_elsewhere_is_replaced_before_anything_is_declared(
    desk: Client, form: Form
) -> None:
    preview = desk.post(NEW, form)
    sent = sent_by(preview, NEW) | {"step": "publish", "token": "FAKE-123:forged"}

    desk.post(NEW, sent)

    assert Incident.objects.get().tracking_id != "FAKE-123"


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_twice_at_the_same_moment_declares_once(
    operator: User, form: Form
) -> None:
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(operator)
    sent = sent_by(clients[0].post(NEW, form), NEW) | {"step": "publish"}
    answers: list[int] = []
    start = threading.Barrier(2)

    def press(client: Client) -> None:
        start.wait()
        answers.append(client.post(NEW, sent).status_code)
        connection.close()

    threads = [threading.Thread(target=press, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [302, 302]
    assert Incident.objects.count() == 1
    assert Communication.objects.count() == 1


def test_back_to_the_form_loses_nothing(desk: Client, form: Form) -> None:
    typed = form | {
        "regions": ["west-europe", "north-europe"],
        "extent-west-europe": "zone",
        "zones-west-europe": ["1", "3"],
        "public_text": "Line one\r\n\r\n<b>&amp; line two</b>",
    }
    preview = desk.post(NEW, typed)
    sent = sent_by(preview, NEW) | {"step": "edit", "override": "public", "override_reason": "so"}

    page = desk.post(NEW, sent)

    back = sent_by(page, NEW)
    for name, value in (typed | {"override": "public", "override_reason": "so"}).items():
        wanted = value if isinstance(value, list) else [value]
        assert back[name] == wanted, name
    assert "mend" not in text_of(page)


def test_a_form_with_faults_comes_back_with_every_fault_and_every_word(
    desk: Client, form: Form
) -> None:
    typed = form | {
        "since": "half past nine",
        "next_update_by": "soon",
        "public_title": "",
        "services": ["key-vault", "azure-portal"],
        "dependents": "-1",
    }

    page = desk.post(NEW, typed)

    words = text_of(page)
    assert page.status_code == 422
    assert (
        "“half past nine” is not a time; write -30, 3am, 09:00 or 2026-01-10 09:00 (UTC)." in words
    )
    assert "“soon” is not a time; write +30, 3am, 09:00 or 2026-01-10 09:00 (UTC)." in words
    assert "Azure Portal is not offered in West Europe; tick Global or untick it." in words
    assert "greater than or equal to 0" in words
    back = sent_by(page, NEW)
    for name in ("since", "next_update_by", "public_text", "targeted_text", "internal_title"):
        assert back[name] == [typed[name]]
    assert back["services"] == ["azure-portal", "key-vault"]
    assert not Incident.objects.exists()


def test_what_a_verb_refuses_stands_at_its_field(desk: Client, form: Form) -> None:
    page = desk.post(NEW, form | {"since": "2031-01-01 09:00"})

    assert page.status_code == 422
    assert (
        "Since (UTC) : 09:00 UTC on 1 January 2031 lies in the future; give the time impact began."
        in text_of(page)
    )
    assert 'id="id_since_error"' in page.content.decode()


def test_cells_that_are_not_offered_are_left_out_and_named(desk: Client, form: Form) -> None:
    more = {"services": ["storage", "databricks"], "regions": ["east-us", "west-europe"]}

    page = desk.post(NEW, form | more)

    assert "3 cells" in text_of(page)
    assert "Not offered, so left out: Databricks in East US." in text_of(page)


def test_extent_and_zones_can_differ_by_region(desk: Client, form: Form) -> None:
    more = {
        "regions": ["west-europe", "east-us"],
        "extent-west-europe": "zone",
        "zones-west-europe": ["2"],
    }

    publish(desk, form | more)

    assert sorted(Impact.objects.values_list("region__slug", "extent", "zones")) == [
        ("east-us", "subset", []),
        ("west-europe", "zone", ["2"]),
    ]


def test_dependents_are_suggested_and_taken_over_at_a_press(desk: Client, form: Form) -> None:
    more = {"services": ["azure-resource-manager"], "regions": ["west-europe"]}

    page = desk.post(NEW, form | more | {"step": "dependents"})

    assert "2 services there depend on what you ticked." in text_of(page)
    assert "Key Vault, Storage" in text_of(page)
    assert sent_by(page, NEW)["dependents"] == ["2"]


def test_an_override_without_a_reason_is_refused_on_the_preview(desk: Client, form: Form) -> None:
    page = publish(desk, form, override="public", override_reason="  ")

    assert page.status_code == 422
    assert "an override of the policy needs a reason" in text_of(page)
    assert sent_by(page, NEW)["override"] == ["public"]
    assert not Incident.objects.exists()


def test_an_override_is_kept_with_its_reason(desk: Client, form: Form, operator: User) -> None:
    publish(desk, form, override="public", override_reason="The press has it already.")

    decision = Decision.objects.get()
    assert (decision.public, decision.override_public) == (False, True)
    assert decision.reason == "The press has it already."
    assert decision.actor == operator
    assert Incident.objects.public().exists()


def test_maintenance_starts_planned_and_needs_a_start(desk: Client, form: Form) -> None:
    plan = form | {"kind": "planned-maintenance", "level": "informational", "since": ""}

    refused = desk.post(NEW, plan)
    assert "Maintenance needs a start" in text_of(refused)

    publish(
        desk, plan | {"scheduled_for": "2031-01-10 09:00", "scheduled_until": "2031-01-10 11:00"}
    )
    incident = Incident.objects.get()
    assert incident.stage == "planned"
    assert incident.scheduled_for == incident.started_at


def test_the_live_verdict_follows_the_form_and_writes_nothing(desk: Client, form: Form) -> None:
    url = f"{NEW}verdict/"
    before = counted()

    assert "Tick services and regions" in text_of(desk.post(url, {}))
    half = {"services": ["storage", "key-vault"], "regions": ["west-europe"], "since": "25:61"}
    assert "“25:61” is not a time" in text_of(desk.post(url, form | half))
    assert "PUBLIC – scenario 1" in text_of(desk.post(url, form | BROAD | {"public_title": ""}))
    assert counted() == before


def test_planned_work_is_told_as_a_plan_and_has_no_level(desk: Client, form: Form) -> None:
    plan = form | {
        "kind": "planned-maintenance",
        "level": "",
        "services": ["storage", "key-vault"],
        "regions": ["west-europe", "north-europe"],
        "extent": "region",
        "scheduled_for": "2027-01-10 02:00",
        "scheduled_until": "2027-01-10 04:00",
        "public_text": "",
        "targeted_text": "",
    }
    preview = text_of(desk.post(NEW, plan))
    assert (
        "Maintenance of Storage and Key Vault in West Europe and North Europe is planned from 02:00 UTC to"
        " 04:00 UTC on 10 January 2027." in preview
    )
    for untrue in ("Level", "Since 0", "failing", "investigating"):
        assert untrue not in preview
