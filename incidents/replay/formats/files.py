"""Recordings from files: plain or gzipped, JSON Lines or one JSON document, of any known shape."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from incidents.replay.formats import google, statuspage
from incidents.replay.formats.own import CaseError, read_recorded
from incidents.replay.recordings import MomentsError, read_recording
from incidents.replay.replay import BacktestCase, case_of_recording
from incidents.validation import RefusedError

MOST_BYTES = 512 * 1024 * 1024  # unpacked
Reader = Callable[[Mapping[str, Any]], dict[str, object]]


class RecordingError(RefusedError):
    """A file of recordings that cannot be used; one line naming file, line, fault and remedy."""


def read_files(paths: list[str]) -> Iterator[BacktestCase]:
    """The incidents of these files, in their order. Raises RecordingError."""
    for path in paths:
        yield from read_file(Path(path))


def read_file(path: Path) -> Iterator[BacktestCase]:
    if path.suffix in (".yaml", ".yml"):
        try:
            yield case_of_recording(read_recording(path), path.stem)
        except MomentsError as error:
            raise RecordingError(str(error)) from error
        return
    source = ascii(str(path))[1:-1]
    try:
        content = path.read_bytes()
    except OSError as error:
        why = error.strerror or error
        raise RecordingError(f"{source}: cannot be read ({why}); check path and file") from error
    yield from read_content(content, source)


def read_content(content: bytes, source: str) -> Iterator[BacktestCase]:
    """The incidents of such a file, plain or gzipped; `source` is its name in errors. Raises RecordingError."""
    for place, document in _documents(_text(content, source), source):
        try:
            yield read_recorded(_in_our_shape(document))
        except CaseError as error:
            raise RecordingError(f"{place}: {error}") from error
        except KeyError as error:
            raise RecordingError(f"{place}: {error.args[0]!a} is missing; give it") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise RecordingError(
                f"{place}: cannot be read ({error}); see docs/recordings.md for the format"
            ) from error


def _in_our_shape(document: Mapping[str, Any]) -> object:
    """Each shape is known by a member that no other has."""
    shapes: dict[str, Reader] = {
        "status_impact": google.from_feed,
        "incident_updates": statuspage.from_api,
        "severity": statuspage.from_scraper,
        "updates": google.from_scraper,
    }
    reader = next((read for member, read in shapes.items() if member in document), None)
    return reader(document) if reader else document


def _documents(text: str, source: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where it stands, and the incident: one a line, a list of them, or an object that holds one."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    if whole is None:
        yield from _lines(text, source)
        return
    if isinstance(whole, dict):
        whole = whole.get("incidents", [whole])
    if not isinstance(whole, list):
        raise RecordingError(f"{source}: holds no list of incidents; give one incident a line")
    for number, document in enumerate(whole):
        yield f"{source}: [{number}]", _object(document, f"{source}: [{number}]")


def _lines(text: str, source: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            place = f"{source}:{number}"
            try:
                document = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise RecordingError(f"{place}: not valid JSON ({error}); mend it") from error
            yield place, _object(document, place)


def _object(document: object, place: str) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise RecordingError(f"{place}: is not an object; give one incident")
    return document


def _text(content: bytes, source: str) -> str:
    packed = content.startswith(b"\x1f\x8b")
    try:
        with gzip.open(io.BytesIO(content)) if packed else io.BytesIO(content) as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError(f"{source}: cannot be read ({error}); pack it again") from error
    if len(data) > MOST_BYTES:
        raise RecordingError(f"{source}: larger than {MOST_BYTES >> 20} MiB; split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordingError(f"{source}: not UTF-8 at byte {error.start}; save it so") from error
    if not text.strip():
        raise RecordingError(f"{source}: is empty; nothing can be tested on it")
    return text
