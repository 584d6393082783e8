"""What is said where no person has written it: true for kind, stage and tense, and of nothing that is not hit."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils.translation import override

from incidents import wording
from incidents.cells import PlacedCell, grouped
from incidents.models import Impact, Incident
from incidents.services.automatic_text import facts
from incidents.services.corrections import reschedule
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Declaration, Hit, Statement
from incidents.services.merge import merge
from incidents.services.retraction import retract
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

HOUR = timedelta(hours=1)
LANGUAGES = ("de", "fr", "es", "ja", "ar")


def planned(now: datetime, *hits: Hit, hours: float = 2) -> Declaration:
    return declaration(
        *hits,
        kind="planned-maintenance",
        stage="planned",
        started_at=now + 2 * HOUR,
        scheduled_for=now + 2 * HOUR,
        scheduled_until=now + (2 + hours) * HOUR,
    )


def last(incident: Incident) -> str:
    said = incident.communications.order_by("-number")[0]
    return said.public_text or said.targeted_text


def test_two_cells_are_two_cells_and_not_four(now: datetime, operator: User) -> None:
    cells = (hit("key-vault", "west-europe"), hit("storage", "north-europe"))
    incident = declare(declaration=declaration(*cells), now=now, actor=operator)
    assert last(incident) == (
        "Since 09:00 UTC on 1 March 2026, several services are failing or unavailable for some or all customers:"
        " Storage in North Europe; Key Vault in West Europe. We are investigating and will say more as soon as we"
        " know it."
    )


def test_what_is_degraded_is_not_said_to_fail(now: datetime, operator: User) -> None:
    cells = (hit("key-vault", "west-europe"), hit("storage", "north-europe", level="warning"))
    incident = declare(declaration=declaration(*cells), now=now, actor=operator)
    assert last(incident) == (
        "Since 09:00 UTC on 1 March 2026, Key Vault in West Europe is failing or unavailable for some or all"
        " customers. Since 09:00 UTC on 1 March 2026, Storage in North Europe is degraded for some or all customers."
        " We are investigating and will say more as soon as we know it."
    )


def test_all_of_a_geography_is_named_as_such() -> None:
    europe = [PlacedCell("Storage", f"R{number}", "Europe", offered=20) for number in range(20)]
    assert wording.cells(grouped(europe)) == "Storage in all of Europe (20 regions)"
    assert wording.cells(grouped(europe[1:])).endswith("R5 and 14 more")
    assert (
        wording.cells(grouped([PlacedCell("Portal", "Global", worldwide=True)]))
        == "Portal worldwide"
    )


def test_a_maintenance_is_told_as_a_plan_and_lived_through(now: datetime, operator: User) -> None:
    cells = [
        hit(service, region, extent="region")
        for service in ("storage", "key-vault")
        for region in ("west-europe", "north-europe")
    ]
    incident = declare(declaration=planned(now, *cells), now=now, actor=operator)
    where = "Storage and Key Vault in West Europe and North Europe"
    span = "from 11:30 UTC to 13:30 UTC on 1 March 2026"
    assert last(incident) == f"Maintenance of {where} is planned {span}."

    def step(stage: str, at: datetime) -> str:
        post_update(incident_id=incident.pk, stage=stage, now=at, actor=operator)
        return last(incident)

    began = step("in-progress", now + 2 * HOUR)
    assert began == (
        f"Maintenance of {where} is in progress since 11:30 UTC on 1 March 2026 and planned to end at 13:30 UTC"
        " on 1 March 2026."
    )
    incident.refresh_from_db()
    late = wording.written([facts(incident, "opening", at=now + 5 * HOUR)])
    assert late.endswith(
        "was planned to end at 13:30 UTC on 1 March 2026 and is still in progress."
    )
    assert step("complete", now + 6 * HOUR) == (
        f"Maintenance of {where} is complete as of 15:30 UTC on 1 March 2026."
    )


def test_a_maintenance_that_is_cancelled_has_had_no_impact(now: datetime, operator: User) -> None:
    incident = declare(declaration=planned(now), now=now, actor=operator)
    late = now + 3 * HOUR  # it should have begun an hour ago
    post_update(incident_id=incident.pk, stage="cancelled", now=late, actor=operator)
    incident.refresh_from_db()
    assert incident.mitigated_at is None, "nothing was, so nothing is over"
    ended = Impact.objects.get(occurrence__incident=incident).ended_at
    assert ended == incident.started_at
    assert last(incident).endswith("is cancelled and does not take place.")


def test_a_maintenance_at_another_time_says_so(now: datetime, operator: User) -> None:
    incident = declare(declaration=planned(now), now=now, actor=operator)
    for hours in (4, 6):
        reschedule(
            incident_id=incident.pk, scheduled_for=now + hours * HOUR, scheduled_until=None,
            reason="Parts are late.", now=now, actor=operator,
        )  # fmt: skip
    assert last(incident) == (
        "Maintenance of Key Vault in West Europe is now planned for another time, from 15:30 UTC on 1 March"
        " 2026 on."
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [("health-advisory", "this health advisory"), ("security-advisory", "this security advisory")],
)
def test_an_advisory_is_no_failure(kind: str, words: str, now: datetime, operator: User) -> None:
    incident = declare(declaration=declaration(kind=kind), now=now, actor=operator)
    assert (
        last(incident)
        == f"Since 09:00 UTC on 1 March 2026, {words} concerns Key Vault in West Europe."
    )
    post_update(incident_id=incident.pk, stage="resolved", now=now, actor=operator)
    assert (
        last(incident) == f"{words.capitalize()} no longer applies as of 09:30 UTC on 1 March 2026."
    )


def test_a_later_stage_does_not_say_that_it_is_investigated(now: datetime, operator: User) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    for stage, words in (
        ("identified", "The cause has been identified. Still affected: Key Vault in West Europe."),
        ("mitigating", "A mitigation is under way. Still affected: Key Vault in West Europe."),
        ("mitigated", "This incident is mitigated as of 09:30 UTC on 1 March 2026."),
        ("resolved", "This incident is resolved as of 09:30 UTC on 1 March 2026."),
    ):
        post_update(incident_id=incident.pk, stage=stage, now=now, actor=operator)
        assert last(incident) == words


def test_who_recovered_and_who_has_not(now: datetime, operator: User) -> None:
    cells = (hit("key-vault", "west-europe"), hit("storage", "north-europe"))
    incident = declare(declaration=declaration(*cells), now=now, actor=operator)
    west, north = (each.region for each in cells)
    recover(incident_id=incident.pk, regions=[west], at=now, now=now, actor=operator)
    assert last(incident) == (
        "Key Vault in West Europe recovered at 09:30 UTC on 1 March 2026. Still affected: Storage in North Europe."
    )
    recover(incident_id=incident.pk, regions=[north], at=now, now=now, actor=operator)
    assert last(incident).endswith("This incident is mitigated as of 09:30 UTC on 1 March 2026.")


def test_a_merge_keeps_cause_and_promise_before_everybodys_eyes(
    now: datetime, operator: User
) -> None:
    survivor, absorbed = (
        declare(declaration=declaration(hit("key-vault", region)), now=now, actor=operator)
        for region in ("west-europe", "north-europe")
    )
    post_update(
        incident_id=absorbed.pk,
        statement=Statement(
            targeted_text="A certificate has expired. Keep *cached* secrets.",
            next_update_by=now + HOUR,
        ),
        now=now,
        actor=operator,
    )
    said = merge(
        absorbed_id=absorbed.pk, into_id=survivor.pk, reason="One cause.", now=now, actor=operator
    )
    assert said.next_update_by == now + HOUR
    assert said.targeted_text == (
        "As stated at 09:30 UTC on 1 March 2026:\n\nA certificate has expired. Keep *cached* secrets.\n\n"
        f"We continue {absorbed.tracking_id} here: the two turned out to be one."
    )
    assert "certificate" not in said.public_text, "it was never posted"


def test_what_is_kept_is_read_in_every_language(now: datetime, operator: User) -> None:
    cells = (hit("key-vault", "west-europe"), hit("storage", "north-europe"))
    incident = declare(declaration=declaration(*cells), now=now, actor=operator)
    retract(incident_id=incident.pk, reason="A faulty probe.", now=now, actor=operator)
    for said in incident.communications.all():
        kept = [wording.WordingFacts.of_json(one) for one in said.written_from["targeted"]]
        assert wording.written(kept) == said.targeted_text
        texts = {wording.written(kept, language) for language in LANGUAGES}
        assert len(texts | {said.targeted_text}) == 6
        assert all("Key Vault" in text and "North Europe" in text for text in texts)


def test_a_persons_words_have_no_facts_beside_them(now: datetime, operator: User) -> None:
    statement = Statement(public_text="We are looking.", targeted_text="Keep your keys.")
    incident = declare(declaration=declaration(statement=statement), now=now, actor=operator)
    assert incident.communications.get().written_from == {}


def test_names_keep_their_own_direction_where_the_sentence_runs_from_right_to_left() -> None:
    both = grouped([PlacedCell("Storage", "West Europe"), PlacedCell("Key Vault", "West Europe")])
    with override("ar"):
        text = wording.cells(both)
    assert text == "\u2068Storage\u2069 و\u2068Key Vault\u2069 في \u2068West Europe\u2069"
    assert "\u2068" not in wording.cells(both)
