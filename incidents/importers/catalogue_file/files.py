"""Catalogue files on disk, and the shipped one."""

from __future__ import annotations

from pathlib import Path

from incidents.importers.catalogue_file.reader import read_catalogue
from incidents.importers.catalogue_file.shapes import Catalogue, CatalogueError
from incidents.importers.text_file import TextFileError, printable, read_text

MAX_BYTES = 4 * 1024 * 1024
SHIPPED = Path(__file__).resolve().parents[2] / "data" / "catalogue.yaml"


def load_shipped() -> Catalogue:
    """The catalogue that comes with the product, modelled on a hyperscaler."""
    return read_catalogue_file(SHIPPED)


def read_catalogue_file(path: Path | str) -> Catalogue:
    """The catalogue in a UTF-8 YAML file of at most 4 MiB.

    Raises `CatalogueError`: one line with file, line, fault and remedy.
    """
    try:
        text = read_text(path, most_bytes=MAX_BYTES)
    except TextFileError as error:
        raise CatalogueError(error.source, error.line, error.what, error.remedy) from None
    return read_catalogue(text, printable(path))
