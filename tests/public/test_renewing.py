"""Nothing happens, and pages say all the same as of when they are true: without rendering any."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services.incident import declare
from incidents.services.inputs import Override, Statement
from statuspage.public.publisher import RENDER_ANEW, RENEW, Publisher
from statuspage.public.render import layout
from statuspage.public.render.charts.affected_minutes import STEP
from statuspage.public.render.stamps import restamped, stamp
from statuspage.public.store import compression
from statuspage.public.store.compression import UNFINISHED, Compressor
from statuspage.public.store.generation import write_generation
from statuspage.public.store.manifest import GenerationError
from tests.conftest import declaration
from tests.public.sites import site

LIKE_A_STAMP = 'As of <time data-as-of="clock">12:00 UTC</time> <span data-age="2026-03-01">'


pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def published(folder: Path, clock: Clock) -> Publisher:
    publisher = Publisher(folder, clock=clock)
    publisher.publish()
    while publisher.translate():
        pass
    return publisher


def files(folder: Path) -> dict[str, bytes]:
    """What is shown, without what only names the generation or packs it."""
    shown = (folder / "current").resolve()
    return {
        str(path.relative_to(shown)): path.read_bytes()
        for path in shown.rglob("*")
        if path.is_file()
        and path.suffix not in (".gz", ".br")
        and path.name != "manifest.json"
        and path.parent.name != "shards"
    }


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def posted(catalogue: None, now: datetime, operator: User) -> Incident:
    """An incident posted in the very second the page is written, with words that look like ours."""
    return declare(
        declaration=declaration(statement=Statement(public_text=LIKE_A_STAMP)),
        now=now,
        actor=operator,
        override=Override(public=True, reason="for the test"),
    )


def test_what_people_read_is_renewed_as_if_it_were_rendered_anew_and_data_keeps_its_time(
    tmp_path: Path, posted: Incident, clock: Clock
) -> None:
    publisher = published(tmp_path / "renewed", clock)
    another = published(tmp_path / "anew", clock)
    before = files(tmp_path / "renewed")
    clock.now += STEP
    publisher.renew()
    another.publish()
    while another.translate():
        pass

    renewed, anew = files(tmp_path / "renewed"), files(tmp_path / "anew")
    assert renewed.keys() == anew.keys()
    pages = [name for name in anew if "/status/" in name and name.endswith("/index.html")]
    pages.remove("site/status/feed/index.html")
    assert [name for name in pages if renewed[name] != anew[name]] == []
    changed = {name for name in renewed if renewed[name] != before[name]}
    assert {"site/status/index.html", "site/ja/status/history/minutes/index.html"} <= changed
    assert changed <= set(pages)


def test_a_calm_site_is_renewed_without_rendering_a_page(
    tmp_path: Path, posted: Incident, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = published(tmp_path, clock)
    drawn: list[str] = []

    def counted(template: str, *given: object) -> bytes:
        drawn.append(template)
        return original(template, *given)  # type: ignore[arg-type]  # handed on

    original = layout.render
    monkeypatch.setattr("statuspage.public.render.pages.render", counted)
    clock.now += RENEW
    written = publisher.renew()
    assert "status/matrix.html" not in drawn
    assert not {"incident/page.html", "history/minutes.html"} & set(drawn)
    assert b"2026-03-01T09:34" in (written.folder / "site/status/index.html").read_bytes()
    assert not publisher.due()


@pytest.mark.parametrize("later", [RENDER_ANEW, timedelta(hours=14, minutes=40)])
def test_after_a_while_and_on_a_new_day_everything_is_rendered(
    tmp_path: Path, posted: Incident, clock: Clock, later: timedelta
) -> None:
    publisher = published(tmp_path, clock)
    clock.now += later
    publisher.renew()
    assert publisher.rendered_at == clock.now
    assert publisher.behind, "the other languages follow"


def test_a_change_in_the_meantime_is_no_renewal(
    tmp_path: Path, posted: Incident, operator: User, clock: Clock
) -> None:
    publisher = published(tmp_path, clock)
    other = declare(
        declaration=declaration(statement=Statement(public_text="A sparrow sings.")),
        now=clock.now,
        actor=operator,
        override=Override(public=True, reason="for the test"),
    )
    clock.now += RENEW
    written = publisher.renew()
    page = written.folder / "site" / "status" / "history" / other.tracking_id / "index.html"
    assert "A sparrow sings." in page.read_text()


def test_a_damaged_page_is_not_renewed_but_rendered(
    tmp_path: Path, posted: Incident, clock: Clock
) -> None:
    publisher = published(tmp_path, clock)
    page = tmp_path / "current/site/status/index.html"
    page.unlink()
    page.write_text("somebody else's")
    clock.now += RENEW
    with pytest.raises(GenerationError):
        publisher.renew()
    publisher.publish()
    assert "somebody else's" not in (tmp_path / "current/site/status/index.html").read_text()


def test_a_stamp_is_found_again_and_nothing_else(now: datetime) -> None:
    fact = f'<time datetime="{now:%Y-%m-%dT%H:%M:%SZ}">09:30 UTC</time>'
    page = f"{stamp(now, 'clock')} {fact} {stamp(now)}".encode()
    later = restamped(page, now + timedelta(minutes=5)).decode()
    assert later.count("09:35 UTC") == 2
    assert fact in later
    assert restamped(later.encode(), now) == page


def finished(compressor: Compressor) -> int:
    assert compressor.process is not None
    return compressor.process.wait(20)


def test_what_is_shown_is_packed_by_a_process_that_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = write_generation(tmp_path, site()).folder
    compressor = Compressor(tmp_path)
    compressor.compress(shown.name)
    assert finished(compressor) == 0
    assert (shown / "site/status/index.html.br").exists()
    compressor.compress(shown.name)
    assert compressor.process is None, "there is nothing left to do"


def test_what_is_renewed_is_packed_fast_and_what_was_left_over_is_not_forgotten(
    tmp_path: Path,
) -> None:
    shown = write_generation(tmp_path, site()).folder
    compressor = Compressor(tmp_path)
    compressor.compress(shown.name)
    renewed = write_generation(tmp_path, site(1, "other")).folder
    compressor.leave(renewed.name)
    assert finished(compressor) == UNFINISHED
    compressor.compress(renewed.name)
    assert finished(compressor) == 0

    again = write_generation(tmp_path, site()).folder
    compressor.compress(renewed.name)
    compressor.leave(again.name)
    compressor.compress(again.name)
    assert compressor.process is None


def test_packing_ends_with_its_publisher(tmp_path: Path) -> None:
    shown = write_generation(tmp_path, site()).folder
    code = (
        "import os, pathlib, sys; from statuspage.public.store.compression import Compressor\n"
        "one = Compressor(pathlib.Path(sys.argv[1])); one.compress(sys.argv[2])\n"
        "print(one.process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    line = [sys.executable, "-c", code, str(tmp_path), shown.name]
    with (tmp_path / "pid").open("w") as log:
        subprocess.run(line, cwd=compression.ROOT, stdout=log, check=False)
    packer = int((tmp_path / "pid").read_text())
    give_up = time.monotonic() + 20
    while Path(f"/proc/{packer}/cmdline").exists():
        state = Path(f"/proc/{packer}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "Z":
            break
        assert time.monotonic() < give_up, "it goes on without anybody to tell"
        time.sleep(0.1)
    assert not (tmp_path / "current/site/status/index.html.br").exists()
