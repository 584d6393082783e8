"""What visitors and outside probes report is a witness: shown to the desk as a draft, never a post by itself."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from incidents.models import Communication, FormDraft, Incident, MonitorAlert, MonitorSource
from incidents.services.alerts import sources, visitors
from incidents.services.alerts.intake import take_in
from incidents.services.alerts.recovery import recover_due
from incidents.services.alerts.waiting import join_open, put_aside, reported_drafts
from incidents.services.errors import EntryError
from incidents.services.incident import declare
from notifications.models import Delivery
from statuspage.visitors import visitor_reports
from tests.alerts.test_alerts_become_incidents import alert
from tests.conftest import declaration, hit

pytestmark = pytest.mark.usefixtures("nobody_has_reported")
HERE = {"service": "storage", "region": "west-europe"}


@pytest.fixture
def nobody_has_reported(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> str:
    """Redis outlives a test, hence names of its own, which it returns."""
    settings.VISITOR_REPORTS, settings.VISITOR_REPORT_MINUTES = 3, 15
    name = f"test-{uuid.uuid4()}"
    monkeypatch.setattr(visitors, "PREFIX", name)
    for limit in ("PER_SENDER", "ONCE"):
        own = replace(getattr(visitor_reports, limit), name=f"{name}-{limit}")
        monkeypatch.setattr(visitor_reports, limit, own)
    return name


def press(sender: str = "10.0.0.1", **fields: str) -> int:
    answer = Client().post("/report/", HERE | fields, REMOTE_ADDR=sender)
    assert not answer.cookies
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code


def several(
    count: int, now: datetime, service: str = "storage", region: str = "west-europe"
) -> None:
    for _ in range(count):
        visitors.count(service, region, now=now)


def test_a_press_opens_no_database_and_a_network_counts_once(
    nobody_has_reported: str, settings: LazySettings
) -> None:
    """Without the mark `django_db` any query fails."""
    assert [press(), press(), press("10.0.0.2"), press(region="north-europe")] == [200] * 4
    assert visitors.counted(now=timezone.now()) == {
        ("storage", "west-europe"): 2,
        ("storage", "north-europe"): 1,
    }
    client = redis.Redis.from_url(settings.REDIS_URL)
    kept = list(client.scan_iter(f"*{nobody_has_reported}*"))
    assert len(kept) == 5 + 1, "a mark of each sender and of what each has reported, and the counts"
    for key in kept:
        assert 0 < client.ttl(key) <= 3600, f"{key!r} is kept for ever"
        assert b"10.0.0" not in key
    assert press(service="", region="") == 422
    assert press(service="<b>") == 422


def test_a_flood_of_one_network_and_another_site_s_page_are_refused() -> None:
    assert [press(region=f"r-{n}") for n in range(21)] == [200] * 20 + [429]
    elsewhere = Client(headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.post("/report/", HERE, REMOTE_ADDR="10.0.0.9").status_code == 403
    assert ("storage", "west-europe") not in visitors.counted(now=timezone.now())
    assert Client().get("/report/").status_code == 405


def test_without_redis_nothing_is_counted_and_the_page_says_so(settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert press() == 503
    assert visitors.tell_the_desk(now=timezone.now()) == []


def test_names_of_no_catalogue_do_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "MOST_CELLS", 5)
    now = datetime(2026, 1, 10, 9, 0, tzinfo=UTC)
    for number in range(20):
        visitors.count(f"no-such-{number}", "anywhere", now=now)
    assert len(visitors.counted(now=now)) == 5


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_many_within_the_window_are_one_draft_and_nothing_is_said(now: datetime) -> None:
    several(2, now - timedelta(minutes=20))
    several(2, now)
    several(9, now, "no-such-service")
    assert visitors.tell_the_desk(now=now) == []
    several(1, now)
    several(3, now, "key-vault")

    for minute in range(3):
        visitors.tell_the_desk(now=now + timedelta(minutes=minute))

    (draft,) = reported_drafts()
    assert [(each.key, each.times) for each in draft.alerts] == [
        ("key-vault@west-europe", 3),
        ("storage@west-europe", 3),
    ]
    assert "in West Europe" in draft.where
    for table in (Incident, Communication, Delivery, FormDraft):
        assert not table.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_what_is_open_has_them_beside_it_and_does_not_change(now: datetime) -> None:
    incident = declare(declaration=declaration(hit("storage", "west-europe")), now=now)
    several(4, now)
    visitors.tell_the_desk(now=now)
    join_open()

    assert reported_drafts() == []
    row = incident.monitor_alerts.get()
    assert (row.outcome, row.times) == ("witness", 4)
    later = now + timedelta(hours=1)
    visitors.tell_the_desk(now=later)  # nobody reports any more
    recover_due(now=later + timedelta(hours=1))
    incident.refresh_from_db()
    assert incident.mitigated_at is None, "a witness ends nothing"
    assert incident.communications.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_a_witness_keeps_no_incident_of_a_monitor_open(now: datetime) -> None:
    monitor = sources.save(
        name="own", format_name="json", mode="automatic", mapping="", window_minutes=10,
        hold_minutes=0, silent_minutes=0, now=now,
    )  # fmt: skip
    take_in(source=monitor, signals=[alert("storage", "west-europe")], now=now)
    several(5, now)
    visitors.tell_the_desk(now=now)
    join_open()

    take_in(source=monitor, signals=[alert("storage", "west-europe", firing=False)], now=now)
    recover_due(now=now)

    assert Incident.objects.get().mitigated_at == now


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_what_is_put_aside_comes_up_again_only_when_it_begins_anew(
    now: datetime, operator: User
) -> None:
    several(3, now)
    visitors.tell_the_desk(now=now)
    (draft,) = reported_drafts()
    assert put_aside(alerts=[each.pk for each in draft.alerts], actor=operator) == 1
    visitors.tell_the_desk(now=now + timedelta(minutes=1))
    assert reported_drafts() == []

    later = now + timedelta(hours=2)
    visitors.tell_the_desk(now=later)
    recover_due(now=later + timedelta(minutes=5))
    several(3, later + timedelta(minutes=6))
    visitors.tell_the_desk(now=later + timedelta(minutes=6))
    assert len(reported_drafts()) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_visitors_are_never_a_monitor_that_declares(now: datetime) -> None:
    with pytest.raises(EntryError, match="witnesses"):
        sources.save(
            name="visitors", format_name="json", mode="automatic", mapping="", window_minutes=10,
            hold_minutes=3, silent_minutes=0, now=now,
        )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_a_draft_of_reports_is_a_filled_form_with_its_evidence(
    now: datetime, client: Client, operator: User
) -> None:
    client.force_login(operator)
    probe = sources.heard(name="probe", format_name="json", now=now)
    take_in(source=probe, signals=[alert("key-vault", "west-europe", "warning")], now=now)
    several(3, now)
    visitors.tell_the_desk(now=now)
    listed = client.get("/admin/desk/").content.decode()
    assert "Drafts from reports (1)" in listed
    assert "3 visitors" in listed
    (draft,) = reported_drafts()

    form = client.get(f"/admin/desk/new/?reported={draft.ids}").content.decode()

    assert "not checked by us" in form
    assert form.count('name="cells"') >= 2
    assert "key-vault fails" in form
    assert not Incident.objects.exists()
    answer = client.post(
        "/admin/desk/monitors/", {"step": "aside", "alerts": draft.ids}, follow=True
    )
    assert "put aside" in answer.content.decode()
    assert set(MonitorAlert.objects.values_list("detail", flat=True)) == {
        f"put aside by {operator}"
    }
    assert MonitorSource.objects.get(name="visitors").mode == "ask"
    assert "Drafts from reports" not in client.get("/admin/desk/?again").content.decode()
    assert client.get("/admin/desk/new/?reported=x,999999999999999").status_code == 200
