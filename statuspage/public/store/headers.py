"""Header values of public answers. The page policy is one constant, used for pages and desk alike.

Names are written as people know them: HTTP does not care, but many a script does.
"""

from __future__ import annotations

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SECURITY = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
)

# A badge in a frame of other people's pages: it has no script, no style and no form.
FRAMES = "/embed/"
FRAMED_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors *"

# Read by other people's pages and programs: feeds, JSON, badges, calendars. Never HTML.
SHARED_TYPES = (
    "application/json",
    "application/feed+json",
    "application/schema+json",
    "application/rss+xml",
    "application/atom+xml",
    "application/xml",
    "text/calendar",
    "image/svg+xml",
)
# What a browser asks before another site's script may read with headers of its own (Fetch standard, 3.2.2).
ANYBODY = ("Access-Control-Allow-Origin", "*")
READABLE = "GET, HEAD, OPTIONS"
PREFLIGHT = (
    ANYBODY,
    ("Access-Control-Allow-Methods", READABLE),
    ("Access-Control-Allow-Headers", "*"),
    ("Access-Control-Max-Age", "86400"),
)
A_YEAR = 365 * 24 * 3600
SHORTLY, LONG = 30, 24 * 3600  # seconds: revalidate behind the reader's back; survive our death


def security(hsts: str = "", *, framed: bool = False) -> list[tuple[str, str]]:
    """Headers of every public answer; `hsts`: the value of Strict-Transport-Security, "" for none; `framed`: of
    what other pages may show in a frame."""
    given = dict(SECURITY)
    if framed:
        given["Content-Security-Policy"] = FRAMED_POLICY
        del given["X-Frame-Options"]
    return [*given.items(), *([("Strict-Transport-Security", hsts)] if hsts else [])]


def caching(max_age: int) -> str:
    """How long caches may keep an answer: short while we live, a day when we are dead (RFC 5861)."""
    if max_age >= A_YEAR:
        return f"public, max-age={max_age}, immutable"
    return f"public, max-age={max_age}, stale-while-revalidate={SHORTLY}, stale-if-error={LONG}"


def is_shared(content_type: str) -> bool:
    """Whether other sites' scripts may read it (CORS)."""
    return content_type.partition(";")[0] in SHARED_TYPES
