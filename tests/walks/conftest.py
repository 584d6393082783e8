"""The whole product as `make demo` starts it, with a real SMTP server as its relay."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import pytest
from aiosmtpd.controller import Controller

from tests.notifications.conftest import Sink, text_of

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds; nothing depends on how long it really took


T = TypeVar("T")


def until(condition: Callable[[], T], what: str) -> T:
    """What `condition` returns once it is true; fails after a generous time, naming what was awaited."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {PATIENCE:.0f} seconds in vain: {what}")


@dataclass
class Demo:
    url: str
    password: str
    sink: Sink
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def get(self, path: str) -> tuple[int, str]:
        host = self.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def mail_to(self, address: str, containing: str = "") -> EmailMessage:
        """The newest mail to this address with these words in subject or text; waits for it."""

        def found() -> EmailMessage | None:
            mails = [
                mail
                for mail in self.sink.to(address)
                if containing in f"{mail['Subject']}\n{text_of(mail)}"
            ]
            return mails[-1] if mails else None

        mail = until(found, f"a mail to {address} about {containing!r}")
        assert mail is not None
        return mail


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    folder = Path(tempfile.mkdtemp(prefix="statuspage-walk-"))
    folder.chmod(0o711)  # as root the servers run as another account, which has to pass
    sink = Sink()
    relay = Controller(sink, hostname="127.0.0.1", port=_free_port())
    relay.start()
    port = _free_port()
    outer = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "STATE")}
    environment = {
        **outer,
        "STATE": str(folder / "state"),
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(relay.port),
    }
    log = folder / "demo.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(lambda: "ready http" in log.read_text() or process.poll() is not None, "the demo")
        login = re.search(r"login operator (\S+)", until(lambda: log.read_text(), "its log"))
        assert login, log.read_text()
        yield Demo(f"http://127.0.0.1:{port}", login[1], sink, environment)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        relay.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
