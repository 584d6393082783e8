"""The index that audiences are chosen from always equals the join it stands for, whoever changes what."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.models import Dependency, Geography, Offering, Region, Service, ServiceCategory
from incidents.vocabulary import LEVEL_RANK, Kind, Level
from notifications.audience import selection, target_index
from notifications.audience.rule_bits import bits
from notifications.models import (
    ActionGroup,
    AlertRule,
    CustomerSubscription,
    Endpoint,
    Footprint,
    StaleTenant,
    Target,
    Tenant,
)
from tests.notifications.cast import THEN, endpoint, rule, subscription, tenant

pytestmark = pytest.mark.usefixtures("catalogue")

WEST, NORTH = ("key-vault", "west-europe"), ("storage", "north-europe")
# Service, region, tenant, endpoint; kind, level, every statement, hit itself; by rule.
Row = tuple[int, int, int, int, str, str, bool, bool, bool]


def held() -> set[Row]:
    rows = Target.objects.values_list(
        "service_id", "region_id", "tenant_id", "endpoint_id", "by_rule", "kinds"
    )
    return {
        (
            service,
            region,
            owner,
            end,
            kind,
            level,
            bool(kinds & asked.every),
            bool(kinds & asked.direct),
            by_rule,
        )
        for service, region, owner, end, by_rule, kinds in rows
        for kind in list(Kind)
        for level in list(Level)
        for asked in [bits(kind, level)]
        if kinds & asked.wanted
    }


def joined() -> set[Row]:
    """The same by loops over objects: subscription by subscription, rule by rule."""
    found: set[Row] = set()
    for owner in Tenant.objects.all():
        rules = [
            each
            for each in owner.alert_rules.filter(active=True)
            if Endpoint.objects.filter(action_groups__alert_rules=each).exists()
        ]
        for cell in Footprint.objects.filter(subscription__tenant=owner):
            where = (cell.service_id, cell.region_id, owner.pk)
            if not rules and owner.contact_id:
                found |= {
                    (*where, owner.contact_id, kind, level, True, True, False)
                    for kind in list(Kind)
                    for level in list(Level)
                }
            for each in rules:
                if each.certainty != "confirmed" and _looks_at(each, cell):
                    found |= _rows(each, owner.pk, cell)
    return found


def _rows(each: AlertRule, owner: int, cell: Footprint) -> set[Row]:
    least = LEVEL_RANK[each.least_level or "informational"]
    graver = [level for level in Level if LEVEL_RANK[level] >= least]
    every = not each.ends_only
    found: set[Row] = set()
    for end in Endpoint.objects.filter(action_groups__alert_rules=each):
        for kind in each.kinds or list(Kind):
            for level in graver:
                told = (end.pk, kind, level, every)
                found.add((cell.service_id, cell.region_id, owner, *told, True, True))
                if each.dependents and kind == "service-issue" and level != "informational":
                    found |= {
                        (service, region, owner, *told, False, True)
                        for service, region in _beneath(cell)
                    }
    return found


def _beneath(cell: Footprint) -> set[tuple[int, int]]:
    """The cells that a cell depends on: in its region or worldwide; of what is one worldwide, any."""
    found = set()
    for need in Dependency.objects.filter(service=cell.service_id):
        places = Offering.objects.filter(service=need.depends_on_id).select_related("region")
        worldwide = any(each.region.is_global for each in places)
        for each in places:
            anywhere = cell.region.is_global and worldwide
            if each.region_id == cell.region_id or each.region.is_global or anywhere:
                found.add((each.service_id, each.region_id))
    return found


def _looks_at(each: AlertRule, cell: Footprint) -> bool:
    services = set(each.services.values_list("pk", flat=True))
    regions = set(each.regions.values_list("pk", flat=True))
    categories = set(each.categories.values_list("pk", flat=True))
    geographies = set(each.geographies.values_list("pk", flat=True))
    subscriptions = set(each.subscriptions.values_list("pk", flat=True))
    return (
        (
            not (services or categories)
            or cell.service_id in services
            or cell.service.category_id in categories
        )
        and (
            not (regions or geographies)
            or cell.region_id in regions
            or cell.region.geography_id in geographies
        )
        and (not subscriptions or cell.subscription_id in subscriptions)
    )


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _any(model: Any, place: int) -> Any:
    """An object of a table, by a random number; None when there is none."""
    rows = list(model.objects.order_by("pk"))
    return rows[place % len(rows)] if rows else None


_refs = count()  # what was dropped leaves a gap: a name made of how many there are could be taken


def _make_tenant(a: int, b: int, many: list[int]) -> None:
    Tenant.objects.create(
        ref=f"t{next(_refs)}",
        name="T",
        contact=None if a % 4 == 0 else endpoint(f"c{a % 3}@example.com"),
    )


def _make_subscription(a: int, b: int, many: list[int]) -> None:
    if owner := _any(Tenant, a):
        ref = f"s{next(_refs)}"
        made = CustomerSubscription.objects.create(tenant=owner, ref=ref)
        _move_in(made, many)


def _move_in(made: CustomerSubscription, many: list[int]) -> None:
    cells = {(_any(Service, one).pk, _any(Region, one // 5).pk) for one in many}
    Footprint.objects.bulk_create(
        [
            Footprint(subscription=made, service_id=service, region_id=region)
            for service, region in cells
        ],
        ignore_conflicts=True,
    )


def _grow(a: int, b: int, many: list[int]) -> None:
    if found := _any(CustomerSubscription, a):
        _move_in(found, many)


def _shrink(a: int, b: int, many: list[int]) -> None:
    chosen = [_any(Footprint, one) for one in many if a]
    Footprint.objects.filter(pk__in=[each.pk for each in chosen if each]).delete()


def _change_hands(a: int, b: int, many: list[int]) -> None:
    if Tenant.objects.exists():
        wanted = [_any(CustomerSubscription, one) for one in many]
        refs = [each.ref for each in wanted if each]
        CustomerSubscription.objects.filter(ref__in=refs).update(tenant=_any(Tenant, b))


def _make_rule(a: int, b: int, many: list[int]) -> None:
    owner = _any(Tenant, a)
    if owner is None:
        return
    made = AlertRule.objects.create(
        tenant=owner,
        name=f"r{next(_refs)}",
        kinds=[list(Kind)[one % 4] for one in many[:1]] if b % 2 else [],
        least_level=["", "", *list(Level)][a % 5],
        certainty=["", "", "estimated", "confirmed"][(a + b) % 4],
        ends_only=a % 3 == 0,
        dependents=b % 3 == 0,
    )
    group = ActionGroup.objects.create(tenant=owner, name=f"g{next(_refs)}")
    group.endpoints.set([endpoint(f"e{one % 4}@example.com") for one in many])
    made.action_groups.set([group])
    _filter(AlertRule.objects.count() - 1, b, many)


def _filter(a: int, b: int, many: list[int]) -> None:
    if found := _any(AlertRule, a):
        found.services.set([_any(Service, one) for one in many[: b % 3]])
        found.regions.set([_any(Region, one) for one in many[: b % 2]])
        found.categories.set([_any(ServiceCategory, one) for one in many[: b % 7 == 1]])
        found.geographies.set([_any(Geography, one) for one in many[: b % 7 == 2]])
        chosen = [_any(CustomerSubscription, one) for one in many] if b % 5 == 0 else []
        found.subscriptions.set([each for each in chosen if each])


def _tune(a: int, b: int, many: list[int]) -> None:
    if found := _any(AlertRule, a):
        found.ends_only, found.dependents = bool(b % 2), bool(b % 3)
        found.least_level = ["", *list(Level)][b % 4]
        found.save()


def _reorder(a: int, b: int, many: list[int]) -> None:
    """The catalogue moves a service to another category, a region to another geography."""
    if service := _any(Service, a):
        Service.objects.filter(pk=service.pk).update(category=_any(ServiceCategory, b))
    if region := _any(Region, a):
        Region.objects.filter(pk=region.pk).update(geography=_any(Geography, b))


def _depend(a: int, b: int, many: list[int]) -> None:
    one, other = _any(Service, a), _any(Service, b)
    if one != other:
        Dependency.objects.get_or_create(service=one, depends_on=other)
    for place in many[:1]:
        if need := _any(Dependency, place):
            need.delete()
        Offering.objects.get_or_create(service=one, region=_any(Region, place))


def _switch(a: int, b: int, many: list[int]) -> None:
    if found := _any(AlertRule, a):
        AlertRule.objects.filter(pk=found.pk).update(active=bool(b % 2))


def _regroup(a: int, b: int, many: list[int]) -> None:
    if found := _any(ActionGroup, a):
        found.endpoints.set([endpoint(f"e{one % 4}@example.com") for one in many])


def _lead(a: int, b: int, many: list[int]) -> None:
    if found := _any(AlertRule, a):
        found.action_groups.set(found.tenant.action_groups.all()[: b % 3])


def _call(a: int, b: int, many: list[int]) -> None:
    if found := _any(Tenant, a):
        found.contact = endpoint(f"c{b % 3}@example.com") if b % 4 else None
        found.save()


def _drop(a: int, b: int, many: list[int]) -> None:
    models: list[Any] = [AlertRule, ActionGroup, CustomerSubscription, Tenant]
    if found := _any(models[b % 4], a):
        found.delete()


def _drop_endpoint(a: int, b: int, many: list[int]) -> None:
    if found := _any(Endpoint, a):
        Endpoint.objects.filter(pk=found.pk, contact_of=None).delete()


EDITS: list[Callable[[int, int, list[int]], None]] = [
    _make_tenant, _make_subscription, _grow, _shrink, _change_hands, _make_rule, _filter, _switch,
    _regroup, _lead, _call, _drop, _drop_endpoint,
    _tune, _reorder, _depend,
]  # fmt: skip

number = st.integers(0, 40)
edit = st.tuples(st.sampled_from(EDITS), number, number, st.lists(number, max_size=4))
begin = st.lists(
    st.tuples(
        st.sampled_from([_make_tenant, _make_subscription, _make_rule]),
        number,
        number,
        st.lists(number, min_size=1, max_size=4),
    ),
    min_size=3,
    max_size=8,
)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(begin=begin, rounds=st.lists(st.lists(edit, min_size=1, max_size=3), max_size=4))
def test_after_any_edits_the_index_equals_the_join(
    catalogue: None, begin: list[Any], rounds: list[list[Any]]
) -> None:
    with taken_back():
        tenant("first", WEST)
        for edits in (begin, *rounds):
            for act, a, b, many in edits:
                act(a, b, many)
            target_index.refresh()
            assert held() == joined()
            assert not StaleTenant.objects.exists()


@pytest.mark.parametrize("wide", [1, 1000])
def test_an_audience_is_chosen_alike_cell_by_cell_and_from_all_rows(
    db: None, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "WIDE", wide)
    tenant("west", WEST)
    tenant("north", NORTH)
    tenant("both", WEST, NORTH)
    tenant("elsewhere", ("storage", "west-europe"), ("key-vault", "north-europe"))
    rule(tenant("ruled", WEST), "ops@example.com", kinds=("health-advisory",))
    cells = [
        (Service.objects.get(slug=service).pk, Region.objects.get(slug=region).pk)
        for service, region in (WEST, NORTH)
    ]
    counted = {
        kind: sum(selection.breakdown(cells, kind=kind, level="error").channels.values())
        for kind in list(Kind)
    }
    assert counted == {kind: 4 if kind == "health-advisory" else 3 for kind in list(Kind)}


def test_what_decides_about_no_target_marks_nobody(db: None) -> None:
    owner = tenant("contoso", WEST)
    target_index.refresh()
    Tenant.objects.update(name="Contoso Ltd")
    CustomerSubscription.objects.update(name="Production")
    assert not StaleTenant.objects.exists()
    Tenant.objects.update(contact=None)
    assert StaleTenant.objects.get().tenant_id == owner.pk


def test_a_change_by_hand_counts_too(db: None) -> None:
    tenant("contoso", WEST, NORTH)
    target_index.refresh()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_footprint SET region_id = %s", [
            Region.objects.get(slug="east-us").pk
        ])  # fmt: skip
    target_index.refresh()
    assert held() == joined()


def test_only_what_differs_is_written(db: None) -> None:
    owner = tenant("contoso", WEST)
    rule(owner, "ops@example.com")
    target_index.refresh()
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid FROM notifications_target")
        before = cursor.fetchall()
        subscription(owner, "contoso-2", NORTH)
        target_index.refresh()
        cursor.execute("SELECT ctid FROM notifications_target ORDER BY ctid")
        after = cursor.fetchall()
    assert (len(before), len(after)) == (1, 2)
    assert after[0] == before[0]


def test_it_is_compared_and_made_anew_by_one_command(db: None) -> None:
    tenant("contoso", WEST)
    gone = tenant("gone", NORTH)
    target_index.refresh()
    call_command("rebuild_targets", "--check", stdout=io.StringIO())
    right = set(Target.objects.values_list("service_id", "tenant_id"))
    Target.objects.filter(tenant_id=gone.pk).delete()
    Target.objects.create(
        service_id=1, region_id=1, tenant_id=gone.pk + 1000, endpoint_id=1, kinds=-1, by_rule=True
    )
    with pytest.raises(CommandError, match=r"^2 rows differ"):
        call_command("rebuild_targets", "--check", stdout=io.StringIO())
    call_command("rebuild_targets", stdout=io.StringIO())
    assert set(Target.objects.values_list("service_id", "tenant_id")) == right
    tenant("third", WEST)
    assert target_index.rebuild() == 3


def test_what_takes_long_says_after_each_batch_how_far_it_is(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_index, "BATCH", 2)
    for number in range(5):
        tenant(f"t{number}", WEST)
    said: list[str] = []
    assert target_index.refresh(progress=said.append) == 5
    assert target_index.refresh(progress=said.append) == 0
    assert target_index.differences(progress=said.append) == 0
    assert target_index.rebuild(progress=said.append) == 5
    assert said == [
        "targets of 4 tenants brought up to date",
        "targets of 5 tenants brought up to date",
        *(f"targets of {done} tenants compared" for done in (2, 4, 5)),
        *(f"targets of {done} tenants made" for done in (2, 4, 5)),
    ]


def test_catching_up_says_how_far_it_is_too(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_index, "BATCH", 1)
    for number in range(2):
        tenant(f"t{number}", WEST)
    said: list[str] = []
    target_index.catch_up(progress=said.append)
    assert said == ["targets of 2 tenants brought up to date"]


def test_the_first_of_all_tenants_is_made_anew_like_any_other(db: None) -> None:
    if not Tenant.objects.filter(pk=1).exists():
        Tenant.objects.create(pk=1, ref="first", name="First")
    tenant("second", WEST)
    assert target_index.rebuild() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_and_a_change_in_between_leave_it_right(catalogue: None) -> None:
    owners = [tenant(f"t{number}", WEST) for number in range(8)]
    start = threading.Barrier(4)

    def run(act: Callable[[], object]) -> None:
        start.wait()
        try:
            for _ in range(5):
                act()
        finally:
            connection.close()

    def change() -> None:
        for owner in owners:
            with transaction.atomic():
                owner.contact = Endpoint.objects.create(
                    address=f"{threading.get_ident()}-{owner.pk}-{Endpoint.objects.count()}@x.example",
                    created_at=THEN,
                )
                owner.save()

    threads = [threading.Thread(target=run, args=(act,)) for act in (target_index.refresh,) * 3]
    threads.append(threading.Thread(target=run, args=(change,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    target_index.refresh()
    assert held() == joined()


@pytest.mark.django_db(transaction=True)
def test_after_much_was_written_the_index_is_vacuumed_outside_any_transaction() -> None:
    tenant("nordwind", ("key-vault", "west-europe"))
    target_index.refresh()
    target_index.tidy()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM notifications_target")
        (targets,) = cursor.fetchone() or (0,)
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'notifications_target'")
        assert cursor.fetchone() == (targets,)
    assert targets
