"""Filling a generation's folder: what is new is written and packed, what is not is shared.

The caller holds the folder's lock and has chosen the folder: an empty one, or a retired generation that is
brought up to date.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from statuspage.published import manifest as paper
from statuspage.published.disk import Tree
from statuspage.published.manifest import Entry, GenerationError, Manifest
from statuspage.published.site import Page, Site

ASSETS = "/static/"
ASSETS_KEPT = 500  # names of former releases that cached pages may still ask for
FAST_GZIP = 5
SMALLEST_COMPRESSED = 200  # bytes; below that the header costs more than it saves
COMPRESSIBLE = ("text/", "application/json", "application/xml", "image/svg", "application/manifest")


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


def plan(
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
        name: Entry(take(paper.part_file(name), body), len(body))
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


def fill(
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
            former = shown_folder if old is not None else None
            kept = _write_new(tree, name, bodies[name], entry, former)
            changed += 1
        ready[name] = kept
    return rename_entries(wanted, ready), changed, len(dropped)


def rename_entries(wanted: Manifest, ready: Mapping[str, Entry]) -> Manifest:
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


def _write_new(tree: Tree, name: str, body: bytes, entry: Entry, former: Path | None) -> Entry:
    """`former`: the folder of the generation that showed other bytes at this address."""
    tree.write(name, body, after=former and former / name)
    tree.remove(name + ".br")  # of the spare's former content
    if not compressible(entry):
        tree.remove(name + ".gz")
        return entry
    packed = gzip.compress(body, FAST_GZIP, mtime=0)
    if len(packed) >= len(body):
        tree.remove(name + ".gz")
        return entry
    tree.write(name + ".gz", packed, after=former and former / f"{name}.gz")
    return entry._replace(gzip=len(packed))


def compressible(entry: Entry) -> bool:
    return entry.size >= SMALLEST_COMPRESSED and (
        entry.content_type.startswith(COMPRESSIBLE)
        or "+xml" in entry.content_type
        or "+json" in entry.content_type
    )
