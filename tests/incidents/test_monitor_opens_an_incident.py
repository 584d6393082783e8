"""An incident that a machine opens from a cell and a level."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.policy import PRESETS
from incidents.services.alerts.monitor import open_from_monitor, resolve_from_monitor
from incidents.services.decisions.policies import adopt_policy
from incidents.services.errors import EntryError
from incidents.services.incident import post_update
from incidents.services.inputs import Changes, Statement
from incidents.services.visibility import publish_due
from incidents.texts import placeholders
from notifications.channels.email import renderer as mail_renderer
from notifications.delivery import plan
from notifications.vocabulary.delivery_states import DeliveryAudience, Reason, Relevance
from tests.conftest import hit
from tests.notifications.cast import tenant, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

WEST = ("key-vault", "west-europe")


def fires(now: datetime, *cells: tuple[str, str], level: str = "error") -> Incident:
    incident, _ = open_from_monitor(
        source="probes",
        key="kv-errors",
        cells=[hit(*cell) for cell in cells or (WEST,)],
        level=level,
        started_at=now - timedelta(minutes=2),
        now=now,
    )
    return incident


def is_over(now: datetime) -> Incident | None:
    return resolve_from_monitor(source="probes", key="kv-errors", now=now)


def test_a_cell_and_a_level_tell_the_affected_in_words_marked_as_automated(now: datetime) -> None:
    tenant("here", WEST)
    tenant("elsewhere", ("key-vault", "north-europe"))
    incident = fires(now)
    said = incident.communications.get()
    plan.plan(communication_id=said.pk, now=now)
    assert told(said) == {"here@example.com": "related"}
    assert (incident.automated, said.automated) == (True, True)
    mail = mail_renderer.preview(
        said,
        audience=DeliveryAudience.TARGETED,
        relevance=Relevance.RELATED,
        reason=Reason.ALERT_RULE,
    )
    assert "It was sent automatically" in mail.text
    assert (
        "Key Vault in West Europe is failing or unavailable since 09:28 UTC" in said.targeted_text
    )
    assert f"sent automatically ({incident.tracking_id})" in said.targeted_text
    assert incident.public_due_at is None


def test_the_same_alert_twice_is_one_incident(now: datetime) -> None:
    first = fires(now)
    assert fires(now + timedelta(minutes=1)) == first
    assert Incident.objects.count() == 1
    assert first.communications.count() == 1


def test_a_graver_alert_raises_the_level_while_no_person_has_it(now: datetime) -> None:
    fires(now, level="warning")
    incident = fires(now + timedelta(minutes=1), level="error")
    assert incident.level == "error"
    assert incident.communications.count() == 2


def test_a_broad_alert_waits_for_a_person_and_then_goes_out_from_facts_alone(
    now: datetime,
) -> None:
    incident = fires(
        now,
        ("storage", "west-europe"),
        ("key-vault", "west-europe"),
        ("storage", "north-europe"),
    )
    assert incident.public_due_at == now + timedelta(minutes=5)
    assert not Incident.objects.public().exists()
    publish_due(now=now + timedelta(minutes=16))
    public = incident.communications.public().get()
    assert "automatically" not in public.public_text
    assert (
        ": Storage in West Europe and North Europe; Key Vault in West Europe." in public.public_text
    )


def test_an_alert_that_is_over_mitigates_its_incident(now: datetime) -> None:
    incident = fires(now)
    over = is_over(now + timedelta(minutes=9))
    assert over == incident
    assert over is not None
    assert (over.stage, over.mitigated_at) == ("mitigated", now + timedelta(minutes=9))
    assert is_over(now + timedelta(minutes=10)) is None


def test_once_a_person_has_it_the_monitor_is_only_noted(now: datetime, operator: User) -> None:
    incident = fires(now, level="warning")
    post_update(
        incident_id=incident.pk,
        statement=Statement(targeted_text="We are on it."),
        now=now + timedelta(minutes=1),
        actor=operator,
    )
    fires(now + timedelta(minutes=2), level="error")
    is_over(now + timedelta(minutes=3))
    incident.refresh_from_db()
    assert (incident.level, incident.stage) == ("warning", "investigating")
    assert incident.communications.count() == 2
    assert incident.monitor_alerts.get().resolved_at == now + timedelta(minutes=3)


def test_an_alert_after_the_end_opens_a_new_incident(now: datetime) -> None:
    first = fires(now)
    is_over(now + timedelta(minutes=1))
    assert fires(now + timedelta(minutes=2)) != first


def test_an_alert_without_a_name_or_for_a_place_where_nothing_runs_opens_nothing(
    now: datetime,
) -> None:
    with pytest.raises(EntryError, match="source"):
        open_from_monitor(
            source=" ", key="k", cells=[hit(*WEST)], level="error", started_at=now, now=now
        )
    with pytest.raises(EntryError, match="not offered"):
        fires(now, ("databricks", "east-us"))
    assert not Incident.objects.exists()


def test_the_command_opens_and_resolves(capsys: pytest.CaptureFixture[str]) -> None:
    alert = ["--source", "probes", "--key", "kv", "--json"]
    call_command("monitor", "open", *alert, "--cell", "key-vault:west-europe")
    opened = json.loads(capsys.readouterr().out)
    assert opened == {
        "tracking_id": Incident.objects.get().tracking_id,
        "became": "opened",
        "publicity": "targeted",
    }
    call_command("monitor", "resolve", *alert)
    assert json.loads(capsys.readouterr().out)["became"] == "mitigated"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["open", "--cell", "key-vault"], "no region ''"),
        (["open", "--cell", "tea:west-europe"], "no service 'tea'"),
        (["open", "--cell", "key-vault:west-europe", "--since", "noon"], "no time with an offset"),
        (["resolve"], "nothing to resolve"),
    ],
)
def test_bad_arguments_are_refused_in_one_line_with_status_2(
    arguments: list[str], words: str
) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        call_command("monitor", *arguments, "--source", "probes", "--key", "kv")
    assert refused.value.returncode == 2
    assert not Incident.objects.exists()


def test_a_template_with_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(placeholders.PlaceholderError, match=r"\{servces\} is no placeholder"):
        placeholders.check("{servces} fail")


def test_what_is_filled_in_is_never_read_as_a_template() -> None:
    filled = placeholders.fill("{services} {level}", {"services": "{level}", "level": "error"})
    assert filled == "{level} error"


def test_one_more_cell_widens_the_incident_and_is_told(now: datetime) -> None:
    incident = fires(now)
    fires(now + timedelta(minutes=1), WEST, ("storage", "north-europe"))

    assert incident.communications.count() == 2
    open_cells = {
        (impact.service.slug, impact.region.slug)
        for impact in incident.occurrences.get().impacts.open()
    }
    assert open_cells == {WEST, ("storage", "north-europe")}
    fires(now + timedelta(minutes=2), WEST, ("storage", "north-europe"))
    assert incident.communications.count() == 2


RESOURCE_MANAGER = "azure-resource-manager"


def test_a_cell_that_an_open_alert_names_later_widens_its_incident(now: datetime) -> None:
    tenant("here", WEST)
    tenant("there", ("key-vault", "north-europe"))
    first = fires(now)
    plan.plan_due(now=now)
    later = now + timedelta(minutes=70)
    assert fires(later, WEST, ("key-vault", "north-europe")) == first

    cells = first.occurrences.get().impacts.values_list("service__slug", "region__slug")
    assert set(cells) == {WEST, ("key-vault", "north-europe")}
    plan.plan_due(now=later)
    spread = first.communications.latest("number")
    assert spread.automated
    assert set(told(spread)) == {"here@example.com", "there@example.com"}
    assert first.communications.count() == 2
    fires(later + timedelta(minutes=1), WEST, ("key-vault", "north-europe"))
    assert first.communications.count() == 2, "nothing new was said"


@pytest.mark.parametrize("level", ["warning", "error"])
def test_several_cells_are_told_at_once_at_any_level(now: datetime, level: str) -> None:
    tenant("here", WEST)
    incident = fires(
        now, WEST, ("key-vault", "north-europe"), ("storage", "west-europe"), level=level
    )
    plan.plan_due(now=now)
    said = incident.communications.get()
    assert set(told(said)) == {"here@example.com"}
    assert (said.at - now) < timedelta(seconds=60)


def test_a_warning_in_a_second_region_within_the_hour_is_an_error_by_itself(now: datetime) -> None:
    incident = fires(now, level="warning")
    assert (incident.level, incident.level_because) == ("warning", "")
    fires(now + timedelta(minutes=9), WEST, ("key-vault", "north-europe"), level="warning")
    incident.refresh_from_db()
    assert incident.level == "error"
    assert incident.level_because.startswith("a second region was hit 11 minutes after the first")
    fires(now + timedelta(minutes=10), WEST, ("key-vault", "north-europe"), level="warning")
    incident.refresh_from_db()
    assert incident.level == "error", "the monitor repeats itself"


def test_under_a_policy_without_proposals_the_level_is_the_monitors(
    now: datetime, operator: User
) -> None:
    adopt_policy(document=PRESETS["azure"].as_dict(), reason="Ours.", now=now, actor=operator)
    incident = fires(now, WEST, ("key-vault", "north-europe"), level="warning")
    assert (incident.level, incident.level_because) == ("warning", "")


def test_zones_make_the_extent_and_all_of_them_raise_a_warning(now: datetime) -> None:
    def zones(minutes: int, *names: str) -> Incident:
        at = now + timedelta(minutes=minutes)
        where = hit(*WEST)
        incident, _ = open_from_monitor(
            source="probes",
            key="kv-errors",
            cells=[replace(where, extent=None, zones=names)],
            level="warning",
            started_at=at,
            now=at,
        )
        incident.refresh_from_db()
        return incident

    incident = zones(0, "1")
    assert incident.occurrences.get().impacts.get().extent == "zone"
    assert zones(5, "1", "2", "3").level == "error"
    incident.refresh_from_db()
    assert incident.occurrences.get().impacts.get().extent == "region"
    assert incident.level_because == "what was hit in a zone is hit in the whole region now"


def test_dependents_are_counted_unless_a_person_states_them(now: datetime, operator: User) -> None:
    cells = [(RESOURCE_MANAGER, "west-europe")]
    incident = fires(now, *cells)
    decision = incident.decisions.latest("id")
    hard = decision.derived["hard_dependents"]
    assert hard
    assert incident.dependents == decision.facts["dependents"] == len(hard)
    post_update(
        incident_id=incident.pk,
        changes=Changes(dependents=7),
        statement=Statement(targeted_text="Seven services fail."),
        now=now,
        actor=operator,
    )
    incident.refresh_from_db()
    stated = incident.decisions.latest("id")
    assert (incident.dependents, incident.dependents_stated) == (7, True)
    assert stated.facts["dependents"] == 7
    assert stated.derived["hard_dependents"] == hard, "what the catalogue says stays visible"


def test_what_needs_a_degraded_service_may_be_affected_and_does_not_count(now: datetime) -> None:
    incident = fires(now, (RESOURCE_MANAGER, "west-europe"), level="warning")
    derived = incident.decisions.latest("id").derived
    assert derived["hard_dependents"] == []
    assert derived["soft_dependents"]
    assert incident.dependents == 0


@pytest.mark.parametrize("own_text", ["", "{cells}: {services} {effect}."])
def test_what_is_degraded_is_not_said_to_fail_beside_what_fails(
    now: datetime, operator: User, own_text: str, settings: Settings
) -> None:
    settings.AUTOMATED_TEXT = own_text
    graver, lesser = hit(*WEST, level="error"), hit("storage", "west-europe", level="warning")
    incident, _ = open_from_monitor(
        source="synthetic",
        key="mixed",
        cells=[lesser, graver],
        level="error",
        started_at=now,
        now=now,
    )
    words = incident.communications.get().targeted_text
    assert words.index("Key Vault") < words.index("is failing or unavailable")
    assert words.index("is failing or unavailable") < words.index("Storage")
    assert words.index("Storage") < words.index("is degraded")
    assert words.count("This message was sent automatically") == (0 if own_text else 1)

    more = [
        hit("storage", "north-europe", level="warning"),
        hit("key-vault", "north-europe", level="error"),
    ]
    post_update(incident_id=incident.pk, changes=Changes(hits=more), now=now, actor=operator)
    spread = incident.communications.get(number=2).targeted_text
    assert "Key Vault in North Europe is failing or unavailable, too." in spread
    assert "Storage in North Europe is degraded, too." in spread
    post_update(incident_id=incident.pk, stage="mitigated", now=now, actor=operator)
    post_update(incident_id=incident.pk, changes=Changes(hits=more), now=now, actor=operator)
    again = incident.communications.get(number=4).targeted_text
    assert again.startswith("This incident is open again. Since 09:30 UTC on 1 March 2026, Key")
    assert "Storage in North Europe is degraded, too." in again
