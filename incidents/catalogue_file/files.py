"""Catalogue files on disk: what is refused before a line is read, and the shipped one."""

from __future__ import annotations

from pathlib import Path

from incidents.catalogue_file.nodes import shown
from incidents.catalogue_file.reader import read_catalogue
from incidents.catalogue_file.shapes import Catalogue, CatalogueError

MAX_BYTES = 4 * 1024 * 1024
SHIPPED = Path(__file__).resolve().parent.parent / "data" / "catalogue.yaml"


def load_shipped() -> Catalogue:
    """The catalogue that comes with the product, modelled on a hyperscaler."""
    return read_catalogue_file(SHIPPED)


def read_catalogue_file(path: Path | str) -> Catalogue:
    """The catalogue in a UTF-8 YAML file of at most 4 MiB.

    Raises `CatalogueError`: one line with file, line, fault and remedy.
    """
    source = str(path) if str(path).isprintable() else shown(str(path))
    data = _read_bytes(Path(path), source)
    if not data.strip():
        raise CatalogueError(source, None, "is empty", "give it `geographies` and `categories`")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CatalogueError(source, 1, "is UTF-16, not UTF-8", "save it as UTF-8")
    if b"\x00" in data:
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        raise CatalogueError(source, line, "is binary, not text", "name a YAML text file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # With a signature the positions count from behind it; lines are the same.
        line = data.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8 (byte 0x{error.object[error.start]:02X})"
        raise CatalogueError(source, line, what, "save it as UTF-8") from None
    return read_catalogue(text, source)


def _read_bytes(path: Path, source: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise CatalogueError(source, None, "does not exist", "check the path") from None
    except IsADirectoryError:
        raise CatalogueError(source, None, "is a folder", "name a YAML file") from None
    except (OSError, ValueError) as error:
        what = f"can't be read ({getattr(error, 'strerror', None) or error})"
        raise CatalogueError(source, None, what, "check path and permissions") from None
    if len(data) > MAX_BYTES:
        raise CatalogueError(source, None, "is larger than 4 MiB", "split or shorten it")
    return data
