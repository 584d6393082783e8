"""Text files that people hand in: what is refused before a line of them is read. Pure."""

from __future__ import annotations

from pathlib import Path

_KNOWN_BINARY = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"\x1f\x8b": "compressed (gzip)",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


class TextFileError(ValueError):
    """A file that can't be read as text: one line that names file, line, fault and remedy."""

    def __init__(self, source: str, line: int | None, what: str, remedy: str) -> None:
        self.source = source
        self.line = line
        self.what = what
        self.remedy = remedy
        place = source if line is None else f"{source}:{line}"
        super().__init__(f"{place}: {what} — {remedy}")


def printable(path: Path | str) -> str:
    """The path as it can stand in a message of one line."""
    name = str(path)
    return name if name.isprintable() else "“" + ascii(name)[1:-1] + "”"


def read_text(path: Path | str, *, most_bytes: int) -> str:
    """The content of a UTF-8 text file of at most `most_bytes` bytes (a signature is taken off).

    Raises TextFileError for a file that is missing, a folder, unreadable, empty, too large, binary
    or in another encoding.
    """
    source = printable(path)
    return decoded(_read_bytes(path, source, most_bytes), source)


def decoded(data: bytes, source: str) -> str:
    """The text that these bytes of `source` are. Raises TextFileError as `read_text` does."""
    if not data.strip():
        raise TextFileError(source, None, "is empty", "nothing could be read from it")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TextFileError(source, 1, "is UTF-16, not UTF-8", "save it as UTF-8")
    for magic, name in _KNOWN_BINARY.items():
        if data.startswith(magic):
            raise TextFileError(source, None, f"is {name}, not text", "save what it shows as text")
    if b"\x00" in data:
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        raise TextFileError(source, line, "is binary, not text", "name a text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # With a signature the positions count from behind it; lines are the same.
        line = data.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8 (byte 0x{error.object[error.start]:02X})"
        raise TextFileError(source, line, what, "save it as UTF-8") from None


def _read_bytes(path: Path | str, source: str, most_bytes: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise TextFileError(source, None, "does not exist", "check the path") from None
    except IsADirectoryError:
        raise TextFileError(source, None, "is a folder", "name a text file") from None
    except (OSError, ValueError) as error:
        what = f"can't be read ({getattr(error, 'strerror', None) or error})"
        raise TextFileError(source, None, what, "check path and permissions") from None
    if len(data) > most_bytes:
        limit = most_bytes // (1024 * 1024)
        raise TextFileError(source, None, f"is larger than {limit} MiB", "split or shorten it")
    return data
