"""Ready-made HTTP answers: every header list is built once per page and encoding, not per request.

Pure: bytes in, lists for `start_response` out.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from statuspage.public.render.page import Page
from statuspage.public.store import headers, manifest

Header = tuple[str, str]

IDENTITY, GZIP, BROTLI, BROTLI_GZIP, GZIP_BROTLI = range(5)
"""Orders of preference a request can express; every page has one variant ready for each."""

_PLANS: dict[str, int] = {"": IDENTITY}
_PLANS_KEPT = 500
ASSEMBLED_GZIP = 5


class Variant:
    """One page in one encoding, as lists that are handed to the server as they are."""

    __slots__ = ("body", "etag", "headers", "modified", "not_modified", "status")

    def __init__(
        self,
        status: str,
        headers: list[Header],
        body: bytes,
        etag: str,
        modified: str,
        unmodified: list[Header],
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = [body]
        self.etag = etag  # "" where a conditional request makes no sense (404, 410, …)
        self.modified = modified  # "" where nobody knows
        self.not_modified = unmodified


PreparedResponse = tuple[Variant, Variant, Variant, Variant, Variant]
"""The variants by plan (see IDENTITY …)."""


def build(
    page: Page,
    *,
    etag: str,
    packed: Sequence[tuple[str, str, bytes]] = (),
    hsts: str = "",
    modified: float | None = None,
    path: str = "",
) -> PreparedResponse:
    """All variants of a page. `packed`: (coding, ETag suffix, bytes) of the compressed ones; `modified`: when
    its bytes were written (seconds since 1970), if they lie in a file. `path`: where it is answered.

    `etag` is the fingerprint of the body; each coding has an ETag of its own (RFC 9110, 8.8.3.3).
    """
    common = [("Content-Type", page.content_type), ("Vary", "Accept-Encoding")]
    common.append(("Cache-Control", headers.caching(page.max_age)))
    if headers.is_shared(page.content_type):
        common.append(headers.ANYBODY)
    if modified is not None and page.status == HTTPStatus.OK:
        common.append(("Last-Modified", formatdate(modified, usegmt=True)))
    common += headers.security(hsts, framed=path.startswith(headers.FRAMES))
    ready = {"": _variant(page, common, page.body, etag, "")}
    for coding, suffix, body in packed:
        ready[coding] = _variant(page, common, body, f"{etag}-{suffix}", coding)
    identity = ready[""]
    return (
        identity,
        ready.get("gzip", identity),
        ready.get("br", identity),
        ready.get("br") or ready.get("gzip", identity),
        ready.get("gzip") or ready.get("br", identity),
    )


def _variant(page: Page, common: list[Header], body: bytes, tag: str, coding: str) -> Variant:
    own = [("Content-Length", str(len(body)))]
    etag = f'"{tag}"' if page.status == HTTPStatus.OK else ""
    if coding:
        own.append(("Content-Encoding", coding))
    if etag:
        own.append(("ETag", etag))
    # RFC 9110, 15.4.5: only what helps a cache; what it stored keeps its own security headers.
    unmodified = [h for h in common if h[0] in ("Vary", "Cache-Control")] + [("ETag", etag)]
    modified = dict(common).get("Last-Modified", "")
    return Variant(status_line(page.status), common + own, body, etag, modified, unmodified)


def prepare(page: Page, *, hsts: str = "", path: str = "") -> PreparedResponse:
    """The answer of a page made on request: packed with gzip here, for lack of a file to take it from."""
    packed = []
    if len(page.body) >= 200:
        small = gzip.compress(page.body, ASSEMBLED_GZIP, mtime=0)
        if len(small) < len(page.body):
            packed.append(("gzip", "gz", small))
    return build(page, etag=manifest.fingerprint(page.body), packed=packed, hsts=hsts, path=path)


def size(answer: PreparedResponse) -> int:
    """Bytes of all distinct bodies."""
    return sum({id(one.body): len(one.body[0]) for one in answer}.values())


def status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def plan(accept: str) -> int:
    """The order of preference that an Accept-Encoding value expresses (RFC 9110, 12.5.3).

    Equal weights go to the smaller coding. Where nothing is acceptable, identity is sent anyway:
    a page in the wrong coding serves a reader better than an error.
    """
    known = _PLANS.get(accept)
    if known is None:
        known = _plan(accept)
        if len(_PLANS) < _PLANS_KEPT:  # the header is the visitor's: never let it grow for ever
            _PLANS[accept] = known
    return known


def _plan(accept: str) -> int:
    weights: dict[str, float] = {}
    for item in accept[:1000].lower().split(","):
        coding, _, parameters = item.partition(";")
        weights[coding.strip()] = _weight(parameters)
    rest = weights.get("*", 0.0)
    br = weights.get("br", rest)
    packed = weights.get("gzip", weights.get("x-gzip", rest))
    # Unnamed, identity is always acceptable, yet never preferred to what was asked for by name.
    plain = weights.get("identity", weights.get("*", 0.0))
    br = br if br >= plain else 0.0
    packed = packed if packed >= plain else 0.0
    if br and packed:
        return BROTLI_GZIP if br >= packed else GZIP_BROTLI
    return BROTLI if br else GZIP if packed else IDENTITY


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0


def is_unchanged(environ: Mapping[str, Any], variant: Variant) -> bool:
    """Whether a conditional request has these bytes already (RFC 9110, 13.2.2): ETags count before times.

    Of times only the very one that was sent is believed, as several generations may fall into one second.
    """
    condition = environ.get("HTTP_IF_NONE_MATCH")
    if condition:
        return condition == variant.etag or matches(condition, variant.etag)
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    return bool(since) and since == variant.modified


def matches(condition: str, etag: str) -> bool:
    """Does If-None-Match name this ETag? Weak comparison, lists and `*` (RFC 9110, 13.1.2)."""
    if not etag:
        return False
    if condition.strip() == "*":
        return True
    return any(tag.strip().removeprefix("W/") == etag for tag in condition.split(","))
