"""All of Europe in one press; a pasted list; cells one by one; what is open there already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Impact, Incident
from tests.desk.conftest import NEW, Form, publish, sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


def ticked(page: Any, name: str) -> set[str]:
    return set(sent_by(page, NEW).get(name, ()))


@pytest.mark.parametrize(
    ("wish", "name", "slugs"),
    [
        ("geography:europe", "regions", {"west-europe", "north-europe"}),
        ("category:storage", "services", {"key-vault", "storage"}),
        ("offered", "regions", {"west-europe", "north-europe", "east-us", "west-us"}),
        ("dependents", "services", {"key-vault"}),
        ("clear:services", "services", set()),
        ("geography:nowhere\x00", "regions", {"west-europe"}),
        ("nonsense", "regions", {"west-europe"}),
    ],
)
def test_one_press_ticks_many_and_loses_nothing(
    desk: Client, form: Form, wish: str, name: str, slugs: set[str]
) -> None:
    page = desk.post(NEW, form | {"tick": wish})
    assert page.status_code == 200
    assert slugs <= ticked(page, name)
    assert sent_by(page, NEW)["targeted_text"] == [form["targeted_text"]]
    assert not Incident.objects.exists()


def test_a_second_press_unticks_the_group(desk: Client, form: Form) -> None:
    europe = {"regions": ["west-europe", "north-europe", "east-us"]}
    page = desk.post(NEW, form | europe)
    assert page.status_code == 200
    page = desk.post(NEW, form | europe | {"tick": "geography:europe"})
    assert ticked(page, "regions") == {"east-us"}


def test_what_is_pasted_is_ticked_and_what_is_not_found_is_said(desk: Client, form: Form) -> None:
    page = desk.post(
        NEW, form | {"tick": "pasted", "pasted": "storrage\nARM; europe, Frobnicator <b>"}
    )
    assert ticked(page, "services") == {"key-vault", "azure-resource-manager"}
    assert ticked(page, "regions") == {"west-europe", "north-europe"}
    assert "1 services and 2 regions of the list are ticked." in text_of(page)
    assert "Not found: “storrage” (Storage?) and “Frobnicator <b>”." in text_of(page)


def test_a_script_gets_the_part_that_changed(desk: Client, form: Form) -> None:
    part = desk.post(NEW, form | {"tick": "geography:europe"}, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert 'value="north-europe" checked' in " ".join(part.content.decode().split())


def test_cells_one_by_one_with_extent_and_level_of_their_own(desk: Client, form: Form) -> None:
    cells = ["key-vault:west-europe", "key-vault:north-europe", "storage:west-europe",
             "storage:north-europe"]  # fmt: skip
    typed = form | {
        "services": ["key-vault", "storage"],
        "regions": ["west-europe", "north-europe"],
        "one_by_one": "on",
        "shown-cells": cells,
        "cells": ["key-vault:west-europe", "storage:north-europe"],
        "extent:storage:north-europe": "region",
        "level:storage:north-europe": "warning",
    }
    page = desk.post(NEW, typed | {"step": "edit"})
    assert sent_by(page, NEW)["cells"] == typed["cells"]
    publish(desk, typed)
    assert sorted(
        Impact.objects.values_list("service__slug", "region__slug", "extent", "level")
    ) == [
        ("key-vault", "west-europe", "subset", "error"),
        ("storage", "north-europe", "region", "warning"),
    ]


def test_a_service_without_any_cell_left_is_refused(desk: Client, form: Form) -> None:
    page = desk.post(NEW, form | {"shown-cells": ["key-vault:west-europe"], "cells": []})
    assert page.status_code == 422
    assert "Every cell of Key Vault is left out; tick one of them, or untick it." in text_of(page)


@pytest.mark.parametrize("field", ["extent", "level"])
def test_a_cell_with_another_value_is_refused(desk: Client, form: Form, field: str) -> None:
    cell = {"shown-cells": ["key-vault:west-europe"], "cells": ["key-vault:west-europe"]}
    page = desk.post(NEW, form | cell | {f"{field}:key-vault:west-europe": "huge"})
    assert page.status_code == 422
    assert "'huge' is none of" in text_of(page)


def test_what_is_open_there_already_is_offered_with_what_was_typed(
    desk: Client, form: Form, targeted: Incident
) -> None:
    update = f"/admin/desk/{targeted.tracking_id}/update/"
    preview = desk.post(NEW, form)
    assert "Already open on these cells: Key Vault requests fail (Key Vault in West Europe)." in (
        text_of(preview)
    )
    there = desk.post(update, sent_by(preview, NEW) | {"step": "edit"})
    back = sent_by(there, update)
    assert back["public_text"] == [form["public_text"]]
    assert back["stage"] == [targeted.stage]
    elsewhere = desk.post(NEW, form | {"services": ["storage"]})
    assert "Already open" not in text_of(elsewhere)


@pytest.mark.parametrize(
    ("what", "typed", "certain"),
    [
        ("services", "key va", "key-vault"),
        ("services", "keyvault", "key-vault"),
        ("services", "arm", "azure-resource-manager"),
        ("services", "storage", "storage"),
        ("regions", "weu", "west-europe"),
        ("regions", "europe", "europe"),
        ("regions", "west", None),
        ("services", "storrage", None),
        ("services", "qqqq", None),
    ],
)
def test_a_typed_name_means_one_thing_or_nothing(
    desk: Client, what: str, typed: str, certain: str | None
) -> None:
    answer = desk.get(f"{NEW}find/", {"what": what, "q": typed}).json()
    assert (answer["certain"] or {}).get("slug") == certain


def test_a_typed_time_is_read_back(desk: Client) -> None:
    answer = desk.get(f"{NEW}moment/", {"text": "in 30 min", "to": "come"}).json()
    assert answer["words"].endswith("min")
    refused = desk.get(f"{NEW}moment/", {"text": "soon", "to": "come"}).json()
    assert refused == {"at": None, "words": "“soon” is not a time; write +30, 3am, 09:00 or"
                       " 2026-01-10 09:00 (UTC)."}  # fmt: skip


def test_a_time_ago_means_at_publishing_what_it_meant_on_the_preview(
    desk: Client, form: Form, operator: User
) -> None:
    preview = desk.post(NEW, form | {"since": "-30", "detected_at": "-20"})
    (since,) = sent_by(preview, NEW)["since"]
    meant = datetime.strptime(since, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    assert timedelta(minutes=29) <= datetime.now(UTC) - meant <= timedelta(minutes=33)
    desk.post(NEW, sent_by(preview, NEW) | {"step": "publish"})
    incident = Incident.objects.get()
    assert incident.started_at == meant
    assert incident.detected_at == meant + timedelta(minutes=10)


def test_what_was_hit_lately_is_one_press_away(desk: Client, form: Form, waiting: Incident) -> None:
    """Two cells of the incident of a minute ago; a second press unticks."""
    page = desk.get(NEW)
    assert 'value="service:storage"' in page.content.decode()
    assert 'value="region:west-europe"' in page.content.decode()
    once = desk.post(NEW, {"tick": "service:storage"})
    assert sent_by(once, NEW)["services"] == ["storage"]
    again = desk.post(NEW, {"tick": "service:storage", "services": ["storage"]})
    assert "services" not in sent_by(again, NEW)


def test_nothing_was_hit_lately_at_a_new_desk(desk: Client) -> None:
    assert "Hit lately" not in desk.get(NEW).content.decode()


def test_what_a_person_pins_stays_in_their_sight_alone(desk: Client, form: Form) -> None:
    ticked: Form = {"services": ["storage", "nonsense"], "regions": ["west-europe"]}
    assert "Tick the services to pin first." in text_of(desk.post(NEW, {"tick": "pin:services"}))
    once = desk.post(NEW, ticked | {"tick": "pin:services"})
    assert "Pinned, for you alone: Storage." in text_of(once)
    assert sent_by(once, NEW)["regions"] == ["west-europe"]
    assert "★ Storage" in text_of(desk.get(NEW))
    assert "★ West Europe" not in text_of(desk.get(NEW))
    chip = desk.post(NEW, {"tick": "service:storage"})
    assert sent_by(chip, NEW)["services"] == ["storage"]

    other = Client()
    other.force_login(User.objects.create(username="petra", is_staff=True, is_superuser=True))
    assert "★" not in text_of(other.get(NEW))

    again = desk.post(NEW, ticked | {"tick": "pin:services"})
    assert "No longer pinned: Storage." in text_of(again)
    assert "★" not in text_of(desk.get(NEW))


def test_more_are_not_pinned_than_are_a_shorter_way(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.services.desk.favourites.MOST", 1)
    answer = desk.post(NEW, {"services": ["storage", "key-vault"], "tick": "pin:services"})
    assert "Nothing was pinned" in text_of(answer)
    assert "★" not in text_of(desk.get(NEW))
