"""Text files that people hand in: what is refused before a line of them is read. Pure."""

from __future__ import annotations

from pathlib import Path


class TextFileError(ValueError):
    """A file that cannot be read as text; one line with file, fault and remedy."""


def read_text(path: Path | str, *, most_bytes: int) -> str:
    """The content of a UTF-8 text file of at most `most_bytes` bytes (a signature is taken off).

    Raises TextFileError for a file that is missing, a folder, unreadable, empty, too large, binary
    or in another encoding.
    """
    name = str(path) if str(path).isprintable() else ascii(str(path))
    try:
        with Path(path).open("rb") as file:
            data = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise TextFileError(f"{name}: does not exist; check the path.") from None
    except IsADirectoryError:
        raise TextFileError(f"{name}: is a folder; name a text file.") from None
    except (OSError, ValueError) as error:
        fault = getattr(error, "strerror", None) or error
        raise TextFileError(f"{name}: cannot be read ({fault}); check its permissions.") from None
    if len(data) > most_bytes:
        limit = most_bytes // (1024 * 1024)
        raise TextFileError(f"{name}: is larger than {limit} MiB; split it.")
    if not data.strip():
        raise TextFileError(f"{name}: is empty; nothing was read.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TextFileError(f"{name}: is UTF-16, not UTF-8; save it as UTF-8.")
    if b"\x00" in data:
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        raise TextFileError(f"{name}:{line}: is binary, not text; name a text file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise TextFileError(
            f"{name}:{line}: is not UTF-8 (byte 0x{byte:02X}); save it as UTF-8."
        ) from None
