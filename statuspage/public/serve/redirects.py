"""Where another address answers for the one that was asked."""

from __future__ import annotations

from urllib.parse import quote

from incidents.texts import as_typed
from statuspage.public.store.loaded import LoadedGeneration

HISTORY = "/status/history/"
OLD_HISTORY = "/history"  # of Statuspage and Cachet
IN_QUERY = "/?:@!$&'()*+,;=-._~%"


def moved(
    generation: LoadedGeneration, path: str, raw: str, query: str
) -> tuple[str, str, int] | None:
    """Address, query and status where another address answers for this one."""
    if path not in generation.pages and f"{path}/" in generation.pages:
        return f"{raw}/", query, 308
    elsewhere = (
        _of_old(generation, path) or _survivor(generation, path) or _spelled(generation, path)
    )
    return (elsewhere, "", 301) if elsewhere else None


def _of_old(generation: LoadedGeneration, path: str) -> str:
    """An address of the page that incidents were moved over from, so that links to it go on leading there."""
    wanted = path.rstrip("/")
    if wanted == OLD_HISTORY:
        return HISTORY
    tracking_id = generation.index.get("old_paths", {}).get(wanted)
    return f"{HISTORY}{tracking_id}/" if tracking_id else ""


def _survivor(generation: LoadedGeneration, path: str) -> str:
    """Where an incident lives on that was merged into another; an edge shows the other one in place."""
    before, found, tracking_id = path.partition(HISTORY)
    if not found or before.count("/") > 1:  # at most one part: the language
        return ""
    redirects, wanted = generation.index.get("redirects", {}), tracking_id.rstrip("/")
    survivor = redirects.get(wanted) or redirects.get(as_typed.tracking_id(wanted))
    return f"{before}{HISTORY}{survivor}/" if survivor else ""


def _spelled(generation: LoadedGeneration, path: str) -> str:
    """An entry's address with its tracking ID as people type it."""
    before, found, tracking_id = path.partition(HISTORY)
    if not found or path in generation.pages:
        return ""
    where = f"{before}{HISTORY}{as_typed.tracking_id(tracking_id.strip('/'))}/"
    return where if where != path and where in generation.pages else ""


def location(target: str, query: str) -> str:
    """A path of our own for a Location header; anything a header must not carry is quoted."""
    where = quote(target.encode("latin-1"), safe="/-._~!$&'()*+,;=:@")
    return f"{where}?{quote(query, safe=IN_QUERY)}" if query else where
