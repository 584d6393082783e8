"""kill -9 in the middle of publishing: whoever reads gets whole pages, always."""

from __future__ import annotations

import gzip
import multiprocessing
import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

from statuspage.public.render.page import Page
from statuspage.public.serve.app import public_site
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import OlderRevisionError, compress_best, write_generation
from statuspage.public.store.loaded import read_generation
from statuspage.public.store.manifest import fingerprint
from tests.public.sites import ask, site, text

KILLS = 30


processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.public.test_generation_crash"])


def publish_without_end(folder: Path) -> None:
    revision = read_generation(folder).revision
    while True:
        revision += 1
        extra = {f"incident_{n}": Page(text(f"{n}-{revision // (n + 1)}")) for n in range(6)}
        write_generation(folder, site(revision, f"w{revision}", **extra), purge=revision % 7 == 0)
        if revision % 5 == 0:
            compress_best(folder)


def publish_forty_times(folder: Path) -> None:
    for _ in range(40):
        revision = read_generation(folder).revision
        with suppress(
            OlderRevisionError
        ):  # the other one was faster: the only thing that may happen
            write_generation(folder, site(revision + 1, f"by {os.getpid()}"))


def check_whole(store: Store, paths: list[str]) -> int:
    """Ask as a visitor would; returns how many pages were looked at."""
    application = public_site(store, {}, lambda *_: [])
    for path in paths:
        for encoding in ("", "gzip"):
            store.next_look = 0
            reply = ask(application, path, accept_encoding=encoding)
            assert reply.status == 200, (path, reply)
            packed = reply.headers.get("content-encoding") == "gzip"
            body = gzip.decompress(reply.body) if packed else reply.body
            assert body
            assert reply.headers["etag"].strip('"').partition("-")[0] == fingerprint(body), path
    return len(paths)


def test_a_killed_publisher_never_leaves_a_torn_page(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311
    write_generation(tmp_path, site(0))
    store = Store(tmp_path)
    paths = ["/status/", "/status/history/", "/feed.json"]
    highest = 0
    for number in range(KILLS):
        writer = processes.Process(target=publish_without_end, args=(tmp_path,))
        writer.start()
        moment = None
        while moment is None or time.monotonic() < moment:
            check_whole(store, paths)
            assert store.generation is not None
            if moment is None and store.generation.revision > highest:
                moment = time.monotonic() + chance.uniform(0.0, 0.1)
            time.sleep(0.005)
        writer.kill()
        writer.join()
        assert writer.exitcode == -signal.SIGKILL
        check_whole(store, paths)
        loaded = read_generation(tmp_path)  # a process started now sees a whole site, too
        assert all(page.body for page in loaded.pages.values())
        assert loaded.revision >= highest, f"went backwards at kill {number}"
        highest = loaded.revision
    assert highest >= KILLS
    final = write_generation(tmp_path, site(highest + 1), purge=True)
    left = sorted(one.name for one in (tmp_path / "generations").iterdir())
    assert [name for name in left if not name.startswith(".spare-")] == [final.folder.name]


def test_two_publishers_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    write_generation(tmp_path, site(0))
    both = [processes.Process(target=publish_forty_times, args=(tmp_path,)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    loaded = read_generation(tmp_path)
    assert all(page.body for page in loaded.pages.values())
    assert [one.exitcode for one in both] == [0, 0]
