"""An eventful day, served by the application that serves the product's pages: what clients of others are asked about.

Key Vault is out in West Europe and slow in East US, disks are replaced in North Europe; Storage in East US
is fine, and so is the Portal.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from socketserver import ThreadingMixIn
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from statuspage.public.formats import FILTERS, format_answers, format_index, format_parts
from statuspage.public.formats.statuspage.queries import FIELDS
from statuspage.public.render.page import Site
from statuspage.public.serve.app import public_site
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import write_generation
from tests.public.format_snapshots import BASE, EVENTFUL, NAME, NOW, pages_of

CLIENTS = Path(sys.prefix) / "clients"
SCRIPTS = Path(__file__).parent


def got(address: str) -> bytes:
    """The body at an address of ours."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().read()
    finally:
        connection.close()


class _Server(ThreadingMixIn, WSGIServer):
    """Browsers open connections before they need them: one must not wait for another."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """A test prints nothing."""


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Scheme, host and port of the served day."""
    folder = tmp_path_factory.mktemp("published")
    index = format_index(EVENTFUL, site_name=NAME, base_url=BASE)
    write_generation(folder, Site(7, NOW, pages_of(EVENTFUL), format_parts(EVENTFUL), index))
    store = Store(folder)
    store.look()

    def nobody(_environ: object, start_response: object) -> list[bytes]:
        raise AssertionError("a client asked for something that is not public")

    site = public_site(store, format_answers, nobody, keys={*FILTERS, *FIELDS})
    server = make_server("127.0.0.1", 0, site, server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def node(address: str) -> Callable[[str], str]:
    """Runs a script of this folder among the clients of `make clients`, and returns what it prints."""
    if not (CLIENTS / "installed").exists():
        pytest.fail("this test needs node and npm: install them and run `make clients`")

    def run(script: str) -> str:
        done = subprocess.run(
            ["node", "--input-type=module", "-", address],
            input=(SCRIPTS / script).read_text(), cwd=CLIENTS,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
