"""Filling a generation's folder: what is new is written and packed, what is not is shared.

The caller holds the folder's lock and has chosen the folder: an empty one, or a retired generation that is
brought up to date. Only shards that differ are looked at, so a write costs what changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from statuspage.public.render.page import Page, Site
from statuspage.public.store import manifest as manifest_file
from statuspage.public.store.disk import Tree
from statuspage.public.store.file_names import PART, compressible
from statuspage.public.store.manifest import FileEntry, GenerationError, Manifest
from statuspage.public.store.manifest_shards import FOLDER, Shard, file_of, made, shard_of
from statuspage.public.store.packing import Packer

ASSETS = "/static/"
ASSETS_KEPT = 500  # names of former releases that cached pages may still ask for
PACKER = Packer()


class BaseGoneError(GenerationError):
    """The site to be written differs from a generation that is not the one shown."""


@dataclass(slots=True)
class BuildPlan:
    """The manifest as it will be but for compressed variants and for `shards`, which have new entries."""

    manifest: Manifest
    bodies: dict[str, bytes]  # by file name
    shards: dict[str, dict[str, FileEntry]]


def plan(site: Site, sequence: int, shown: Manifest | None, shown_folder: Path | None) -> BuildPlan:
    """What is to be written. Raises BaseGoneError, and GenerationError for unsafe names."""
    base = _base(site, shown, shown_folder)
    bodies: dict[str, bytes] = {}

    def take(name: str, body: bytes) -> str:
        if name in bodies:
            raise GenerationError(f"two paths would share the file {name}")
        bodies[name] = body
        return manifest_file.fingerprint(body)

    def page(name: str, value: Page) -> FileEntry:
        return FileEntry(
            take(name, value.body), len(value.body), value.content_type, value.status, value.max_age
        )

    def part(name: str, body: bytes) -> FileEntry:
        return FileEntry(take(name, body), len(body), PART)

    pages = {
        path: page(manifest_file.page_file(path, one.status), one)
        for path, one in site.pages.items()
    }
    parts = {name: part(manifest_file.part_file(name), body) for name, body in site.parts.items()}
    index = base.index
    if site.index or not site.base:
        data = json.dumps(dict(site.index), separators=(",", ":"), ensure_ascii=False).encode()
        index = part("index.json", data)
    top, top_parts = _without(base.top, site), _without(base.top_parts, site)
    shards = _place(site, base, (pages, top), (parts, top_parts))
    if shown is not None and shown_folder is not None:
        top |= _former_assets(top, shown.top, shown_folder)
    wanted = Manifest(
        site.revision,
        sequence,
        site.as_of,
        top,
        top_parts,
        index,
        {name: shard for name, shard in base.shards.items() if name not in shards},
    )
    return BuildPlan(wanted, bodies, {name: entries for name, entries in shards.items() if entries})


def _place(
    site: Site, base: Manifest, *given: tuple[Mapping[str, FileEntry], dict[str, FileEntry]]
) -> dict[str, dict[str, FileEntry]]:
    """New entries into the dictionary beside them, or onto their shard; returns the shards that change."""
    shards: dict[str, dict[str, FileEntry]] = {}
    for name in site.dropped:
        if (shard := _opened(shards, name, base)) is not None:
            shard.pop(name, None)
    for entries, top in given:
        for name, entry in entries.items():
            shard = _opened(shards, name, base)
            (top if shard is None else shard)[name] = entry
    return shards


def _base(site: Site, shown: Manifest | None, shown_folder: Path | None) -> Manifest:
    if not site.base:
        return Manifest(site.revision, 0, site.as_of)
    if shown is None or shown_folder is None or shown_folder.name != site.base:
        raise BaseGoneError(f"{site.base} is not shown any more: everything has to be written")
    return shown


def _without(entries: Mapping[str, FileEntry], site: Site) -> dict[str, FileEntry]:
    return {name: entry for name, entry in entries.items() if name not in site.dropped}


def _opened(
    shards: dict[str, dict[str, FileEntry]], name: str, base: Manifest
) -> dict[str, FileEntry] | None:
    """The shard of this name, with what the base has on it; None where it lies on none."""
    if not (shard := shard_of(name)):
        return None
    if shard not in shards:
        known = base.shards.get(shard)
        shards[shard] = dict(known.entries()) if known is not None else {}
    return shards[shard]


def _former_assets(
    pages: Mapping[str, FileEntry], shown: Mapping[str, FileEntry], folder: Path
) -> dict[str, FileEntry]:
    """Styles and scripts of earlier releases: a page cached before an upgrade still asks for them."""
    former = [path for path in shown if path.startswith(ASSETS) and path not in pages]
    there = [path for path in former if (folder / manifest_file.page_file(path)).exists()]
    return {path: shown[path] for path in there[-ASSETS_KEPT:]}


def fill(
    tree: Tree,
    wanted: BuildPlan,
    shown: Manifest | None,
    spare: Manifest | None,
    load: Callable[[str], bytes],
) -> tuple[Manifest, int, int]:
    """Bring the folder to what is wanted. Returns the manifest with variants, files written, dropped.

    `shown` is of the folder that the tree takes files from, `spare` what was in its own. `load` reads a file of the
    folder once it has its final name.
    """
    differing = _differing(wanted, spare)
    shown_files = _files(shown, differing)
    present = dict(spare.files(differing)) if spare is not None else {}
    wanted_files = dict(wanted.manifest.files(differing))
    for entries in wanted.shards.values():
        wanted_files |= {file_of(name, entry): entry for name, entry in entries.items()}
    dropped = [name for name in present if name not in wanted_files]
    for name in dropped:
        for variant in ("", ".gz", ".br"):
            tree.remove(name + variant)

    ready: dict[str, FileEntry] = {}
    changed = 0
    for name, entry in wanted_files.items():
        old = shown_files.get(name)
        kept = None
        if old is not None and old.hash == entry.hash:
            kept = _keep(tree, name, entry.with_files_of(old), present.get(name))
        if kept is None:
            if name not in wanted.bodies:
                raise BaseGoneError(f"{name} is gone from what is shown")
            kept = _write_new(tree, name, wanted.bodies[name], entry, follows=old is not None)
            changed += 1
        ready[name] = kept
    final = renamed(wanted.manifest, ready)
    final = replace(final, shards=_sharded(tree, wanted, ready, load))
    return final, changed, len(dropped)


def _files(shown: Manifest | None, differing: set[str]) -> dict[str, FileEntry]:
    """Nothing where a shard cannot be read: then everything is written anew, and whole again."""
    try:
        return dict(shown.files(differing)) if shown is not None else {}
    except GenerationError:
        return {}


def _differing(wanted: BuildPlan, spare: Manifest | None) -> set[str]:
    """The shards to look at: those with new entries, and those that the folder has otherwise or not at all."""
    there = {name: shard.hash for name, shard in spare.shards.items()} if spare is not None else {}
    kept = wanted.manifest.shards
    return (
        set(wanted.shards)
        | {name for name, shard in kept.items() if there.get(name) != shard.hash}
        | (set(there) - set(kept))
    )


def _sharded(
    tree: Tree,
    wanted: BuildPlan,
    ready: Mapping[str, FileEntry],
    load: Callable[[str], bytes],
) -> dict[str, Shard]:
    """All shards, with their files in the folder, and no file of a former one."""
    shards = dict(wanted.manifest.shards)
    there = {f"{FOLDER}/{name}" for name in tree.names(FOLDER)}
    for shard in shards.values():
        if shard.file not in there:
            tree.link(shard.file)
    for name, entries in wanted.shards.items():
        shard, data = made(name, {n: ready[file_of(n, e)] for n, e in entries.items()}, load)
        shards[name] = shard
        if shard.file not in there:
            tree.write(shard.file, data)
    for left in there - {shard.file for shard in shards.values()}:
        tree.remove(left)
    return shards


def renamed(wanted: Manifest, ready: Mapping[str, FileEntry]) -> Manifest:
    """The same with other entries where there are some (by file name); shards stay as they are."""
    return replace(
        wanted,
        top={p: ready.get(manifest_file.page_file(p, e.status), e) for p, e in wanted.top.items()},
        top_parts={
            n: ready.get(manifest_file.part_file(n), e) for n, e in wanted.top_parts.items()
        },
        index=ready.get("index.json", wanted.index),
    )


def _keep(tree: Tree, name: str, entry: FileEntry, present: FileEntry | None) -> FileEntry | None:
    """Have the shown generation's file and variants; None when somebody removed them from it."""
    if present is not None and present.content == entry.content:
        return entry
    try:
        for variant, there in (("", 1), (".gz", entry.gzip), (".br", entry.br)):
            if there:
                tree.link(name + variant)
            elif present is not None:
                tree.remove(name + variant)
    except FileNotFoundError:
        return None
    return entry


def _write_new(tree: Tree, name: str, body: bytes, entry: FileEntry, *, follows: bool) -> FileEntry:
    """`follows`: what is shown has other bytes at this address."""
    tree.write(name, body, follows=follows)
    tree.remove(name + ".br")  # of the spare's former content
    if not compressible(entry):
        tree.remove(name + ".gz")
        return entry
    packed = PACKER.packed(body)
    if len(packed) >= len(body):
        tree.remove(name + ".gz")
        return entry
    tree.write(name + ".gz", packed, follows=follows)
    return entry._replace(gzip=len(packed))
