from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import resource
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import brotli
import pytest

from statuspage.public.render.page import Page, Site
from statuspage.public.store import manifest_shards
from statuspage.public.store.current_generation import read_heartbeat
from statuspage.public.store.generation import (
    OlderRevisionError,
    beat,
    compress_best,
    write_generation,
)
from statuspage.public.store.loaded import read_generation
from statuspage.public.store.manifest import GenerationError, page_file
from tests.public.sites import NOON, site, text


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in (folder / "generations").glob("r*"))


def names_below(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


def everything(folder: Path) -> bytes:
    return b"".join(
        one.read_bytes()
        for one in sorted(folder.rglob("*"))
        if one.is_file() and one.suffix != ".gz"
    )


def test_pages_lie_where_a_plain_web_server_looks_for_them(tmp_path: Path) -> None:
    write_generation(tmp_path, site())
    shown = tmp_path / "current" / "site"
    assert (shown / "status" / "index.html").read_bytes() == text("good")
    assert (shown / "feed.json").read_bytes() == b'{"items": []}'
    assert gzip.decompress((shown / "status" / "index.html.gz").read_bytes()) == text("good")


def test_only_pages_answered_with_200_lie_in_the_served_tree(tmp_path: Path) -> None:
    write_generation(tmp_path, site())
    assert not (tmp_path / "current/site/status/history/GONE-001").exists()
    assert (tmp_path / "current/gone/status/history/GONE-001/index.html").exists()
    write_generation(tmp_path, site(2, incident_a=Page(text("shown"))))
    write_generation(tmp_path, site(3, incident_a=Page(b"withdrawn", status=410)))
    assert not (tmp_path / "current/site/status/history/a").exists()


def test_what_did_not_change_is_shared_and_what_changed_is_not(tmp_path: Path) -> None:
    first = write_generation(tmp_path, site(1, "good", incident_a=Page(text("a"))))
    second = write_generation(tmp_path, site(2, "bad", incident_a=Page(text("a"))))
    same, other = "site/status/history/a/index.html", "site/status/index.html"
    assert (first.folder / same).samefile(second.folder / same)
    assert (first.folder / other).read_bytes() == text("good")
    assert (second.folder / other).read_bytes() == text("bad")
    assert second.written == 3  # the status page, the history, the index


def test_a_retired_generation_is_reused_without_touching_the_kept_ones(tmp_path: Path) -> None:
    def at(revision: int) -> Site:
        extra = {f"incident_{n}": Page(text(f"{n} at {revision // 4}")) for n in range(revision)}
        return site(revision, f"word {revision}", **extra)

    for revision in range(1, 12):
        written = write_generation(tmp_path, at(revision))
        loaded = read_generation(tmp_path)
        assert {path: loaded.pages[path] for path in loaded.pages} == at(revision).pages
        assert written.folder == loaded.folder
        for kept in (tmp_path / "generations").glob("r*"):
            number = int(kept.name[1:13])
            for path, page in at(number).pages.items():
                assert (kept / page_file(path, page.status)).read_bytes() == page.body
    fresh = write_generation(tmp_path / "fresh", at(11))
    assert names_below(read_generation(tmp_path).folder) == names_below(fresh.folder)


def test_a_page_that_goes_leaves_nothing_in_a_reused_folder(tmp_path: Path) -> None:
    for revision in range(1, 6):
        write_generation(tmp_path, site(revision, incident_a=Page(text("a"))))
    for revision in range(6, 12):
        write_generation(tmp_path, site(revision))
        assert not list((tmp_path / "current").resolve().rglob("a"))


def test_the_last_three_generations_are_kept(tmp_path: Path) -> None:
    for revision in range(1, 8):
        write_generation(tmp_path, site(revision, str(revision)))
    assert [int(name[1:13]) for name in names(tmp_path)] == [5, 6, 7]


def test_a_purge_leaves_no_byte_of_what_was_withdrawn(tmp_path: Path) -> None:
    for revision in range(1, 8):
        write_generation(tmp_path, site(revision, incident_a=Page(b"<p>secret leak</p>")))
    compress_best(tmp_path)
    assert b"secret leak" in everything(tmp_path)
    write_generation(tmp_path, site(8), purge=True)
    assert names(tmp_path) == ["r000000000008-000000"]
    assert b"secret leak" not in everything(tmp_path)
    write_generation(tmp_path, site(9, "later"))
    assert read_generation(tmp_path).pages["/status/"].body == text("later")


def test_a_purge_reads_what_is_no_longer_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for revision in (1, 2, 3):
        many = {f"incident_ABCD-{n:03d}": Page(text(f"{revision} {n}")) for n in range(100, 130)}
        write_generation(tmp_path, site(revision, **many))
    monkeypatch.setattr(manifest_shards, "OPENED", 1)
    base = (tmp_path / "current").resolve().name
    left = replace(site(4), pages={}, base=base, dropped=frozenset({"/status/history/ABCD-107/"}))
    write_generation(tmp_path, left, purge=True)
    assert text("3 107") not in everything(tmp_path)
    assert text("3 108") in everything(tmp_path)


def test_a_lower_revision_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    write_generation(tmp_path, site(5, "five"))
    with pytest.raises(OlderRevisionError, match="revision 5, refused to go back to 4"):
        write_generation(tmp_path, site(4, "four"))
    assert read_generation(tmp_path).pages["/status/"].body == text("five")


def test_the_same_revision_may_be_written_again(tmp_path: Path) -> None:
    write_generation(tmp_path, site(5, "five"))
    again = write_generation(tmp_path, site(5, "five, worded better"))
    assert (again.revision, again.sequence) == (5, 1)
    assert read_generation(tmp_path).pages["/status/"].body == text("five, worded better")


@pytest.mark.parametrize(
    "path",
    ["/a/../b", "/../etc/passwd", "//x", "/a//b", "/a\0b", "/a\nb", "/./a", "/a\\b", "/" + "x" * 201,
     "/" + "x/" * 501, "status", "403", "/x.gz", "/x.br", "/\ud800"],
)  # fmt: skip
def test_an_unsafe_path_is_refused(tmp_path: Path, path: str) -> None:
    bad = replace(site(), pages={path: Page(b"x")})
    with pytest.raises(GenerationError):
        write_generation(tmp_path / "published", bad)
    assert not (tmp_path / "published" / "current").exists()


@pytest.mark.parametrize("other", ["/status/index.html", "/status"])
def test_two_pages_that_need_the_same_name_are_refused(tmp_path: Path, other: str) -> None:
    with pytest.raises(GenerationError):
        write_generation(tmp_path, replace(site(), pages={**site().pages, other: Page(b"x")}))


def test_styles_of_an_older_release_stay_available(tmp_path: Path) -> None:
    old = "/static/statuspage/site.0123456789ab.css"
    write_generation(tmp_path, site(1))
    newer = replace(site(2), pages={p: v for p, v in site(2).pages.items() if p != old})
    write_generation(tmp_path, newer, purge=True)
    assert read_generation(tmp_path).pages[old].body == b"body{}"


def test_best_compression_adds_brotli_and_keeps_the_content(tmp_path: Path) -> None:
    written = write_generation(tmp_path, site())
    assert compress_best(tmp_path) == 2, "nobody waits for what an emergency shows"
    packed = (written.folder / "site/status/index.html.br").read_bytes()
    assert brotli.decompress(packed) == text("good")
    assert compress_best(tmp_path) == 0
    later = write_generation(tmp_path, site(2, "bad", incident_a=Page(text("a"))))
    assert not (later.folder / "site/status/index.html.br").exists()


def test_best_compression_stops_when_told(tmp_path: Path) -> None:
    write_generation(tmp_path, site())
    assert compress_best(tmp_path, stop=lambda: True) == 0


def test_leftovers_of_a_crash_are_removed(tmp_path: Path) -> None:
    write_generation(tmp_path, site(1))
    unfinished = tmp_path / "generations" / ".writing-0"
    never_shown = tmp_path / "generations" / "r000000000002-000000"
    for folder in (unfinished, never_shown):
        (folder / "site").mkdir(parents=True)
    write_generation(tmp_path, site(2))
    assert not unfinished.exists()
    assert names(tmp_path) == ["r000000000001-000000", "r000000000002-000000"]


def test_a_file_somebody_removed_is_written_again(tmp_path: Path) -> None:
    first = write_generation(tmp_path, site(1))
    (first.folder / "site/status/index.html").unlink()
    write_generation(tmp_path, site(2))
    assert read_generation(tmp_path).pages["/status/"].body == text("good")


def test_a_folder_that_cannot_be_written_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "published").write_text("a file")
    with pytest.raises(GenerationError, match="cannot write a generation"):
        write_generation(tmp_path / "published", site())


def fail_to_write(folder: Path) -> None:
    # A limit on the size of files fails like a full disk, and only here.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    with pytest.raises(GenerationError, match="cannot write a generation"):
        write_generation(folder, site(2, incident_a=Page(os.urandom(200_000))))


def test_a_full_disk_leaves_the_shown_generation_alone(tmp_path: Path) -> None:
    write_generation(tmp_path, site(1))
    context = multiprocessing.get_context("forkserver")
    child = context.Process(target=fail_to_write, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert read_generation(tmp_path).revision == 1
    write_generation(tmp_path, site(2))
    assert read_generation(tmp_path).revision == 2


def test_the_heartbeat_says_revision_and_time(tmp_path: Path) -> None:
    assert read_heartbeat(tmp_path) is None
    beat(tmp_path, 7, NOON)
    beat(tmp_path, 8, NOON + timedelta(seconds=1))
    raw = json.loads((tmp_path / "heartbeat.json").read_text())
    assert raw == {"revision": 8, "at": "2024-01-21T12:00:01+00:00", "memory": 0}
    found = read_heartbeat(tmp_path)
    assert found is not None
    assert (found.revision, found.at) == (8, NOON + timedelta(seconds=1))
    assert [one.name for one in tmp_path.iterdir()] == ["heartbeat.json"]
