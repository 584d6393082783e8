"""Who would be told: counted in parts, and nothing is sent."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from incidents.models import Incident
from incidents.services import incident as incident_service
from notifications.audience import preview
from notifications.delivery import plan
from notifications.models import Delivery, Endpoint, FanOut, PublicTopic, Tenant
from notifications.vocabulary.delivery_states import Phase
from tests.conftest import declaration, hit
from tests.notifications.cast import (
    THEN,
    confirm_audience,
    last,
    reader,
    rule,
    subscription,
    tenant,
)

pytestmark = pytest.mark.usefixtures("catalogue")

WEST, EAST = ("key-vault", "west-europe"), ("key-vault", "east-us")


@pytest.fixture
def incident(operator: User, now: datetime) -> Incident:
    contoso = tenant("contoso", WEST)
    subscription(contoso, "contoso-2", EAST)
    rule(contoso, "a@contoso.example", "b@contoso.example")
    tenant("fabrikam", EAST)
    tenant("elsewhere", ("storage", "west-us"))
    reader("reader@example.com")
    hits = [hit(*WEST), hit(*EAST)]
    return incident_service.declare(declaration=declaration(*hits), now=now, actor=operator)


def asked(incident: Incident, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    call_command("audience", incident.tracking_id, "--json")
    return dict(json.loads(capsys.readouterr().out))


def test_readers_are_counted_as_they_chose(
    incident: Incident, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("service-issue", "planned-maintenance"):
        chooser = reader(f"{kind}@example.com")
        chooser.post_kinds = [kind]
        chooser.save()
    assert asked(incident, capsys)["readers"] == 2


def test_an_audience_is_counted_by_channel_geography_and_tenant(
    incident: Incident, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(incident, capsys) == {
        "tracking_id": incident.tracking_id,
        "basis": "footprint",
        "endpoints": 3,
        "readers": 1,
        "subscriptions": 3,
        "tenants": 2,
        "channels": {"mail": 3},
        "geographies": {"Americas": 2, "Europe": 1},
        "largest_tenants": {"contoso": 2, "fabrikam": 1},
        "sample": [
            "mail a@contoso.example",
            "mail b@contoso.example",
            "mail fabrikam@example.com",
        ],
    }
    assert not Delivery.objects.exists()


def test_the_very_first_tenant_and_reader_count_too(
    incident: Incident, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Endpoint.objects.create(
        pk=1, address="1@example.com", created_at=THEN, confirmed_at=THEN
    )
    PublicTopic.objects.create(endpoint=first)
    subscription(
        Tenant.objects.create(pk=1, ref="first", name="First", contact=first), "first-1", WEST
    )
    found = asked(incident, capsys)
    assert (found["tenants"], found["endpoints"], found["readers"]) == (3, 4, 2)


def test_where_nobody_runs_all_counts_are_nothing(
    now: datetime, operator: User, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = incident_service.declare(declaration=declaration(hit(*WEST)), now=now, actor=operator)
    told = asked(nowhere, capsys)
    assert {name: told[name] for name in ("endpoints", "subscriptions", "tenants", "readers")} == {
        "endpoints": 0, "subscriptions": 0, "tenants": 0, "readers": 0,
    }  # fmt: skip
    parts = ("channels", "geographies", "largest_tenants", "sample")
    assert [told[name] for name in parts] == [{}, {}, {}, []]


def test_who_hears_because_a_list_has_grown_is_counted_until_it_is_planned(
    incident: Incident, now: datetime, operator: User
) -> None:
    plan.plan(communication_id=last(incident).pk, now=now)
    assert preview.hearers_of_list(incident.pk) == 0
    confirm_audience(incident, "elsewhere-1")
    another = incident_service.declare(declaration=declaration(), now=now, actor=operator)
    assert preview.hearers_of_list(incident.pk) == 0, "planned to the end"
    FanOut.objects.update(phase=Phase.TOLD_BEFORE, done_at=None)
    assert preview.hearers_of_list(incident.pk) == 0, "the first list has not grown"
    FanOut.objects.update(audience_version=2, phase=Phase.DONE, done_at=now)
    assert preview.hearers_of_list(incident.pk) == 0, "planned anew to the end"
    FanOut.objects.update(phase=Phase.TOLD_BEFORE, done_at=None)
    assert preview.hearers_of_list(incident.pk) == 1
    assert preview.hearers_of_list(another.pk) == 0


def test_a_confirmed_audience_is_the_impacted_list(
    incident: Incident, capsys: pytest.CaptureFixture[str]
) -> None:
    confirm_audience(incident, "fabrikam-1")
    found = asked(incident, capsys)
    assert (found["basis"], found["largest_tenants"]) == ("impacted list", {"fabrikam": 1})
    assert (found["channels"], found["sample"]) == ({"mail": 1}, ["mail fabrikam@example.com"])


def test_only_a_confirmed_audience_with_a_list_is_the_list(
    incident: Incident, capsys: pytest.CaptureFixture[str]
) -> None:
    confirm_audience(incident)
    assert asked(incident, capsys)["basis"] == "footprint", "nobody is on a list"
    confirm_audience(incident, "fabrikam-1")
    Incident.objects.filter(pk=incident.pk).update(audience="estimated")
    assert asked(incident, capsys)["basis"] == "footprint", "the list is not confirmed"


def test_it_can_be_read_by_a_person(incident: Incident, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audience", incident.tracking_id)
    assert "channels: mail 3\n" in capsys.readouterr().out


def test_an_unknown_tracking_id_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="was declared here") as refused:
        call_command("audience", "NONE-000")
    assert refused.value.returncode == 2
