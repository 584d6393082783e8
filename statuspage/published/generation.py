"""The public site on disk: generations beside each other, and one pointer to the one that is shown.

    PUBLISHED_DIR/
      current -> generations/r000000000042-000000     switched by rename(2), never half
      heartbeat.json                                  {"revision": 42, "at": "…Z"}: the publisher lives
      generations/r000000000042-000000/
        manifest.json   site/   gone/   errors/   stale/   parts/   index.json

`site/` is a plain tree (`/status/` -> `site/status/index.html`, `.gz` and `.br` beside it), so that nginx
or any static host can serve it. What did not change is hard-linked, so a file is never written in place.

A generation costs what changed, not what there is: the fourth newest one is kept as `.spare` and brought
up to date, instead of linking ten thousand files into an empty folder.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import brotli

from statuspage.published import manifest as paper
from statuspage.published.disk import Tree, exclusive, point, sync_folder, write_whole
from statuspage.published.manifest import Entry, GenerationError, Manifest
from statuspage.published.site import Page, Site

KEEP = 3
ASSETS = "/static/"
ASSETS_KEPT = 500  # names of former releases that cached pages may still ask for
FAST_GZIP, BEST_GZIP, BEST_BROTLI, COLD_BROTLI = 5, 9, 11, 9
SMALLEST_COMPRESSED = 200  # bytes; below that the header costs more than it saves
COMPRESSIBLE = ("text/", "application/json", "application/xml", "image/svg", "application/manifest")


class OlderRevisionError(GenerationError):
    """The site to be written is older than the one that is shown; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: where the generation lies, and how many files were new, shared or dropped."""

    folder: Path
    revision: int
    sequence: int
    written: int
    dropped: int
    total: int


@dataclass(slots=True)
class Memo:
    """Hashes of bytes seen at the last write. A publisher that hands in the same `bytes` objects for what
    it did not render again spares hashing them again."""

    seen: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    _next: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    def fingerprint(self, name: str, data: bytes) -> str:
        known = self.seen.get(name)
        found = known if known is not None and known[0] is data else (data, paper.fingerprint(data))
        self._next[name] = found
        return found[1]

    def turn(self) -> None:
        self.seen, self._next = self._next, {}


def write_generation(
    directory: Path, site: Site, *, purge: bool = False, memo: Memo | None = None
) -> Written:
    """Write `site` and switch to it. With `purge` no older generation survives (withdrawal, leak repair).

    Raises OlderRevisionError when a newer revision is shown already, GenerationError for unsafe paths, a
    folder in use by another publisher, or a file system that refuses. What is shown stays whole in
    every case, also when this process is killed at any moment.
    """
    memo = memo if memo is not None else Memo()
    try:
        (directory / "generations").mkdir(mode=0o755, parents=True, exist_ok=True)
        with exclusive(directory):
            written = _write(directory, site, purge=purge, memo=memo)
    except OSError as error:
        raise GenerationError(f"{directory}: cannot write a generation ({error})") from error
    memo.turn()
    return written


def _write(directory: Path, site: Site, *, purge: bool, memo: Memo) -> Written:
    generations = directory / "generations"
    shown_folder, shown = _shown(directory)
    _clear_leftovers(generations, keep=shown_folder)
    sequence = 0
    if shown is not None:
        if site.revision < shown.revision:
            raise OlderRevisionError(
                f"{directory}: shows revision {shown.revision}, refused to go back to {site.revision}"
            )
        sequence = shown.sequence + 1 if site.revision == shown.revision else 0
    wanted, bodies = _plan(site, sequence, shown, shown_folder, memo)
    target = generations / wanted.folder
    if target.exists():  # finished, but never shown: its writer died just before the switch
        shutil.rmtree(target)

    root, spare = _take_spare(generations, purge=purge)
    tree = Tree(root)
    final, changed, dropped = _fill(tree, wanted, bodies, shown, shown_folder, spare)
    tree.write(paper.NAME, final.dump())
    tree.settle()
    root.rename(target)
    sync_folder(generations)
    point(directory / "current", f"generations/{target.name}", via=directory / ".current.new")
    _retire(generations, shown=target.name, purge=purge)
    total = sum(1 for _ in final.files())
    return Written(target, site.revision, sequence, changed, dropped, total)


def _plan(
    site: Site, sequence: int, shown: Manifest | None, shown_folder: Path | None, memo: Memo
) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest as it will be (without compressed variants), and the bytes by file name."""
    bodies: dict[str, bytes] = {}

    def take(name: str, body: bytes) -> str:
        if name in bodies:
            raise GenerationError(f"two paths would share the file {name}")
        bodies[name] = body
        return memo.fingerprint(name, body)

    def page(name: str, value: Page) -> Entry:
        return Entry(
            take(name, value.body), len(value.body), value.content_type, value.status, value.max_age
        )

    pages = {path: page(paper.page_file(path, one.status), one) for path, one in site.pages.items()}
    stale = {path: page(paper.stale_file(path), one) for path, one in site.stale.items()}
    parts = {
        name: Entry(take(paper.part_file(name), body), len(body), "")
        for name, body in site.parts.items()
    }
    data = json.dumps(site.index, separators=(",", ":"), ensure_ascii=False).encode()
    index = Entry(take("index.json", data), len(data), "application/json")
    if shown is not None and shown_folder is not None:
        pages |= _former_assets(pages, shown.pages, shown_folder)
    return Manifest(site.revision, sequence, site.as_of, pages, stale, parts, index), bodies


def _former_assets(
    pages: Mapping[str, Entry], shown: Mapping[str, Entry], folder: Path
) -> dict[str, Entry]:
    """Styles and scripts of earlier releases: a page cached before an upgrade still asks for them."""
    former = [path for path in shown if path.startswith(ASSETS) and path not in pages]
    there = [path for path in former if (folder / paper.page_file(path)).exists()]
    return {path: shown[path] for path in there[-ASSETS_KEPT:]}


def _fill(
    tree: Tree,
    wanted: Manifest,
    bodies: Mapping[str, bytes],
    shown: Manifest | None,
    shown_folder: Path | None,
    spare: Manifest | None,
) -> tuple[Manifest, int, int]:
    """Bring the folder to what `wanted` says. Returns the manifest with variants, files written, dropped."""
    shown_files = dict(shown.files()) if shown is not None else {}
    present = dict(spare.files()) if spare is not None else {}
    wanted_files = dict(wanted.files())
    dropped = [name for name in present if name not in wanted_files]
    for name in dropped:
        for variant in ("", ".gz", ".br"):
            tree.remove(name + variant)

    ready: dict[str, Entry] = {}
    changed = 0
    for name, entry in wanted_files.items():
        old = shown_files.get(name)
        kept = None
        if old is not None and shown_folder is not None and old.hash == entry.hash:
            kept = _keep(tree, name, shown_folder, entry.with_files_of(old), present.get(name))
        if kept is None:
            kept = _write_new(tree, name, bodies[name], entry)
            changed += 1
        ready[name] = kept
    return _rename_entries(wanted, ready), changed, len(dropped)


def _rename_entries(wanted: Manifest, ready: Mapping[str, Entry]) -> Manifest:
    return replace(
        wanted,
        pages={p: ready[paper.page_file(p, e.status)] for p, e in wanted.pages.items()},
        stale={p: ready[paper.stale_file(p)] for p in wanted.stale},
        parts={n: ready[paper.part_file(n)] for n in wanted.parts},
        index=ready["index.json"],
    )


def _keep(tree: Tree, name: str, source: Path, entry: Entry, present: Entry | None) -> Entry | None:
    """Have the shown generation's file and variants; None when somebody removed them from it."""
    if present is not None and present.content == entry.content:
        return entry
    try:
        for variant, there in (("", 1), (".gz", entry.gzip), (".br", entry.br)):
            if there:
                tree.link(name + variant, source / (name + variant))
            else:
                tree.remove(name + variant)
    except FileNotFoundError:
        return None
    return entry


def _write_new(tree: Tree, name: str, body: bytes, entry: Entry) -> Entry:
    tree.write(name, body)
    tree.remove(name + ".br")  # of the spare's former content
    if not compressible(entry):
        tree.remove(name + ".gz")
        return entry
    packed = gzip.compress(body, FAST_GZIP, mtime=0)
    if len(packed) >= len(body):
        tree.remove(name + ".gz")
        return entry
    tree.write(name + ".gz", packed)
    return replace(entry, gzip=len(packed))


def compressible(entry: Entry) -> bool:
    return entry.size >= SMALLEST_COMPRESSED and (
        entry.content_type.startswith(COMPRESSIBLE) or "+xml" in entry.content_type
    )


def _shown(directory: Path) -> tuple[Path | None, Manifest | None]:
    """The generation that is shown; (None, None) when there is none that can be read."""
    try:
        folder = (directory / "current").resolve(strict=True)
        return folder, paper.parse((folder / paper.NAME).read_bytes())
    except (OSError, GenerationError):
        return None, None


def _clear_leftovers(generations: Path, keep: Path | None) -> None:
    """Remove what a dead writer left: unfinished folders, and finished ones it never switched to."""
    for folder in generations.iterdir():
        unfinished = folder.name.startswith(".writing-")
        never_shown = keep is not None and folder.name.startswith("r") and folder.name > keep.name
        if unfinished or never_shown:
            shutil.rmtree(folder, ignore_errors=True)


def _take_spare(generations: Path, *, purge: bool) -> tuple[Path, Manifest | None]:
    """The folder to fill: the spare if there is a usable one, else an empty one."""
    root = generations / f".writing-{uuid4().hex}"
    spare = generations / ".spare"
    if spare.exists():
        spare.rename(root)
        try:
            if not purge:
                found = paper.parse((root / paper.NAME).read_bytes())
                for left in (root / paper.NAME, *root.glob(".*")):  # and by a killed compressor
                    left.unlink()
                return root, found
        except (OSError, GenerationError):
            pass  # an unreadable spare is only a lost short cut
        shutil.rmtree(root)
    root.mkdir(mode=0o755)
    return root, None


def _retire(generations: Path, *, shown: str, purge: bool) -> None:
    others = sorted(one for one in generations.iterdir() if one.name.startswith("r"))
    old = [one for one in others if one.name != shown]
    if not purge:
        old = old[: -(KEEP - 1)]
    spare = generations / ".spare"
    if old and not purge and not spare.exists():
        old.pop().rename(spare)
    for folder in old:
        # Renamed first: a reader must find a generation whole or not at all.
        doomed = generations / f".writing-{uuid4().hex}"
        folder.rename(doomed)
        shutil.rmtree(doomed)


def beat(directory: Path, revision: int, at: datetime) -> None:
    """Say that the publisher lives and that `revision` is what the database had at `at` (UTC)."""
    data = json.dumps({"revision": revision, "at": at.isoformat()}).encode()
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    via = directory / f".heartbeat-{os.getpid()}"
    write_whole(directory / "heartbeat.json", data, via=via, sync=False)


def compress_best(directory: Path, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Give the shown generation its brotli and best gzip variants; hot pages first.

    Slow on purpose, to be run beside everything else; `stop` is asked between two files. Returns the
    number of files compressed. A generation replaced meanwhile keeps what it has.
    """
    folder, manifest = _shown(directory)
    if folder is None or manifest is None:
        return 0
    hot = {paper.page_file(path) for path in manifest.stale if path in manifest.pages}
    todo = {
        name: entry
        for name, entry in manifest.files()
        if compressible(entry) and not entry.best and not name.startswith(("parts/", "index.json"))
    }
    first = {n: e for n, e in todo.items() if n in hot or n.startswith(("stale/", f"site{ASSETS}"))}
    rest = {name: entry for name, entry in todo.items() if name not in first}
    done = 0
    try:
        for batch, quality in ((first, BEST_BROTLI), (rest, COLD_BROTLI)):
            better = _compress(folder, batch, quality, stop)
            if better:
                _note(directory, folder, better)
            done += len(better)
    except FileNotFoundError:
        return done  # retired while we were at it: its successor is compressed next
    return done


def _compress(
    folder: Path, batch: Mapping[str, Entry], quality: int, stop: Callable[[], bool]
) -> dict[str, Entry]:
    better: dict[str, Entry] = {}
    # Outside `site/`: nobody must be able to ask for a half-written variant by its name.
    via = folder / f".packing-{uuid4().hex}"
    for name, entry in batch.items():
        if stop():
            break
        body = (folder / name).read_bytes()
        if paper.fingerprint(body) != entry.hash:
            continue  # a damaged file: the reader refuses it too
        sizes = {}
        for variant, packed in (
            (".br", brotli.compress(body, quality=quality)),
            (".gz", gzip.compress(body, BEST_GZIP, mtime=0)),
        ):
            sizes[variant] = len(packed) if len(packed) < len(body) else 0
            if sizes[variant]:
                write_whole(folder / (name + variant), packed, via=via)
        better[name] = replace(entry, gzip=sizes[".gz"] or entry.gzip, br=sizes[".br"], best=True)
    return better


def _note(directory: Path, folder: Path, better: Mapping[str, Entry]) -> None:
    """Tell readers about new variants: the manifest is replaced, the pages stay what they are."""
    with exclusive(directory):
        manifest = paper.parse((folder / paper.NAME).read_bytes())
        ready = {name: better.get(name, entry) for name, entry in manifest.files()}
        data = _rename_entries(manifest, ready).dump()
        write_whole(folder / paper.NAME, data, via=folder / f".manifest-{uuid4().hex}")
