"""Receivers of web messages on loopback that answer as they are told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hook:
    """`status` and `headers` of every answer, or what `answers` says (status, body) to a method, a path and a body;
    `requests`: (headers, body), `paths`: where they went. Silent for so many seconds first."""

    def __init__(self) -> None:
        self.status = 204
        self.headers: dict[str, str] = {}
        self.answers: Callable[[str, str, bytes], tuple[int, bytes]] | None = None
        self.silent = 0.0
        self.paths: list[str] = []
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.url = ""


@contextmanager
def listening() -> Iterator[Hook]:
    state = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.paths.append(self.path)
            state.requests.append((dict(self.headers), body))
            time.sleep(state.silent)
            try:
                status, said = state.status, b""
                if state.answers:
                    status, said = state.answers(self.command, self.path, body)
                self.send_response(status)
                for name, value in state.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                return  # who has asked does not wait any more

        do_PUT = do_PATCH = do_POST  # noqa: N815 - the server calls them by these names

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def answering(say: Callable[[socket.socket], None], *, hear: bool = True) -> Iterator[str]:
    """Takes one connection, hears what is asked and says this; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                peer, _ = server.accept()
                with peer:
                    if hear:
                        peer.recv(4096)
                    say(peer)
            except OSError:
                return  # the other side hung up, which is what is asked here

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/page.json"
