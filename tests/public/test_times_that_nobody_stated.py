"""What was read from a text and not stated there is said to be not stated; what was promised stays in sight."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services.imports.history import record_history
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Override, Statement
from statuspage.public.query.filtered import assemble
from statuspage.public.renderer import render_site
from statuspage.public.snapshot.reader import read_snapshot
from tests.conftest import declaration

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
EVERYBODY = Override(public=True, reason="for the test")


def words(body: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", body.decode()).split())


def page(now: datetime, path: str) -> str:
    return words(render_site(read_snapshot(now=now)).pages[path].body)


def imported(now: datetime, kind: str, end: str | None, **other: object) -> Incident:
    """An entry as `import_history --json` makes it, under the heading of January 2024."""
    entry: dict[str, Any] = {
        "tracking_id": "NEWY-EAR",
        "title": "Storage failed",
        "kind": kind,
        "month": "2024-01",
        "windows": [{"label": "", "start": "2023-12-31T22:00:00+00:00", "end": end}],
        "sections": [{"kind": "what", "heading": "What happened?", "text": "Storage failed."}],
        **{key: [] for key in ("timeline", "repair_items", "recoveries")},
        **{key: [] for key in ("services", "impacted_services", "regions", "impacted_regions")},
        **dict.fromkeys(("scenario", "note", "retrospective_video", "survey")),
        "geographies": [],
        **other,
    }
    record_history(entries=[entry], now=now)
    return Incident.objects.get()


OVER = "2024-01-01T03:00:00+00:00"


def test_the_minute_of_mitigation_is_not_when_a_review_was_published(now: datetime) -> None:
    incident = imported(now, "final-review", OVER)
    text = page(now, f"/status/history/{incident.tracking_id}/")
    review = text.partition("Post-incident review Final")[2]
    assert review.startswith(" Version 1 time of publication not stated")
    assert "03:00" not in review, review


def test_nor_when_a_statement_was(now: datetime) -> None:
    incident = imported(now, "mitigation-statement", OVER)
    text = page(now, f"/status/history/{incident.tracking_id}/")
    assert "Mitigated time of publication not stated" in text.partition("Updates 1")[2]


@pytest.mark.parametrize("kind", ["final-review", "mitigation-statement"])
def test_an_end_that_is_not_stated_is_not_still_going_on(now: datetime, kind: str) -> None:
    incident = imported(now, kind, None)
    for path in (f"/status/history/{incident.tracking_id}/", "/status/history/2023-12/"):
        text = page(now, path)
        assert "31 December 2023, 22:00 UTC – end not stated" in text
        assert "going on" not in text


def test_an_entry_is_under_its_own_month_and_under_that_of_its_heading(now: datetime) -> None:
    incident = imported(now, "final-review", "2023-12-31T23:00:00+00:00")
    site = render_site(read_snapshot(now=now))
    for month in ("2023-12", "2024-01"):
        assert "Storage failed" in words(site.pages[f"/status/history/{month}/"].body)
        found = assemble("/status/history/", {"month": month}, site)
        assert found is not None
        assert incident.tracking_id in found.body.decode()
    assert words(site.pages["/status/history/"].body).count("NEWY-EAR") == 1


def test_one_that_went_on_over_new_year_is_under_both_months(now: datetime, operator: User) -> None:
    before = now - 2 * DAY  # 27 February
    incident = declare(
        declaration=declaration(started_at=before), now=before, actor=operator, override=EVERYBODY
    )
    post_update(incident_id=incident.pk, stage="resolved", now=now, actor=operator)
    site = render_site(read_snapshot(now=now + DAY))
    for month in ("2026-02", "2026-03"):
        assert incident.tracking_id in words(site.pages[f"/status/history/{month}/"].body)
    lines = [one["id"] for one in site.index["incidents"]]
    assert lines == [incident.tracking_id]


def test_a_statement_of_a_host_whose_clock_is_behind_is_the_latest_all_the_same(
    now: datetime, operator: User
) -> None:
    first = Statement(public_text="FIRST")
    incident = declare(
        declaration=declaration(statement=first), now=now, actor=operator, override=EVERYBODY
    )
    behind = now - MINUTE / 2
    second = Statement(public_text="SECOND")
    post_update(incident_id=incident.pk, stage="identified", statement=second, now=behind)
    site = render_site(read_snapshot(now=now + MINUTE))
    status = words(site.pages["/status/"].body)
    assert "SECOND" in status
    assert "FIRST" not in status
    own = words(site.pages[f"/status/history/{incident.tracking_id}/"].body)
    assert own.index("SECOND") < own.index("FIRST")
    for path in ("/incidents.json", "/history.rss", "/history.atom", "/feed.json"):
        text = site.pages[path].body.decode()
        assert text.index("SECOND") < text.index("FIRST"), path


def test_a_promised_update_is_shown_until_it_is_kept_and_named_once_it_is_overdue(
    now: datetime, operator: User
) -> None:
    promise = Statement(public_text="We look.", next_update_by=now + 30 * MINUTE)
    incident = declare(
        declaration=declaration(statement=promise), now=now, actor=operator, override=EVERYBODY
    )
    own = f"/status/history/{incident.tracking_id}/"
    still = Statement(public_text="Still looking.")
    post_update(incident_id=incident.pk, statement=still, now=now + 10 * MINUTE, actor=operator)
    for path, due in (
        ("/status/", "Next update by 10:00 UTC ."),
        (own, "Next update by 1 March 2026, 10:00 UTC ."),
    ):
        text = page(now + 11 * MINUTE, path)
        assert due in text
        assert "overdue" not in text
        assert f"{due} overdue" in page(now + 30 * MINUTE, path)
    post_update(incident_id=incident.pk, statement=still, now=now + 40 * MINUTE, actor=operator)
    assert "Next update" not in page(now + 41 * MINUTE, own)
