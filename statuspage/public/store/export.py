"""The shown generation as plain files, for any static host: another provider, an object store, a CD."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from statuspage.public.store import headers, manifest
from statuspage.public.store.build_writer import ASSETS
from statuspage.public.store.loaded import GenerationGoneError, read_file, read_generation
from statuspage.public.store.manifest import FileEntry, GenerationError

RECORD = "_export.json"


class ExportError(Exception):
    """The target cannot be used; the message says what to do about it."""


def export(
    directory: Path, target: Path, *, update: bool = False, progress: Callable[[int, int], None]
) -> int:
    """Write the shown generation below `directory` to `target`; returns the number of files.

    Beside the pages and their compressed variants: `_headers` and `_redirects` (the format of Netlify and
    Cloudflare Pages: types, caching, security headers, status of withdrawn entries), `404.html`, and
    `_export.json` (path, file, type, status, ETag of each page). With `update` an earlier export is
    brought up to date: pages that are gone are removed, styles and scripts of older releases are kept.
    `progress` is called with files done and files in all. Raises ExportError or GenerationError.
    """
    former = _check_target(target, update=update)
    generation = read_generation(directory)
    pages = generation.manifest.pages
    files = {path: _target_file(path, entry) for path, entry in pages.items()}
    target.mkdir(parents=True, exist_ok=True)
    for done, (path, entry) in enumerate(pages.items(), start=1):
        name = manifest.page_file(path, entry.status)
        _write(target / files[path], read_file(generation.folder, name, entry))
        for extension, there in ((".gz", entry.gzip), (".br", entry.br)):
            source, copy = (
                generation.folder / (name + extension),
                target / (files[path] + extension),
            )
            copy.unlink(missing_ok=True)
            if there:
                _copy(source, copy)
        progress(done, len(pages))
    for name in sorted(set(former) - set(files.values())):
        if not name.startswith(ASSETS.strip("/") + "/"):
            for extension in ("", ".gz", ".br"):
                (target / (name + extension)).unlink(missing_ok=True)
    kept = [n for n in former if n.startswith(ASSETS.strip("/") + "/") and n not in files.values()]
    _write(target / "_headers", _headers(pages))
    _write(target / "_redirects", _redirects(pages, files, generation.index))
    record = {
        "revision": generation.revision,
        "as_of": generation.as_of.isoformat(),
        "kept": kept,
        "pages": {
            path: {
                "file": files[path],
                "status": entry.status,
                "content_type": entry.content_type,
                "max_age": entry.max_age,
                "etag": entry.hash,
            }
            for path, entry in pages.items()
        },
    }
    _write(target / RECORD, json.dumps(record, indent=1, ensure_ascii=False).encode())
    return len(pages)


def _check_target(target: Path, *, update: bool) -> list[str]:
    """The files of an earlier export at the same place, none in an empty folder."""
    if target.exists() and not target.is_dir():
        raise ExportError(f"{target}: is a file; name a folder")
    if not target.is_dir() or not any(target.iterdir()):
        return []
    if not (target / RECORD).is_file():
        raise ExportError(f"{target}: is not empty and no earlier export; name an empty folder")
    if not update:
        raise ExportError(f"{target}: holds an earlier export; add --update to renew it")
    try:
        record = json.loads((target / RECORD).read_bytes())
        names = [*record["kept"], *(page["file"] for page in record["pages"].values())]
        for name in names:  # written by us, but perhaps edited since: it decides what is deleted
            manifest.check_path(f"/{name}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, GenerationError) as error:
        raise ExportError(f"{target}/{RECORD}: unreadable ({error}); empty the folder") from error
    return names


def _target_file(path: str, entry: FileEntry) -> str:
    """Where a static host looks for a page. Only what is answered with 200 lies at its own address."""
    if not path.startswith("/"):
        return f"{path}.html"
    name = manifest.page_file(path, entry.status)
    return name.removeprefix("site/") if entry.status == 200 else f"_{name}"


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    via = target.with_name(f"{target.name}.new")
    via.write_bytes(data)
    via.replace(target)


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError as error:
        raise GenerationGoneError(f"{source}: gone meanwhile; export again") from error


def _headers(pages: Mapping[str, FileEntry]) -> bytes:
    lines = ["/*", *(f"  {name}: {value}" for name, value in headers.security())]
    for path, entry in pages.items():
        if path.startswith("/") and entry.status == 200:
            lines += [path, f"  Content-Type: {entry.content_type}"]
            lines.append(f"  Cache-Control: {headers.caching(entry.max_age)}")
            if headers.is_shared(entry.content_type):
                lines += [f"  {name}: {value}" for name, value in headers.PREFLIGHT]
    return "\n".join([*lines, ""]).encode()


def _redirects(
    pages: Mapping[str, FileEntry], files: dict[str, str], index: Mapping[str, Any]
) -> bytes:
    lines = [
        f"{path} /{files[path]} {entry.status}"
        for path, entry in pages.items()
        if path.startswith("/") and entry.status != 200
    ]
    lines += [
        f"{path} /status/history/{tracking_id}/ 301"
        for path, tracking_id in index.get("old_paths", {}).items()
        if re.fullmatch(r"[!-~]+", path)  # a blank would end the address
    ]
    return "\n".join(["/ /status/ 302", *lines, ""]).encode()
