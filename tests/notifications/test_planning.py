"""Who is told: matching, told before, not affected, public readers."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from incidents.models import Communication, Incident, Region
from incidents.services import incident as incident_service
from incidents.services.decisions.operator_decisions import set_audience
from incidents.services.errors import EntryError
from incidents.services.inputs import Changes, Statement
from incidents.services.statements import write_communication
from notifications.delivery import plan
from notifications.models import Delivery, FanOut
from notifications.vocabulary.delivery_states import Phase, State
from tests.conftest import declaration, hit
from tests.notifications.cast import (
    confirm_audience,
    endpoint,
    last,
    reader,
    rule,
    subscription,
    tenant,
    told,
)

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")
NORTH = ("key-vault", "north-europe")


@pytest.fixture
def open_incident(operator: User, now: datetime) -> Incident:
    return incident_service.declare(declaration=declaration(), now=now, actor=operator)


def planned(incident: Incident, now: datetime) -> Communication:
    communication = last(incident)
    plan.plan(communication_id=communication.pk, now=now)
    return communication


def test_a_tenant_in_the_hit_cell_hears_and_others_do_not(
    open_incident: Incident, now: datetime
) -> None:
    tenant("here", WEST)
    tenant("other-region", NORTH)
    tenant("other-service", ("storage", "west-europe"))
    assert told(planned(open_incident, now)) == {"here@example.com": "related"}


def test_a_tenant_with_a_rule_hears_by_its_rule_and_not_at_its_default_contact(
    open_incident: Incident, now: datetime
) -> None:
    rule(tenant("here", WEST), "ops@example.com", "boss@example.com")
    assert set(told(planned(open_incident, now))) == {"ops@example.com", "boss@example.com"}


@pytest.mark.parametrize(
    "filters",
    [
        {"kinds": ("planned-maintenance",)},
        {"services": ("storage",)},
        {"regions": ("east-us", "global")},
        {"subscriptions": ("here-2",)},
    ],
)
def test_a_rule_that_looks_elsewhere_silences_its_tenant(
    open_incident: Incident, now: datetime, filters: dict[str, Any]
) -> None:
    owner = tenant("here", WEST)
    subscription(owner, "here-2", NORTH)
    rule(owner, "ops@example.com", **filters)
    assert told(planned(open_incident, now)) == {}


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"kinds": ("service-issue", "planned-maintenance")},
        {"services": ("storage", "key-vault")},
        {"regions": ("west-europe",)},
        {"subscriptions": ("here-1",)},
    ],
)
def test_a_rule_that_names_what_is_hit_matches(
    open_incident: Incident, now: datetime, filters: dict[str, Any]
) -> None:
    rule(tenant("here", WEST), "ops@example.com", **filters)
    assert set(told(planned(open_incident, now))) == {"ops@example.com"}


def test_a_rule_must_match_service_and_region_in_one_cell(operator: User, now: datetime) -> None:
    owner = tenant("here", WEST, ("storage", "north-europe"))
    rule(owner, "ops@example.com", services=("key-vault",), regions=("north-europe",))
    incident = incident_service.declare(
        declaration=declaration(hit(*WEST), hit("storage", "north-europe")), now=now, actor=operator
    )
    assert told(planned(incident, now)) == {}


@pytest.mark.parametrize("active", [True, False])
def test_rules_that_lead_nowhere_fall_back_to_the_default_contact(
    open_incident: Incident, now: datetime, active: bool
) -> None:
    rule(tenant("here", WEST), *(() if active else ("ops@example.com",)), active=active)
    communication = planned(open_incident, now)
    assert set(told(communication)) == {"here@example.com"}
    assert communication.deliveries.get().reason == "default-contact"


def test_an_endpoint_of_ten_matching_rules_gets_one_message(
    open_incident: Incident, now: datetime
) -> None:
    owner = tenant("here", WEST)
    for _ in range(10):
        rule(owner, "ops@example.com")
    assert len(told(planned(open_incident, now))) == 1


def test_planning_again_adds_nothing(open_incident: Incident, now: datetime) -> None:
    tenant("here", WEST)
    communication = planned(open_incident, now)
    FanOut.objects.update(phase=Phase.MATCHING, cursor=0, done_at=None)
    assert plan.plan(communication_id=communication.pk, now=now) == 0
    assert Delivery.objects.count() == 1


def test_an_id_begins_with_when_it_was_planned_so_that_the_index_grows_at_its_end(
    open_incident: Incident, now: datetime
) -> None:
    tenant("a", WEST)
    tenant("b", WEST)
    planned(open_incident, now)
    first, second = Delivery.objects.all()
    assert first.uuid != second.uuid
    for each in (first, second):
        assert (each.uuid.version, each.uuid.variant) == (7, uuid.RFC_4122)
        assert (each.uuid.int >> 80) / 1000 == pytest.approx(each.created_at.timestamp(), abs=0.001)


def test_senders_are_woken_by_the_first_slice_and_again_at_the_end(
    open_incident: Incident, now: datetime
) -> None:
    for number in range(5):
        tenant(f"t{number}", ("key-vault", "west-europe"))
    there: list[int] = []
    plan.plan(
        communication_id=open_incident.communications.get().pk,
        now=now,
        slice_size=2,
        wake=lambda: there.append(Delivery.objects.count()),
    )
    assert there == [2, 5]


def test_a_small_slice_size_reaches_everybody_once(open_incident: Incident, now: datetime) -> None:
    for number in range(7):
        tenant(f"t{number}", WEST)
    communication = last(open_incident)
    plan.plan(communication_id=communication.pk, now=now, slice_size=2)
    fan_out = FanOut.objects.get()
    assert (len(told(communication)), fan_out.targeted) == (7, 7)


def test_a_planner_that_died_is_continued_by_the_sweep(
    open_incident: Incident, now: datetime
) -> None:
    for number in range(5):
        tenant(f"t{number}", WEST)
    communication = last(open_incident)
    fan_out = FanOut.objects.create(communication=communication, started_at=now)
    plan._take_slice(fan_out.pk, now, 2, 2)
    assert len(told(communication)) == 2
    plan.plan_due(now=now)
    assert len(told(communication)) == 5


def test_who_heard_of_the_beginning_hears_of_the_end(
    open_incident: Incident, operator: User, now: datetime
) -> None:
    early = tenant("early", WEST)
    planned(open_incident, now)
    early.subscriptions.get().footprint.all().delete()
    tenant("late", WEST)
    incident_service.post_update(
        incident_id=open_incident.pk,
        stage="resolved",
        statement=Statement(),
        now=now + timedelta(hours=1),
        actor=operator,
    )
    assert told(planned(open_incident, now)) == {
        "early@example.com": "partially-related",
        "late@example.com": "related",
    }


def test_a_recovered_region_is_told_to_its_tenants_and_to_those_told_before(
    operator: User, now: datetime
) -> None:
    tenant("west", WEST)
    tenant("north", NORTH)
    incident = incident_service.declare(
        declaration=declaration(hit(*WEST), hit(*NORTH)), now=now, actor=operator
    )
    planned(incident, now)
    incident_service.recover(
        incident_id=incident.pk,
        regions=[Region.objects.get(slug="north-europe")],
        at=now,
        now=now + timedelta(minutes=5),
        actor=operator,
    )
    assert told(planned(incident, now)) == {
        "north@example.com": "related",
        "west@example.com": "partially-related",
    }


def test_earlier_communications_are_planned_first_even_if_their_bell_was_lost(
    open_incident: Incident, operator: User, now: datetime
) -> None:
    gone = tenant("early", WEST)
    first = last(open_incident)
    incident_service.post_update(
        incident_id=open_incident.pk,
        stage="identified",
        statement=Statement("p", "t"),
        now=now,
        actor=operator,
    )
    planned(open_incident, now)
    assert told(last(open_incident)) == {"early@example.com": "related"}
    assert FanOut.objects.get(communication=first).phase == Phase.DONE
    assert gone.ref == "early"


def test_the_impacted_list_replaces_the_footprint(
    open_incident: Incident, operator: User, now: datetime
) -> None:
    tenant("guessed", WEST)
    tenant("really-hit", NORTH)
    planned(open_incident, now)
    confirm_audience(open_incident, "really-hit-1")
    for stage in ("identified", "mitigating"):
        incident_service.post_update(
            incident_id=open_incident.pk,
            stage=stage,
            statement=Statement("p", "t"),
            now=now,
            actor=operator,
        )
    second, third = open_incident.communications.order_by("number")[1:]
    plan.plan(communication_id=second.pk, now=now)
    assert told(second) == {
        "guessed@example.com": "not-impacted",
        "really-hit@example.com": "impacted",
    }
    plan.plan(communication_id=third.pk, now=now)
    assert set(told(third)) == {"really-hit@example.com"}, "not affected is said once"


def test_a_tenant_on_the_list_is_never_told_that_it_was_not_affected(
    open_incident: Incident, operator: User, now: datetime
) -> None:
    owner = tenant("here", WEST, NORTH)
    narrow = rule(owner, "ops@example.com")
    planned(open_incident, now)
    narrow.regions.set([Region.objects.get(slug="east-us")])
    confirm_audience(open_incident, "here-1")
    incident_service.post_update(
        incident_id=open_incident.pk,
        stage="identified",
        statement=Statement("p", "t"),
        now=now,
        actor=operator,
    )
    assert told(planned(open_incident, now)) == {"ops@example.com": "impacted"}


def test_no_audience_is_confirmed_without_a_list(
    open_incident: Incident, operator: User, now: datetime
) -> None:
    with pytest.raises(EntryError, match="no impacted list is in force"):
        incident_service.declare(
            declaration=declaration(audience="confirmed"), now=now, actor=operator
        )
    with pytest.raises(EntryError, match="no impacted list is in force"):
        incident_service.post_update(
            incident_id=open_incident.pk,
            changes=Changes(audience="confirmed"),
            statement=Statement("p", "t"),
            now=now,
            actor=operator,
        )


def test_a_retraction_goes_to_exactly_those_told(
    open_incident: Incident, operator: User, now: datetime
) -> None:
    tenant("told", WEST)
    planned(open_incident, now)
    tenant("new", WEST)
    write_communication(
        open_incident,
        stage="resolved",
        public_text="",
        targeted_text="It was a false alarm.",
        at=now,
        now=now,
        actor=operator,
        kind="retraction",
    )
    assert told(planned(open_incident, now)) == {"told@example.com": "related"}


def broad(operator: User, now: datetime) -> Incident:
    incident = incident_service.declare(
        declaration=declaration(hit(*WEST), hit("storage", "north-europe")),
        now=now,
        actor=operator,
    )
    assert incident.published_at == now
    return incident


def test_a_targeted_incident_reaches_no_public_subscriber(
    open_incident: Incident, now: datetime
) -> None:
    reader("reader@example.com")
    assert told(planned(open_incident, now)) == {}


def test_public_subscribers_hear_by_service_and_region_with_wildcards(
    operator: User, now: datetime
) -> None:
    reader("all@example.com")
    reader("cell@example.com", WEST)
    reader("service@example.com", ("storage", None))
    reader("region@example.com", (None, "north-europe"))
    reader("cross@example.com", ("key-vault", "north-europe"))
    reader("else@example.com", (None, "east-us"))
    unconfirmed = reader("unconfirmed@example.com")
    unconfirmed.confirmed_at = None
    unconfirmed.save()
    incident = broad(operator, now)
    assert set(told(planned(incident, now))) == {
        "all@example.com",
        "cell@example.com",
        "service@example.com",
        "region@example.com",
    }


def test_an_endpoint_that_matches_both_audiences_gets_the_targeted_message_only(
    operator: User, now: datetime
) -> None:
    tenant("both", WEST)
    shared = endpoint("both@example.com")
    shared.confirmed_at = now
    shared.save()
    reader("both@example.com")
    incident = broad(operator, now)
    assert [d.audience for d in planned(incident, now).deliveries.all()] == ["targeted"]


def test_a_purely_public_statement_goes_to_readers_only(operator: User, now: datetime) -> None:
    tenant("here", WEST)
    reader("reader@example.com")
    incident = broad(operator, now)
    write_communication(
        incident,
        stage="investigating",
        public_text="For the world.",
        targeted_text="",
        at=now,
        now=now,
        actor=operator,
    )
    assert told(planned(incident, now)) == {"reader@example.com": "public"}


def test_backfilled_statements_mail_nobody(open_incident: Incident, now: datetime) -> None:
    tenant("here", WEST)
    Communication.objects.update(backfilled=True)
    assert plan.plan_due(now=now) == 0
    Communication.objects.update(backfilled=False)
    Incident.objects.update(backfilled=True)
    assert plan.plan_due(now=now) == 0
    assert not FanOut.objects.exists()


def test_the_sweep_plans_what_no_bell_announced_unless_it_is_old(
    open_incident: Incident, now: datetime
) -> None:
    tenant("here", WEST)
    assert plan.plan_due(now=now + plan.HORIZON * 2) == 0
    assert plan.plan_due(now=now + timedelta(hours=1)) == 1


def test_an_update_not_yet_sent_gives_way_to_a_newer_one_that_covers_it(
    open_incident: Incident, operator: User, now: datetime
) -> None:
    tenant("here", WEST)
    first = planned(open_incident, now)
    incident_service.post_update(
        incident_id=open_incident.pk,
        stage="identified",
        statement=Statement("p", "t"),
        now=now,
        actor=operator,
    )
    second = planned(open_incident, now)
    old = Delivery.objects.get(communication=first)
    assert (old.state, old.skip_reason) == (State.SKIPPED, "superseded")
    assert told(second) == {"here@example.com": "related"}
    assert FanOut.objects.get(communication=second).superseded == 1


def test_an_update_on_fewer_cells_supersedes_nothing(operator: User, now: datetime) -> None:
    tenant("both", WEST, NORTH)
    incident = incident_service.declare(
        declaration=declaration(hit(*WEST), hit(*NORTH)), now=now, actor=operator
    )
    first = planned(incident, now)
    incident_service.recover(
        incident_id=incident.pk,
        regions=[Region.objects.get(slug="north-europe")],
        at=now,
        now=now,
        actor=operator,
    )
    planned(incident, now)
    assert Delivery.objects.get(communication=first).state == State.PENDING


@pytest.mark.parametrize("kind", ["review", "retraction", "correction"])
def test_reviews_retractions_and_corrections_are_never_superseded(
    open_incident: Incident, operator: User, now: datetime, kind: str
) -> None:
    tenant("here", WEST)
    planned(open_incident, now)
    Delivery.objects.update(state=State.SENT, sent_at=now)
    special = write_communication(
        open_incident,
        stage="investigating",
        public_text="",
        targeted_text="Special.",
        at=now,
        now=now,
        actor=operator,
        kind=kind,
    )
    planned(open_incident, now)
    incident_service.post_update(
        incident_id=open_incident.pk,
        stage="identified",
        statement=Statement("p", "t"),
        now=now,
        actor=operator,
    )
    planned(open_incident, now)
    assert Delivery.objects.get(communication=special).state == State.PENDING


def test_while_scenario_three_knows_no_audience_only_the_public_hears(
    operator: User, now: datetime
) -> None:
    tenant("here", WEST)
    reader("reader@example.com")
    incident = incident_service.declare(
        declaration=declaration(hit("key-vault", "west-europe", extent="zone"), audience="unknown"),
        now=now,
        actor=operator,
    )
    assert incident.scenario == 3
    assert set(told(planned(incident, now))) == {"reader@example.com"}
    set_audience(incident_id=incident.pk, audience="estimated", now=now, actor=operator)
    assert told(planned(incident, now))["here@example.com"] == "related"


def test_without_scenario_three_an_unknown_audience_is_told_by_footprint(
    operator: User, now: datetime
) -> None:
    tenant("here", WEST)
    incident = incident_service.declare(
        declaration=declaration(audience="unknown"), now=now, actor=operator
    )
    assert set(told(planned(incident, now))) == {"here@example.com"}


@pytest.mark.django_db(transaction=True)
def test_two_planners_at_once_plan_everybody_once(open_incident: Incident, now: datetime) -> None:
    for number in range(12):
        tenant(f"t{number}", WEST)
    communication = last(open_incident)
    start = threading.Barrier(3)

    def run() -> None:
        start.wait()
        try:
            plan.plan(communication_id=communication.pk, now=now, slice_size=2)
        finally:
            connection.close()

    planners = [threading.Thread(target=run) for _ in range(3)]
    for planner in planners:
        planner.start()
    for planner in planners:
        planner.join()
    fan_out = FanOut.objects.get()
    assert (len(told(communication)), fan_out.targeted) == (12, 12)
