"""Policies as rows: put into force with a reason, never changed, and every decision keeps its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from incidents.models import Decision, PolicyVersion, Revision
from incidents.policy import PRESETS, PolicyError, explain, parse_facts
from incidents.services.decisions.policies import adopt_policy, current_policy
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

STRICT: dict[str, Any] = {"name": "ours", "broad": {"services": 3}}


def test_as_shipped_the_recommended_preset_is_in_force() -> None:
    assert current_policy() == PRESETS["recommended"]


def test_a_policy_put_into_force_decides_from_then_on(now: datetime, operator: User) -> None:
    wide = [hit("storage", "west-europe", extent="zone"), hit("key-vault", "west-europe")]
    first = declare(declaration=declaration(*wide), now=now, actor=operator)
    adopt_policy(document=STRICT, reason="Two are not broad for us.", now=now, actor=operator)
    second = declare(declaration=declaration(*wide), now=now, actor=operator)
    assert [each.decisions.get().public for each in (first, second)] == [True, False]
    assert second.decisions.get().policy == "ours"


def test_every_decision_can_be_made_again_from_what_is_stored(
    now: datetime, operator: User
) -> None:
    in_force = [current_policy()]
    incident = declare(declaration=declaration(), now=now, actor=operator)
    adopt_policy(document=STRICT, reason="Trial.", now=now, actor=operator)
    in_force.append(current_policy())
    post_update(incident_id=incident.pk, stage="resolved", now=now, actor=operator)
    adopt_policy(document={**STRICT, "broad": None}, reason="More.", now=now, actor=operator)
    in_force.append(current_policy())
    declare(declaration=declaration(audience="unknown"), now=now, actor=operator)
    made = list(Decision.objects.order_by("id"))
    assert [(each.policy, each.policy_version) for each in made] == [
        ("recommended", PRESETS["recommended"].version),
        ("ours", 1),
        ("ours", 2),
    ]
    for decision, policy in zip(made, in_force, strict=True):
        again = explain(parse_facts(decision.facts), policy)
        assert again.as_dict() == decision.verdict


def test_an_older_version_is_taken_up_again_under_a_new_number(
    now: datetime, operator: User
) -> None:
    adopt_policy(document=STRICT, reason="Trial.", now=now, actor=operator)
    back = adopt_policy(
        document=PRESETS["azure"].as_dict(), reason="It was better.", now=now, actor=operator
    )
    assert (back.name, back.version) == ("azure", 2)
    assert current_policy().broad == PRESETS["azure"].broad


def test_what_cannot_be_a_policy_is_refused_and_nothing_changes(
    now: datetime, operator: User
) -> None:
    def refused(document: dict[str, Any], reason: str = "So.") -> str:
        with pytest.raises(EntryError) as error:
            adopt_policy(document=document, reason=reason, now=now, actor=operator)
        return str(error.value)

    assert "write why" in refused(STRICT, reason="")
    assert "broad.services" in refused({"name": "ours", "broad": {"services": 0}})
    assert "name" in refused({"broad": None})
    assert "in force already" in refused(PRESETS["recommended"].as_dict())
    assert not PolicyVersion.objects.exists()


@pytest.mark.parametrize(
    "attempt",
    ["UPDATE incidents_policyversion SET document = '{}'", "DELETE FROM incidents_policyversion"],
)
def test_a_version_can_be_neither_changed_nor_deleted(
    now: datetime, operator: User, attempt: str
) -> None:
    adopt_policy(document=STRICT, reason="Trial.", now=now, actor=operator)
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attempt)


def test_a_stored_version_with_a_missing_field_is_refused_by_name(
    now: datetime, operator: User
) -> None:
    whole = PRESETS["azure"].as_dict()
    part = {key: value for key, value in whole.items() if key != "retention_years"}
    PolicyVersion.objects.create(
        name="azure",
        version=2,
        document={**part, "version": 2},
        reason="By hand.",
        in_force_from=now,
    )
    with pytest.raises(PolicyError, match="retention_years: missing in the stored policy azure 2"):
        current_policy()


def test_what_was_stored_before_a_rule_existed_means_what_it_meant(now: datetime) -> None:
    old = {
        key: value
        for key, value in PRESETS["azure"].as_dict().items()
        if key not in ("also_broad", "spread", "broad_deadline_minutes", "update_cadence")
    }
    PolicyVersion.objects.create(
        name="google",
        version=2,
        document={**old, "name": "google", "version": 2, "public_deadline_minutes": 9},
        reason="Adopted before the preset had a second version.",
        in_force_from=now,
    )
    policy = current_policy()
    assert (policy.also_broad, policy.spread, policy.broad_deadline_minutes) == ((), None, 9)


def test_another_policy_makes_every_host_render_anew(now: datetime, operator: User) -> None:
    """Public pages promise reviews by its deadlines."""
    before = Revision.objects.get(id=1).number
    adopt_policy(document=STRICT, reason="Trial.", now=now, actor=operator)
    assert Revision.objects.get(id=1).number == before + 1
