"""The public site on disk: generations beside each other, and one pointer to the one that is shown.

    PUBLISHED_DIR/
      current -> generations/r000000000042-000000     switched by rename(2), never half
      heartbeat.json                                  {"revision": 42, "at": "…Z"}: the publisher lives
      generations/r000000000042-000000/
        manifest.json   site/   gone/   errors/   parts/   shards/   index.json

`site/` is a plain tree (`/status/` -> `site/status/index.html`, `.gz` and `.br` beside it), so that nginx
or any static host can serve it. What did not change is hard-linked, so a file is never written in place.

A generation costs what changed, not what there is: retired ones are kept as spares, and one of them is
brought up to date instead of linking ten thousand files into an empty folder. Spares are never served,
and after a purge they hold nothing that the shown generation does not hold.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import brotli

from statuspage.atomic_write import atomic_write
from statuspage.public.render.page import Site
from statuspage.public.store import manifest as manifest_file
from statuspage.public.store.build_writer import ASSETS, BuildPlan, fill, plan, renamed
from statuspage.public.store.disk import exclusive, filling, point, sync_folder
from statuspage.public.store.file_names import compressible
from statuspage.public.store.manifest import FileEntry, GenerationError, Manifest
from statuspage.public.store.manifest_shards import Shard, file_of, made

KEEP = 3
# The last step of brotli takes ten times the work for a tenth of the bytes: right for what is kept for a year.
BEST_GZIP, BROTLI, BEST_BROTLI = 9, 9, 11


class OlderRevisionError(GenerationError):
    """The site to be written is older than the one that is shown; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: where the generation lies, and how many files were new or dropped."""

    folder: Path
    revision: int
    sequence: int
    written: int
    dropped: int


def write_generation(directory: Path, site: Site, *, purge: bool = False) -> Written:
    """Write `site` and switch to it. With `purge` no older generation survives (withdrawal, leak repair).

    Raises OlderRevisionError when a newer revision is shown already, GenerationError for unsafe paths, a
    folder in use by another publisher, or a file system that refuses. What is shown stays whole in
    every case, also when this process is killed at any moment.
    """
    try:
        (directory / "generations").mkdir(mode=0o755, parents=True, exist_ok=True)
        with exclusive(directory):
            return _write(directory, site, purge=purge)
    except OSError as error:
        raise GenerationError(f"{directory}: cannot write a generation ({error})") from error


def _write(directory: Path, site: Site, *, purge: bool) -> Written:
    generations = directory / "generations"
    shown_folder, shown = shown_in(directory)
    _clear_leftovers(generations, keep=shown_folder)
    sequence = 0
    if shown is not None:
        if site.revision < shown.revision:
            raise OlderRevisionError(
                f"{directory}: shows revision {shown.revision}, refused to go back to {site.revision}"
            )
        sequence = shown.sequence + 1 if site.revision == shown.revision else 0
    wanted = plan(site, sequence, shown, shown_folder)
    target = generations / wanted.manifest.folder
    if target.exists():  # finished, but never shown: its writer died just before the switch
        shutil.rmtree(target)

    root, spare = _take_spare(generations)
    with filling(root, shown_folder) as tree:
        final, changed, dropped = fill(tree, wanted, shown, spare, _loader(target))
        tree.write(manifest_file.NAME, final.dump())
        tree.sync()
    root.rename(target)
    sync_folder(generations)
    point(directory / "current", f"generations/{target.name}", via=directory / ".current.new")
    if purge:
        # Read from where it lies now: the folders it was put together from are about to lose their names.
        _purge(generations, target, manifest_file.parse(final.dump(), _loader(target)))
    else:
        _retire(generations, target)
    return Written(target, site.revision, sequence, changed, dropped)


def _loader(folder: Path) -> Callable[[str], bytes]:
    def load(name: str) -> bytes:
        try:
            return (folder / name).read_bytes()
        except OSError as error:
            raise GenerationError(f"{folder.name}/{name}: {error.strerror}") from error

    return load


def shown_in(directory: Path) -> tuple[Path | None, Manifest | None]:
    """The generation that is shown; (None, None) when there is none that can be read."""
    try:
        folder = (directory / "current").resolve(strict=True)
        return folder, manifest_file.parse(
            (folder / manifest_file.NAME).read_bytes(), _loader(folder)
        )
    except (OSError, GenerationError):
        return None, None


def _clear_leftovers(generations: Path, keep: Path | None) -> None:
    """Remove what a dead writer left: unfinished folders, and finished ones it never switched to."""
    for folder in generations.iterdir():
        unfinished = folder.name.startswith(".writing-")
        never_shown = keep is not None and folder.name.startswith("r") and folder.name > keep.name
        if unfinished or never_shown:
            shutil.rmtree(folder, ignore_errors=True)


def _take_spare(generations: Path) -> tuple[Path, Manifest | None]:
    """The folder to fill, under a name of its own: a spare with its manifest, else an empty one."""
    root = generations / f".writing-{uuid4().hex}"
    for spare in generations.glob(".spare-*"):
        spare.rename(root)
        if (found := _open_for_changes(root)) is not None:
            return root, found
        shutil.rmtree(root)
    root.mkdir(mode=0o755)
    return root, None


def _open_for_changes(folder: Path) -> Manifest | None:
    """The manifest of a retired generation, which has none until it is whole again."""
    try:
        found = manifest_file.parse((folder / manifest_file.NAME).read_bytes(), _loader(folder))
        for left in (folder / manifest_file.NAME, *folder.glob(".*")):  # and by a killed compressor
            left.unlink()
    except (OSError, GenerationError):
        return None  # a spare that cannot be read is only a lost short cut
    return found


def _retire(generations: Path, shown: Path) -> None:
    old = sorted(one for one in generations.glob("r*") if one != shown)[: -(KEEP - 1)]
    if old and not any(generations.glob(".spare-*")):
        old.pop().rename(generations / f".spare-{uuid4().hex}")
    for folder in old:
        _remove(folder)


def _purge(generations: Path, shown: Path, final: Manifest) -> None:
    """Leave nothing that is not shown now. Up to KEEP old folders become spares, equal to what is shown."""
    old = [one for one in generations.iterdir() if one != shown]
    # All names first: from here on nobody finds them.
    doomed = [one.rename(generations / f".writing-{uuid4().hex}") for one in old]
    for number, folder in enumerate(doomed):
        found = _open_for_changes(folder) if number < KEEP else None
        if found is None:
            shutil.rmtree(folder)
            continue
        with filling(folder, shown) as tree:
            fill(tree, BuildPlan(final, {}, {}), final, found, _loader(folder))
            tree.write(manifest_file.NAME, final.dump())
        folder.rename(generations / f".spare-{uuid4().hex}")


def _remove(folder: Path) -> None:
    # Renamed first: a reader must find a generation whole or not at all.
    doomed = folder.rename(folder.with_name(f".writing-{uuid4().hex}"))
    shutil.rmtree(doomed)


def beat(directory: Path, revision: int, at: datetime, memory: int = 0) -> None:
    """Say that the publisher lives, that `revision` is what the database had at `at` (UTC), and how many bytes
    of memory the publisher takes."""
    data = json.dumps({"revision": revision, "at": at.isoformat(), "memory": memory}).encode()
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    via = directory / f".heartbeat-{os.getpid()}"
    atomic_write(directory / "heartbeat.json", data, via=via, sync=False)


def compress_best(directory: Path, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Give the shown generation its brotli and best gzip variants; hot pages first.

    Slow on purpose, to be run beside everything else; `stop` is asked between two files. Returns the
    number of files compressed. A generation replaced meanwhile keeps what it has.
    """
    folder, manifest = shown_in(directory)
    if folder is None or manifest is None:
        return 0
    hot = {manifest_file.page_file(path, entry.status) for path, entry in manifest.hot.items()}
    top = dict(_waiting(manifest.files([])))
    assets = {name: entry for name, entry in top.items() if name.startswith(f"site{ASSETS}")}
    first = {name: entry for name, entry in top.items() if name in hot}
    rest = {name: entry for name, entry in top.items() if name not in hot | assets.keys()}
    done = 0
    try:
        for batch, quality in ((first, BROTLI), (assets, BEST_BROTLI), (rest, BROTLI)):
            done += _improve(directory, folder, None, batch, quality, stop)
        # Shard by shard: whoever writes next has to bring its folder up to each that is better by now.
        for shard in manifest.shards.values():
            if not shard.best and not stop():
                batch = dict(_waiting(shard.files()))
                done += _improve(directory, folder, shard.name, batch, BROTLI, stop)
    except (FileNotFoundError, GenerationError):
        return done  # retired while we were at it: its successor is compressed next
    return done


def _waiting(files: Iterable[tuple[str, FileEntry]]) -> Iterator[tuple[str, FileEntry]]:
    return ((name, entry) for name, entry in files if compressible(entry) and not entry.best)


def _improve(
    directory: Path,
    folder: Path,
    shard: str | None,
    batch: Mapping[str, FileEntry],
    quality: int,
    stop: Callable[[], bool],
) -> int:
    better = _compress(folder, batch, quality, stop)
    if better:
        _note(directory, folder, shard, better)
    return len(better)


def _compress(
    folder: Path, batch: Mapping[str, FileEntry], quality: int, stop: Callable[[], bool]
) -> dict[str, FileEntry]:
    better: dict[str, FileEntry] = {}
    # Outside `site/`: nobody must be able to ask for a half-written variant by its name.
    via = folder / f".packing-{uuid4().hex}"
    for name, entry in batch.items():
        if stop():
            break
        body = (folder / name).read_bytes()
        if manifest_file.fingerprint(body) != entry.hash:
            continue  # a damaged file: the reader refuses it too
        sizes = {}
        for variant, packed in (
            (".br", brotli.compress(body, quality=quality)),
            (".gz", gzip.compress(body, BEST_GZIP, mtime=0)),
        ):
            sizes[variant] = len(packed) if len(packed) < len(body) else 0
            if sizes[variant]:
                atomic_write(folder / (name + variant), packed, via=via)
        better[name] = entry._replace(gzip=sizes[".gz"] or entry.gzip, br=sizes[".br"], best=True)
    return better


def _note(
    directory: Path, folder: Path, shard: str | None, better: Mapping[str, FileEntry]
) -> None:
    """Tell readers about new variants of this shard, or of what is on none: the manifest is replaced, the pages
    stay what they are."""
    with exclusive(directory):
        manifest = manifest_file.parse((folder / manifest_file.NAME).read_bytes(), _loader(folder))
        if shard is None:
            final = renamed(manifest, better)
        else:
            improved = _improved(folder, manifest.shards[shard], better)
            final = replace(manifest, shards={**manifest.shards, shard: improved})
        via = folder / f".manifest-{uuid4().hex}"
        atomic_write(folder / manifest_file.NAME, final.dump(), via=via)


def _improved(folder: Path, shard: Shard, better: Mapping[str, FileEntry]) -> Shard:
    """The shard with better entries. The former one's file stays until the folder is used again: there are
    readers that know only that one."""
    entries = {name: better.get(file_of(name, e), e) for name, e in shard.entries().items()}
    if entries == shard.entries():
        return shard
    new, data = made(shard.name, entries, _loader(folder))
    atomic_write(folder / new.file, data, via=folder / f".shard-{uuid4().hex}")
    return new
