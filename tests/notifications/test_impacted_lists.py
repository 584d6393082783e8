"""The impacted list of an incident: replaced as a whole, and who comes onto it late misses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.decisions.operator_decisions import set_audience
from incidents.services.reviews.review import Draft, Section, publish_review
from notifications.customers.impacted_file import ImpactedFileError
from notifications.customers.impacted_lists import replace_list
from notifications.delivery import plan
from notifications.models import AudienceVersion
from tests.conftest import declaration
from tests.notifications.cast import last, tenant, told

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@pytest.fixture
def incident(operator: User, now: datetime) -> Incident:
    for ref in ("contoso", "fabrikam", "litware"):
        tenant(ref, WEST)
    return incident_service.declare(
        declaration=declaration(audience="unknown"), now=now, actor=operator
    )


def listed(incident: Incident, now: datetime, *refs: str) -> None:
    replace_list(incident_id=incident.pk, lines=refs, now=now)


def refs_of(incident: Incident) -> list[str]:
    found = incident.impacted.order_by("subscription__ref")
    return list(found.values_list("subscription__ref", flat=True))


def test_a_list_is_replaced_as_a_whole_or_not_at_all(incident: Incident, now: datetime) -> None:
    listed(incident, now, "contoso-1")
    listed(incident, now, "fabrikam-1", "fabrikam-1")
    with pytest.raises(ImpactedFileError, match="line 1: nobody is no known subscription"):
        listed(incident, now, "nobody", "contoso-1")
    assert refs_of(incident) == ["fabrikam-1"]
    versions = AudienceVersion.objects.order_by("version")
    assert list(versions.values_list("version", "added", "removed")) == [(1, 1, 0), (2, 1, 1)]


def test_the_same_list_again_is_no_new_version(incident: Incident, now: datetime) -> None:
    listed(incident, now, "contoso-1")
    listed(incident, now, "contoso-1")
    assert AudienceVersion.objects.count() == 1


def test_who_is_added_late_gets_the_current_state_and_the_review_and_nobody_gets_them_twice(
    incident: Incident, now: datetime, operator: User
) -> None:
    listed(incident, now, "contoso-1")
    set_audience(incident_id=incident.pk, audience="confirmed", now=now, actor=operator)
    incident_service.post_update(incident_id=incident.pk, stage="resolved", now=now, actor=operator)
    state = last(incident)
    draft = Draft(kind="final", sections=[Section("what", "What happened?", "A quorum was lost.")])
    publish_review(incident_id=incident.pk, draft=draft, now=now, actor=operator)
    review = last(incident)
    plan.plan_due(now=now)
    assert "fabrikam@example.com" not in told(review)

    later = now + timedelta(days=30)
    listed(incident, later, "contoso-1", "fabrikam-1")
    assert plan.plan_due(now=later) == 2

    assert told(review)["fabrikam@example.com"] == "impacted"
    assert told(state)["fabrikam@example.com"] == "impacted"
    assert plan.plan_due(now=later) == 0


def test_a_list_before_the_audience_is_confirmed_tells_nobody(
    incident: Incident, now: datetime
) -> None:
    plan.plan_due(now=now)
    listed(incident, now, "contoso-1")
    assert plan.plan_due(now=now) == 0


def load(incident: Incident, folder: Path, text: str, *options: str) -> None:
    file = folder / "list.csv"
    file.write_text(text)
    call_command("load_impacted", incident.tracking_id, str(file), *options)


def test_a_file_is_loaded_and_a_dry_run_only_says_what_would_change(
    incident: Incident, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "name,subscription\nOne,contoso-1\n\nTwo,fabrikam-1\n"
    load(incident, tmp_path, text, "--dry-run", "--json")
    assert json.loads(capsys.readouterr().out)["added"] == 2
    assert refs_of(incident) == []
    load(incident, tmp_path, text)
    assert "2 added, 0 removed" in capsys.readouterr().out
    assert refs_of(incident) == ["contoso-1", "fabrikam-1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("contoso-1\nno such\n", "line 2: 'no such' is no identifier"),
        ("contoso-1\nwho-1\n", "line 2: who-1 is no known subscription"),
    ],
)
def test_a_faulty_file_is_refused_line_by_line_and_nothing_is_stored(
    incident: Incident, tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        load(incident, tmp_path, text)
    assert refused.value.returncode == 2
    assert refs_of(incident) == []


@pytest.mark.parametrize(
    "content",
    [
        "Subscription\r\nCONTOSO-1\r\n",
        "sep=;\r\nname;subscription\r\nOne;contoso-1\r\n",
        "name;Subscription ID\nOne;contoso-1\n;\n",
        "name\tsubscription\nOne\tcontoso-1\n\t\n",
        "\ufeffsubscription\ncontoso\N{NON-BREAKING HYPHEN}1\n",
        "sep=\t\ncontoso-1\n",
        "contoso-1;something else\n",
        'note,subscription\n"two\nlines",contoso-1\n',
        "name,subscription\nOne,contoso-1\n".encode("utf-16"),
        "name;subscription\nOne;contoso-1\n".encode("utf-16-le"),
        "subscription\rcontoso-1\r",
    ],
)
def test_a_list_has_the_habits_of_a_spreadsheet_too(
    incident: Incident, tmp_path: Path, content: str | bytes
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    call_command("load_impacted", incident.tracking_id, str(file))
    assert refs_of(incident) == ["contoso-1"]


@pytest.mark.parametrize("spelling", [str.lower, lambda it: it.replace("-", "\N{EN DASH}")])
def test_a_tracking_id_is_taken_as_people_type_it(
    incident: Incident, tmp_path: Path, spelling: Callable[[str], str]
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("contoso-1\n")
    call_command("load_impacted", spelling(incident.tracking_id), str(file))
    assert refs_of(incident) == ["contoso-1"]
