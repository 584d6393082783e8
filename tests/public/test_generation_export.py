from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from statuspage.public.render.page import Page
from statuspage.public.store.export import ExportError, export
from statuspage.public.store.generation import compress_best, write_generation
from tests.public.sites import site, text


def quiet(done: int, total: int) -> None:
    """Progress nobody looks at."""


def test_every_page_is_a_plain_file_with_its_variants(tmp_path: Path) -> None:
    write_generation(tmp_path / "published", site())
    compress_best(tmp_path / "published")
    seen: list[tuple[int, int]] = []
    target = tmp_path / "out"
    count = export(tmp_path / "published", target, progress=lambda *both: seen.append(both))
    assert count == len(site().pages)
    assert seen[-1] == (count, count)
    assert (target / "status/index.html").read_bytes() == text("good")
    assert gzip.decompress((target / "status/index.html.gz").read_bytes()) == text("good")
    assert (target / "status/index.html.br").exists()
    assert (target / "404.html").read_bytes() == b"<p>no such page</p>"


def test_types_caching_and_withdrawn_entries_are_told_to_the_host(tmp_path: Path) -> None:
    write_generation(tmp_path / "published", site())
    target = tmp_path / "out"
    export(tmp_path / "published", target, progress=quiet)
    headers = (target / "_headers").read_text()
    assert "/feed.json\n  Content-Type: application/feed+json\n" in headers
    assert headers.startswith("/*\n  Content-Security-Policy: default-src 'none'")
    redirects = (target / "_redirects").read_text().splitlines()
    gone = "/status/history/GONE-001/ /_gone/status/history/GONE-001/index.html 410"
    assert redirects == ["/ /status/ 302", gone]
    assert not (target / "status/history/GONE-001").exists()
    assert (target / "_gone/status/history/GONE-001/index.html").read_bytes() == b"<p>withdrawn</p>"
    record = json.loads((target / "_export.json").read_text())
    assert record["pages"]["/status/history/GONE-001/"]["status"] == 410


def test_an_export_is_renewed_and_old_styles_are_kept(tmp_path: Path) -> None:
    published, target = tmp_path / "published", tmp_path / "out"
    write_generation(published, site(1, incident_a=Page(text("a"))))
    export(published, target, progress=quiet)
    with pytest.raises(ExportError, match="add --update"):
        export(published, target, progress=quiet)
    style = "static/statuspage/site.0123456789ab.css"
    (published / "current").resolve().joinpath("site", style).unlink()  # so it is not carried over
    write_generation(
        published, replace(site(2, "bad"), pages={"/status/": Page(text("bad"))}), purge=True
    )
    export(published, target, update=True, progress=quiet)
    export(published, target, update=True, progress=quiet)
    assert (target / "status/index.html").read_bytes() == text("bad")
    assert not (target / "status/history/a/index.html").exists()
    assert (target / style).read_bytes() == b"body{}"


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    write_generation(tmp_path / "published", site())
    target = tmp_path / "mine"
    target.mkdir()
    (target / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportError, match="is not empty"):
        export(tmp_path / "published", target, update=True, progress=quiet)
    with pytest.raises(ExportError, match="is a file"):
        export(tmp_path / "published", target / "thesis.txt", progress=quiet)
    assert [one.name for one in target.iterdir()] == ["thesis.txt"]


def test_a_record_that_points_elsewhere_deletes_nothing(tmp_path: Path) -> None:
    write_generation(tmp_path / "published", site())
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    target = tmp_path / "out"
    target.mkdir()
    record = {"kept": [], "pages": {"/x": {"file": "../precious.txt"}}}
    (target / "_export.json").write_text(json.dumps(record))
    with pytest.raises(ExportError, match="unreadable"):
        export(tmp_path / "published", target, update=True, progress=quiet)
    assert precious.exists()


def test_the_command_says_in_one_line_why_it_cannot(
    tmp_path: Path, settings: object, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.PUBLISHED_DIR = tmp_path / "published"  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="nothing has been published yet") as refused:
        call_command("export_site", str(tmp_path / "out"))
    assert refused.value.returncode == 2
    assert not (tmp_path / "out").exists()
    write_generation(tmp_path / "published", site())
    call_command("export_site", str(tmp_path / "out"))
    printed = capsys.readouterr()
    assert printed.out == f"{len(site().pages)} pages written to {tmp_path / 'out'}\n"
    assert "7 of 7 pages" in printed.err
    with pytest.raises(CommandError, match="add --update"):
        call_command("export_site", str(tmp_path / "out"))
