"""What an update costs on disk, by length of the history: our store, and the plain way beside it.

Plain: every file of the shown generation is linked into a new folder, what changed is written, and one manifest names
all. Ours: a retired folder is brought up to date, and the manifest of what is cold lies on shards. The pages are
of one size and are not rendered; the plain way is spared reading its manifest again, compressing and checking.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from statuspage.public.render.page import Page, Site
from statuspage.public.store.generation import shown_in, write_generation

HISTORIES = (10, 1_000)
FULL = (10, 1_000, 10_000)
UPDATES = 5
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
HOT = ("", "history/", "europe/", "history/minutes/", "updates/")


def lines(full: bool) -> Iterator[dict[str, object]]:
    for history in FULL if full else HISTORIES:
        with TemporaryDirectory(prefix="statuspage-store-") as folder:
            directory = Path(folder)
            write_generation(directory, _site(0, history))
            for number in range(1, 4):  # until there is a spare to bring up to date
                _ours(directory, number, history)
            ours = [_timed(_ours, directory, 10 + n, history) for n in range(UPDATES)]
            plain = [_timed(_plain, directory, 20 + n, history) for n in range(UPDATES)]
            yield {
                "incidents": history,
                "files": sum(
                    len(names) for _, _, names in os.walk((directory / "current").resolve())
                ),
                "ours_s": _median(ours, 0),
                "ours_cpu_s": _median(ours, 1),
                "plain_s": _median(plain, 0),
                "plain_cpu_s": _median(plain, 1),
            }


def _timed(write: Callable[[Path, int, int], None], *given: object) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    write(*given)  # type: ignore[arg-type]
    return time.perf_counter() - wall, time.process_time() - cpu


def _median(taken: list[tuple[float, float]], which: int) -> float:
    return round(sorted(one[which] for one in taken)[len(taken) // 2], 3)


def _ours(directory: Path, number: int, history: int) -> None:
    folder, _ = shown_in(directory)
    assert folder is not None
    write_generation(directory, _update(number, history, base=folder.name))


def _plain(directory: Path, number: int, history: int) -> None:
    shown, manifest = shown_in(directory)
    assert shown is not None
    assert manifest is not None
    target = directory / f"plain-{number}"
    for root, _, names in os.walk(shown):
        made = target / Path(root).relative_to(shown)
        made.mkdir(parents=True)
        for name in names:
            os.link(Path(root) / name, made / name)
    for path, page in _update(number, history).pages.items():
        file = target / "site" / path.strip("/") / "index.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_bytes(page.body)
    entries = {path: list(entry) for path, entry in manifest.pages.items()}
    (target / "all.json").write_text(json.dumps(entries))
    os.sync()


def _page(words: str) -> Page:
    return Page((f"<p>{words}</p>" * 200).encode())


def _site(number: int, history: int, base: str = "", only: int = 0) -> Site:
    """`only`: of the incidents these newest ones, 0 for all."""
    pages, parts = {}, {}
    for code in dict(settings.LANGUAGES):
        root, folder = ("/status/", "") if code == "en" else (f"/{code}/status/", f"{code}/")
        for name in HOT:
            pages[f"{root}{name}"] = _page(f"{name} {code} {number}")
        for one in range(history - only if only else 0, history):
            identity = f"{'ABCDEFGHJK'[one // 1000 % 10]}AAA-{one % 1000:03d}"
            pages[f"{root}history/{identity}/"] = _page(f"{identity} {code} {number}")
            parts[f"{folder}history/{identity}.html"] = f"{identity} {number}".encode()
    return Site(number, BEGAN + timedelta(seconds=number), pages, parts, base=base)


def _update(number: int, history: int, base: str = "") -> Site:
    return _site(number, history, base, only=1)
