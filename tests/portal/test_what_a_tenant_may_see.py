"""What may be seen, asked of the rule itself: page by page, in whose words, and which cells of one's own were hit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import Impact, Incident, Region
from incidents.services import incident as incident_service
from incidents.services.inputs import Changes, Statement
from notifications.audience.tenants.tenant_events import (
    Asked,
    EventBasis,
    TenantEvent,
    events_for,
    events_of,
    statements_of,
)
from notifications.audience.tenants.tenant_hits import (
    Subscription,
    cells_hit,
    hits,
    subscriptions_hit,
)
from notifications.delivery import plan
from notifications.models import CustomerSubscription, Delivery, Tenant
from tests.conftest import NOW, declaration, hit
from tests.notifications.cast import confirm_audience, last, subscription, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
WEST, NORTH, EAST = (("key-vault", region) for region in ("west-europe", "north-europe", "east-us"))


def declared(operator: User, **more: object) -> Incident:
    values = {"statement": Statement(targeted_text="For those who are affected."), **more}
    return incident_service.declare(declaration=declaration(**values), now=NOW, actor=operator)


@pytest.fixture
def some_hidden(nordwind: Tenant, operator: User) -> list[int]:
    """Events that began at one moment and that Nordwind sees, the newest first: between them are four it does not."""
    tenant("other", WEST)
    made = [declared(operator) for _ in range(9)]
    for number in (1, 4, 5, 7):
        confirm_audience(made[number], "other-1")
    return [made[number].pk for number in (8, 6, 3, 2, 0)]


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 6, 20])
def test_a_page_is_full_whatever_must_not_be_seen_in_between(
    nordwind: Tenant, some_hidden: list[int], most: int
) -> None:
    assert [each.incident.pk for each in events_of(nordwind)] == some_hidden
    page = events_of(nordwind, most=most)
    assert [each.incident.pk for each in page] == some_hidden[:most]
    assert events_for(nordwind, security=False, most=most) == page


def test_a_page_that_is_full_asks_no_further(nordwind: Tenant, operator: User) -> None:
    newest = [declared(operator).pk for _ in range(3)][::-1]
    with CaptureQueriesContext(connection) as everything:
        events_of(nordwind)
    with CaptureQueriesContext(connection) as one_page:
        page = events_of(nordwind, most=2)
    assert [each.incident.pk for each in page] == newest[:2]
    assert len(one_page) == len(everything)


@pytest.mark.parametrize(
    "where",
    [
        Asked(service="key-vault"),
        Asked(region="west-europe"),
        Asked(service="key-vault", region="west-europe"),
    ],
)
def test_of_a_cell_only_what_hit_it_is_listed(
    nordwind: Tenant, operator: User, where: Asked
) -> None:
    spared, other = declared(operator), declared(operator)
    plan.plan(communication_id=last(spared).pk, now=NOW)
    Delivery.objects.update(state="sent", sent_at=NOW)
    tenant("other", WEST)
    confirm_audience(spared, "other-1")
    seen = {each.incident.pk: each.basis for each in events_of(nordwind)}
    assert seen == {spared.pk: EventBasis.NOT_HIT, other.pk: EventBasis.FOOTPRINT}
    assert [each.incident.pk for each in events_of(nordwind, where)] == [other.pk]


def test_each_statement_is_marked_as_for_everybody_or_for_the_affected_alone(
    nordwind: Tenant, operator: User
) -> None:
    incident = declared(
        operator,
        hits=(hit(*WEST, extent="zone"), hit("storage", "west-europe")),
        statement=Statement(public_text="Known to all.", targeted_text="Known to you."),
    )
    incident_service.post_update(
        incident_id=incident.pk,
        statement=Statement(public_text="Better for all."),
        changes=Changes(),
        now=NOW + timedelta(minutes=30),
        actor=operator,
    )
    (event,) = events_of(nordwind)
    assert {each.targeted for each in statements_of(event)} == {True}
    tenant("other", WEST)
    confirm_audience(incident, "other-1")
    (event,) = events_of(nordwind)
    heard = incident.communications.get(number=1)
    assert [(each.text, each.targeted) for each in statements_of(event, [heard.pk])] == [
        ("Better for all.", False),
        ("Known to you.", True),
    ]


@pytest.mark.parametrize(
    ("said_in", "hit_in"), [(WEST, WEST), (WEST, EAST), (EAST, WEST), (EAST, EAST)]
)
@pytest.mark.parametrize("public", [True, False])
def test_what_is_not_told_directly_is_seen_where_it_is_public_and_names_a_cell_of_ones_own(
    nordwind: Tenant,
    operator: User,
    said_in: tuple[str, str],
    hit_in: tuple[str, str],
    public: bool,
) -> None:
    incident = declared(
        operator,
        hits=(hit(*said_in, extent="zone"), hit("storage", "west-us")),
        statement=Statement(public_text="Known to all.", targeted_text="For the affected."),
    )
    Impact.objects.filter(service__slug="key-vault").update(
        region=Region.objects.get(slug=hit_in[1])
    )
    tenant("other", said_in)
    confirm_audience(incident, "other-1")
    if not public:
        Incident.objects.filter(pk=incident.pk).update(published_at=None)
    seen = [each.basis for each in events_of(nordwind)]
    assert seen == ([EventBasis.PUBLIC] if public and WEST in (said_in, hit_in) else [])


def test_of_what_nothing_was_said_there_is_no_statement() -> None:
    nothing_said = TenantEvent(Incident(pk=-1), EventBasis.PUBLIC, public=True)
    assert statements_of(nothing_said) == []


def test_a_subscription_goes_by_its_name_else_by_its_identifier(
    nordwind: Tenant, operator: User
) -> None:
    incident = declared(operator, hits=(hit(*WEST), hit(*NORTH), hit(*EAST)))
    CustomerSubscription.objects.filter(ref="nordwind-1").update(name="Shop")
    CustomerSubscription.objects.filter(ref="nordwind-dr").update(name="")
    (shop, spare) = hits(nordwind, events_of(nordwind))[incident.pk].shown
    assert (shop, spare) == (Subscription("nordwind-1", "Shop"), Subscription("nordwind-dr", ""))
    assert (str(shop), str(spare)) == ("Shop", "nordwind-dr")
    assert subscriptions_hit(nordwind, events_of(nordwind))[incident.pk] == [shop, spare]


def test_in_a_cell_that_was_hit_an_estimate_names_who_runs_there_and_a_list_who_is_on_it(
    nordwind: Tenant, operator: User
) -> None:
    subscription(nordwind, "nordwind-2", WEST)
    incident = declared(operator, hits=(hit(*WEST), hit(*NORTH)))

    def named() -> dict[str, tuple[list[str], int]]:
        cells = cells_hit(nordwind, events_of(nordwind))[incident.pk]
        return {each.region_slug: (list(each.subscriptions), each.count) for each in cells}

    assert named() == {
        "west-europe": (["nordwind-1", "nordwind-2"], 2),
        "north-europe": (["nordwind-dr"], 1),
    }
    confirm_audience(incident, "nordwind-2")
    assert named() == {"west-europe": (["nordwind-2"], 1), "north-europe": ([], 0)}
