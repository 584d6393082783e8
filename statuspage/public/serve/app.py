"""Public URLs answered from memory, before Django: no middleware, no session, no database.

request ── hot page in memory ─► bytes                        (microseconds, the path nearly all take)
        ├─ file of the generation, or prepared from its index and parts for a query
        ├─ below a public prefix, yet unknown ─► the one 404 page
        └─ anything else ─► Django
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from statuspage.public.query.query_cache import QueryCache
from statuspage.public.query.query_parameters import QueryRefusedError, note, read_query
from statuspage.public.render.page import HTML, Page
from statuspage.public.serve.redirects import location, moved
from statuspage.public.store import prepared_responses
from statuspage.public.store.current_generation import Store
from statuspage.public.store.headers import PREFLIGHT, READABLE, security
from statuspage.public.store.loaded import GenerationGoneError, LoadedGeneration
from statuspage.public.store.prepared_responses import Header, PreparedResponse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

# Where other products keep their incidents: what was moved over from them answers there.
OLD_FOLDERS = (
    "/incidents/",
    "/incident/",
    "/issues/",
    "/maintenance/",
    "/maintenances/",
    "/events/",
)
OWNED_FOLDERS = ("/status/", "/api/v2/", "/badge/", "/embed/", *OLD_FOLDERS)
OWNED_FILES = frozenset(
    {
        "/status",
        "/history",
        "/history.rss",
        "/history.atom",
        "/feed.json",
        "/maintenance.ics",
        "/incidents.json",
        "/incidents.schema.json",
        "/products.json",
        "/how-fast.json",
        "/how-fast.schema.json",
        "/embed.js",
        "/robots.txt",
        "/sitemap.xml",
        "/.well-known/security.txt",
        "/favicon.svg",
        "/favicon.ico",
        "/apple-touch-icon.png",
        "/manifest.webmanifest",
    }
)
HOME = "/status/"
T = TypeVar("T")


class Assembler(Protocol):
    """Makes the page for a query out of a generation; None: show the plain page.

    Also asked, with whatever query there is, for paths that no page is kept for (badges of single
    cells): None then means that there is no such page.
    """

    def __call__(
        self, path: str, query: Mapping[str, str], generation: LoadedGeneration, /
    ) -> Page | None: ...


class Health(Protocol):
    """Answers the paths below `/-/` that it knows; None for the others."""

    def answer(self, path: str, authorization: str = "") -> Page | None: ...


def public_site(
    store: Store,
    assemblers: Mapping[str, Assembler],
    fallback: WSGIApplication,
    *,
    health: Health | None = None,
    hsts: str = "",
    keys: Collection[str] | None = None,
    unavailable: Callable[[], Page] | None = None,
    languages: Iterable[str] = (),
) -> WSGIApplication:
    """The WSGI application: public pages from `store`, everything else from `fallback`.

    `assemblers`: by path prefix, the longest wins. `keys`: the query keys that any of them understands;
    all others are dropped, so that visitors' tracking parameters neither reach them nor fill the
    cache (None: all are kept). `unavailable`: the page for the time before the first generation.
    `languages`: prefixes such as `de` below which the public paths exist once more.
    `hsts`: the value of Strict-Transport-Security, "" for none.
    """
    slow = _Slow(store, assemblers, fallback, health, hsts, keys, unavailable, tuple(languages))
    monotonic, plan = store.monotonic, prepared_responses.plan
    is_unchanged = prepared_responses.is_unchanged

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if monotonic() >= store.next_look:
            store.look()
        answer = store.answers.get(environ["PATH_INFO"])
        if answer is None or environ["REQUEST_METHOD"] != "GET" or environ.get("QUERY_STRING"):
            return slow(environ, start_response)
        accept = environ.get("HTTP_ACCEPT_ENCODING")
        variant = answer[plan(accept) if accept else 0]
        if is_unchanged(environ, variant):
            start_response("304 Not Modified", variant.not_modified)
            return []
        start_response(variant.status, variant.headers)
        return variant.body

    return application


class _Slow:
    """Everything but the plain GET of a page that is in memory."""

    def __init__(
        self,
        store: Store,
        assemblers: Mapping[str, Assembler],
        fallback: WSGIApplication,
        health: Health | None,
        hsts: str,
        keys: Collection[str] | None,
        unavailable: Callable[[], Page] | None,
        languages: tuple[str, ...],
    ) -> None:
        self.store = store
        self.assemblers = sorted(assemblers.items(), key=lambda item: -len(item[0]))
        self.fallback = fallback
        self.health = health
        self.hsts = hsts
        self.keys = keys
        self.unavailable = unavailable
        self.languages = tuple(f"/{language}" for language in languages)
        self.cache = QueryCache()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raw = environ["PATH_INFO"]
        if self.health is not None and raw.startswith("/-/"):
            page = self.health.answer(raw, environ.get("HTTP_AUTHORIZATION", ""))
            if page is not None:
                return self._no_store(page, environ, start_response)
        path = self._readable(raw)
        generation = self.store.generation
        known = path is not None and generation is not None and path in generation.manifest.top
        home = f"{self._prefix(raw)}{HOME}" if self._is_home(raw) else ""
        if not known and not home and not self._owned(raw):
            return self.fallback(environ, start_response)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._unread(environ, start_response)
        if home and not known:
            return self._redirect(home, "", 302, environ, start_response)
        if generation is None or path is None:
            return self._without_page(generation, environ, start_response)
        query = environ.get("QUERY_STRING", "")
        try:
            elsewhere = self._of_what_is_shown(lambda one: moved(one, path, raw, query))
            if elsewhere is not None:
                return self._redirect(*elsewhere, environ, start_response)
            answer = self._of_what_is_shown(lambda one: self._from(one, path, query))
        except QueryRefusedError as refusal:
            return self._no_store(self._styled(refusal.page, raw), environ, start_response)
        except Exception:
            log.exception("no answer for %s", raw)
            return self._failed(environ, start_response)
        return self._send(answer, environ, start_response)

    def _unread(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Any other method: a browser may ask what is allowed, and nobody may write."""
        allowed = ("Allow", READABLE)
        if environ["REQUEST_METHOD"] == "OPTIONS":
            start_response("204 No Content", [*PREFLIGHT, allowed, *security(self.hsts)])
            return []
        page = self._styled(note(405, "This page can only be read."), environ["PATH_INFO"])
        return self._no_store(page, environ, start_response, [allowed])

    def _of_what_is_shown(self, ask: Callable[[LoadedGeneration], T]) -> T:
        """Retried once: the generation at hand may just have been retired under our feet."""
        generation = self.store.generation
        assert generation is not None  # noqa: S101  (the caller looked; a store never loses its own)
        try:
            return ask(generation)
        except GenerationGoneError:
            self.store.look(again=True)
            return ask(self.store.generation or generation)

    def _from(self, generation: LoadedGeneration, path: str, query: str) -> PreparedResponse:
        if query or path not in generation.pages:
            answer = self._prepared(generation, path, query)
            if answer is not None:
                return answer
        answer = (
            self.store.answers.get(path) or generation.find(path) or self._missing(generation, path)
        )
        return answer if answer is not None else self._built_in(404)

    def _missing(self, generation: LoadedGeneration, path: str) -> PreparedResponse | None:
        """The page that says so, in the language that was asked for."""
        own = f"{self._prefix(path)}/404".removeprefix("/")
        return generation.find(own) or generation.find("404")

    def _prepared(
        self, generation: LoadedGeneration, path: str, query: str
    ) -> PreparedResponse | None:
        assemble = next((one for prefix, one in self.assemblers if path.startswith(prefix)), None)
        if assemble is None:
            return None
        fields = read_query(query, self.keys)
        if not fields and path in generation.pages:
            return None
        key = (path, tuple(sorted(fields.items())))
        known = self.cache.get(generation, key)
        if known is None:
            page = assemble(path, fields, generation)
            if page is None:
                return None
            known = prepared_responses.prepare(page, hsts=self.hsts, path=path)
            self.cache.put(generation, key, known)
        return known

    def _send(
        self, answer: PreparedResponse, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        variant = answer[prepared_responses.plan(environ.get("HTTP_ACCEPT_ENCODING", ""))]
        if prepared_responses.is_unchanged(environ, variant):
            start_response("304 Not Modified", variant.not_modified)
            return []
        start_response(variant.status, variant.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else variant.body

    def _owned(self, raw: str) -> bool:
        raw = raw.removeprefix(self._prefix(raw))
        return raw in OWNED_FILES or raw.startswith(OWNED_FOLDERS)

    def _prefix(self, raw: str) -> str:
        """The language's part of a path: `/de` or nothing."""
        return next((one for one in self.languages if raw == one or raw.startswith(f"{one}/")), "")

    def _is_home(self, raw: str) -> bool:
        return raw.removeprefix(self._prefix(raw)) in ("", "/")

    def _readable(self, raw: str) -> str | None:
        if raw.isascii():
            return raw
        try:
            return raw.encode("latin-1").decode()
        except UnicodeError:
            return None

    def _without_page(
        self,
        generation: LoadedGeneration | None,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        if generation is not None:  # a path that is no UTF-8: unknown like any other
            answer = generation.find("404")
            return self._send(answer or self._built_in(404), environ, start_response)
        page = note(503, "The status page is being set up. Please try again in a few seconds.")
        if self.unavailable is not None:
            try:
                page = self.unavailable()
            except Exception:
                log.exception("no page to say that nothing has been published")
        return self._no_store(page, environ, start_response, [("Retry-After", "5")])

    def _failed(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        page = self._styled(note(500, "This page could not be made."), environ["PATH_INFO"])
        return self._no_store(page, environ, start_response)

    def _styled(self, page: Page, raw: str) -> Page:
        """The published page for this status, in the language that was asked for; else the bare one."""
        generation = self.store.generation
        if generation is None or page.content_type != HTML or self._for_programs(raw):
            return page
        key = f"{self._prefix(raw)}/{page.status}".removeprefix("/")
        answer = generation.fresh.get(key) or generation.fresh.get(str(page.status))
        if answer is None:
            return page
        return Page(answer[prepared_responses.IDENTITY].body[0], HTML, page.status)

    def _for_programs(self, raw: str) -> bool:
        return raw.startswith(("/api/", "/badge/")) or raw.endswith(
            (".json", ".rss", ".atom", ".ics", ".txt", ".xml")
        )

    def _built_in(self, status: int) -> PreparedResponse:
        return prepared_responses.prepare(note(status, "There is no such page."), hsts=self.hsts)

    def _redirect(
        self,
        target: str,
        query: str,
        status: int,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        where = location(target, query)
        page = note(status, "This page is at", where)
        headers: list[Header] = [("Location", where), ("Cache-Control", "public, max-age=300")]
        return self._plain(page, headers, environ, start_response)

    def _no_store(
        self,
        page: Page,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        extra: Iterable[Header] = (),
    ) -> Iterable[bytes]:
        headers = [("Cache-Control", "no-store"), *extra]
        return self._plain(page, headers, environ, start_response)

    def _plain(
        self,
        page: Page,
        extra: list[Header],
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        headers = [
            ("Content-Type", page.content_type),
            ("Content-Length", str(len(page.body))),
            *extra,
            *security(self.hsts),
        ]
        start_response(prepared_responses.status_line(page.status), headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [page.body]
