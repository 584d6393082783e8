from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Incident
from incidents.policy import PRESETS, parse_facts
from incidents.replay.recordings import SHIPPED, read_recording, recording_of
from incidents.replay.replay import BacktestCase, Point, Replay, points_of, replay
from incidents.services.incident import post_update
from incidents.services.inputs import Changes
from statuspage.desk.charts.replay_charts import bars, time_plot
from tests.conftest import hit
from tests.desk.conftest import Answer, text_of
from tests.desk.test_updates_at_the_desk import own

JANUARY = read_recording(SHIPPED / "2024-01-21.yaml")
BACKTEST = "/admin/desk/backtest/"


def typed(page: Answer) -> str:
    """The policy in the text field, as it was typed."""
    found = re.search(r"<textarea[^>]*>\n?(.*)</textarea>", page.content.decode(), re.DOTALL)
    assert found
    return unescape(found[1]).replace("\r\n", "\n")


@pytest.fixture
def january(catalogue: None) -> Incident:
    """As read from the history text: its facts come from the shipped recording alone."""
    return Incident.objects.create(
        tracking_id="JANU-ARY",
        level="error",
        public_title=JANUARY.title,
        stage="resolved",
        started_at=JANUARY.started_at,
        mitigated_at=JANUARY.moments[-1].at,
        closed_at=JANUARY.moments[-1].at,
        published_at=JANUARY.started_at,
        created_at=JANUARY.started_at,
        updated_at=JANUARY.started_at,
        backfilled=True,
    )


def in_january() -> Replay:
    return replay(tuple(points_of(JANUARY)), PRESETS["azure"], JANUARY.first_public_post)


@pytest.mark.django_db
@pytest.mark.usefixtures("by_azure")
def test_a_replay_shows_every_moment_with_decision_reality_and_basis(
    desk: Client, january: Incident
) -> None:
    page = desk.get(own(january, "replay/"))

    words = text_of(page)
    assert page.content.decode().count('<th scope="row"') == len(in_january().steps)
    for each in (
        "Decided public 21 Jan 03:24",
        "nobody confirming 21 Jan 03:39",
        "Really public 21 Jan 03:57",
        "Minutes gained 18 (33 if a person confirms at once)",
        "21 Jan 2024 03:24 PUBLIC – scenario 1, broad impact Really said: – Basis: assumed",
        "21 Jan 2024 02:23 TARGETED ONLY Really said: targeted Basis: stated",
    ):
        assert each in words
    assert '<svg class="time-plot"' in page.content.decode()


@pytest.mark.django_db
def test_another_policy_replays_the_same_facts(desk: Client, january: Incident) -> None:
    words = text_of(desk.get(own(january, "replay/?policy=aws")))

    assert "by the policy “aws”" in words
    assert "Decided public never" in words
    assert "Minutes gained –" in words


@pytest.mark.django_db
def test_an_incident_handled_here_replays_its_own_decisions(
    desk: Client, targeted: Incident, operator: User
) -> None:
    post_update(
        incident_id=targeted.pk,
        now=datetime.now(UTC),
        changes=Changes(hits=[hit("storage", "west-europe", extent="region")]),
        actor=operator,
    )

    words = text_of(desk.get(own(targeted, "replay/")))

    assert "TARGETED ONLY Really said: targeted Basis: recorded" in words
    assert "broad impact Really said: public Basis: recorded" in words
    assert "Minutes gained none" in words


@pytest.mark.django_db
def test_what_was_read_from_a_text_without_moments_says_so(desk: Client, january: Incident) -> None:
    Incident.objects.update(started_at=january.started_at - timedelta(days=1))

    page = desk.get(own(january, "replay/"))

    assert page.status_code == 200
    assert "Nothing is recorded to replay." in text_of(page)


@pytest.mark.django_db
def test_a_recording_that_cannot_be_read_is_named(
    desk: Client, january: Incident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.yaml").write_text("moments: nonsense", encoding="utf-8")
    monkeypatch.setattr(
        "incidents.replay.backtest_cases.recording_of", partial(recording_of, folder=tmp_path)
    )

    assert "The recording cannot be read. broken.yaml" in text_of(desk.get(own(january, "replay/")))
    assert "Left out, as its recording cannot be read: broken.yaml" in text_of(desk.get(BACKTEST))


@pytest.mark.django_db
def test_without_facts_there_is_nothing_to_backtest(desk: Client, catalogue: None) -> None:
    assert "No incident has recorded facts yet." in text_of(desk.get(BACKTEST))


@pytest.mark.django_db
@pytest.mark.usefixtures("by_azure")
def test_a_backtest_says_which_incidents_change_and_counts(
    desk: Client, january: Incident, targeted: Incident
) -> None:
    page = desk.get(f"{BACKTEST}?policy=aws")

    words = text_of(page)
    assert "1 of 2 would have been told differently" in words
    assert "azure: public, scenario 1, after 114 min , public review" in words.replace(
        "min,", "min ,"
    )
    assert "azure Public: 1 of 2 Needlessly: 0 Median minutes: 114" in words
    assert "aws Public: 0 of 2 Needlessly: 0 Median minutes: –" in words
    assert 'aria-label="Incidents posted publicly: azure 1, aws 0"' in page.content.decode()
    assert own(january, "replay/") in page.content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("by_azure")
def test_the_policy_in_force_changes_nothing(desk: Client, january: Incident) -> None:
    assert "0 of 1 would have been told differently" in text_of(
        desk.get(f"{BACKTEST}?policy=azure")
    )


@pytest.mark.django_db
def test_a_policy_nobody_knows_is_refused_with_the_remedy(desk: Client, january: Incident) -> None:
    page = desk.get(f"{BACKTEST}?policy=<b>nobody</b>")

    assert page.status_code == 422
    assert "There is no policy “<b>nobody</b>”. Choose one above" in text_of(page)
    assert "<b>nobody" not in page.content.decode()


@pytest.mark.django_db
def test_a_policy_of_ones_own_is_compared_and_not_stored(desk: Client, january: Incident) -> None:
    assert typed(desk.get(BACKTEST)).startswith("name: trial")
    text = "name: trial\nversion: 1\nbroad:\n  services: 100\naudience_unknown: null\n"

    page = desk.post(BACKTEST, {"text": text})

    assert page.status_code == 200
    words = text_of(page)
    assert "What the policy “trial” would have made of 1 incident" in words
    assert "trial: targeted only" in words
    assert typed(page) == text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "Write a policy, or choose one by name above."),
        ("name: [", "not valid YAML"),
        ("name: trial\nversion: 1\nbraod: null", "braod"),
        ("name: trial\nversion: 1\nbroad:\n  services: many", "broad.services"),
        ("- 1", "policy"),
        ("name: azure\nversion: 1\nbroad: null", "built in with other content"),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused_with_nothing_lost(
    desk: Client, january: Incident, text: str, fault: str
) -> None:
    page = desk.post(BACKTEST, {"text": text})

    assert page.status_code == 422
    assert fault in text_of(page)
    assert typed(page) == text


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["review/", "retract/", "replay/", "merge/", "times/"])
def test_the_new_screens_are_for_operators(client: Client, january: Incident, name: str) -> None:
    general = [f"/admin/desk/{each}/" for each in ("policies", "audit", "sending")]
    urls = (own(january, name), BACKTEST, *general)
    for url in urls:
        assert client.get(url).headers["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create(username="nobody", is_staff=True))
    for url in urls:
        assert client.get(url).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["review/", "retract/", "merge/", "times/"])
def test_imported_history_is_only_looked_at(desk: Client, january: Incident, name: str) -> None:
    assert desk.get(own(january, name)).status_code == 404


def percent(text: str) -> float:
    assert re.fullmatch(r"\d+\.\d\d%", text)
    return float(text[:-1])


def test_the_lanes_fill_the_axis_from_first_to_last() -> None:
    plot = time_plot(in_january())

    assert [each.state for each in plot.decided] == ["targeted", "public"]
    assert [each.state for each in plot.really] == ["targeted", "public"]
    assert percent(plot.decided[0].x) == 0
    for lane in (plot.decided, plot.really):
        for one, after in pairwise(lane):
            assert percent(one.x) + percent(one.width) == pytest.approx(percent(after.x), abs=0.02)
        assert percent(lane[-1].x) + percent(lane[-1].width) == pytest.approx(100, abs=0.02)


def test_the_gain_lies_between_our_post_and_the_real_one() -> None:
    result = in_january()
    plot = time_plot(result)

    assert plot.gained is not None
    assert percent(plot.gained.x) > percent(plot.decided[1].x)
    end = percent(plot.gained.x) + percent(plot.gained.width)
    assert end == pytest.approx(percent(plot.really[1].x), abs=0.02)
    late = replay(tuple(points_of(JANUARY)), PRESETS["azure"], result.decided_at)
    assert time_plot(late).gained is None


def test_times_are_written_where_they_are_not_cut_off() -> None:
    drawn = time_plot(in_january()).ticks

    assert [tick.text for tick in drawn] == ["04:00", "06:00", "08:00"]
    assert all(6 <= percent(tick.x) <= 94 for tick in drawn)


def test_one_moment_alone_can_be_drawn() -> None:
    facts = {
        "kind": "service-issue",
        "level": "error",
        "impacts": [{"service": "storage", "region": "east-us"}],
        "audience": "estimated",
    }
    at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    case = BacktestCase(
        "ONE0-ONE", "One", at, (Point(at, parse_facts(facts), None, "recorded", ""),), None
    )

    plot = time_plot(replay(case.points, PRESETS["azure"], None))

    assert [(each.state, each.x, each.width) for each in plot.decided] == [
        ("targeted", "0.00%", "100.00%")
    ]
    assert (plot.really, plot.ticks, plot.gained) == ([], [], None)


def test_bars_compare_with_the_longest() -> None:
    drawn = bars([("azure", 4), ("google", 1), ("aws", None)], 4)

    assert [bar.width for bar in drawn] == ["100.00%", "25.00%", "0.00%"]
    assert [bar.width for bar in bars([("azure", 0)], 0)] == ["0.00%"]
