"""The documents of another status page, fetched from its address."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from incidents.importers.text_file import decoded
from notifications.channels import outbound

# What every page of Statuspage, and much that imitates it, has below its address.
STATUSPAGE = ("api/v2/incidents.json", "api/v2/scheduled-maintenances.json")
SECONDS = 60.0


def documents_at(address: str, *, most_bytes: int) -> Iterator[tuple[str, str]]:
    """(address, text) of the document there; of a page's own address, of the two that Statuspage has.

    Through the outbound door. Raises TextFileError for what is no text, OutboundError with the address
    and what is wrong with it.
    """
    root = address.rstrip("/")
    alone = urlsplit(address).path.strip("/")
    for each in [address] if alone else [f"{root}/{path}" for path in STATUSPAGE]:
        try:
            body = outbound.get(each, most_bytes=most_bytes, seconds=SECONDS)
        except outbound.OutboundError as error:
            raise type(error)(f"{each}: {error}") from error
        yield each, decoded(body, each)
