"""Receivers on loopback that note what they take and misbehave as their address says."""

from __future__ import annotations

import binascii
import html
import json
import re
import socketserver
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from tests.notifications.browser import Browser

# In the texts of the rounds: which incident, and the number of the statement.
TOKEN = re.compile(r"<<(.+?)/(\d+)>>")
# A path with it is a chat room's, a browser's at its push service, or a topic of ntfy (told by Apprise).
ROOM, PUSH, TOPIC = "room", "push", "topic"
# All browsers of the rounds have the same keys.
BROWSER = Browser("")
# The first try to an address that begins so gets this answer; None: every try.
MAIL_TROUBLE = {"later451": (451, 1), "hangup421": (421, 1), "unknown550": (550, None)}
HOOK_TROUBLE = {"busy429": 429, "broken500": 500, "gone410": 410}


@dataclass
class Book:
    """What was taken, in order: (address, what it tells, id); a digest tells several statements."""

    taken: list[tuple[str, list[tuple[str, int]], str]] = field(default_factory=list)
    tries: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tried(self, address: str, title: str, number: int) -> int:
        with self.lock:
            self.tries[address, title, number] += 1
            return self.tries[address, title, number]

    def take(self, address: str, text: str, identity: str) -> None:
        told = sorted((title, int(number)) for title, number in TOKEN.findall(text))
        with self.lock:
            self.taken.append((address, told, identity))


# By bytes, since parsing every mail costs as much as sending it.
_IDENTITY = re.compile(rb"^Message-ID: *(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
# From one boundary to the same again: a digest has lines of dashes of its own.
_PLAIN = re.compile(
    rb"^--(\S+)\r\nContent-Type: text/plain(.*?\r\n)\r\n(.*?)\r\n--\1", re.DOTALL | re.MULTILINE
)


def _plain_text(mail: bytes) -> str:
    found = _PLAIN.search(mail)
    assert found, "a mail without a part in plain text"
    head, body = found[2].lower(), found[3]
    if b"base64" in head:
        body = binascii.a2b_base64(body)
    elif b"quoted-printable" in head:
        body = binascii.a2b_qp(body)
    return body.decode()


class _Mail(socketserver.StreamRequestHandler):
    # Else the second reply to commands in a row waits until the first is acknowledged, 40 ms later.
    disable_nagle_algorithm = True
    book: ClassVar[Book]

    def handle(self) -> None:
        try:
            self._converse()
        except OSError:
            return

    def _converse(self) -> None:
        self._say("220 chaos")
        to = ""
        while line := self.rfile.readline(2000):
            word = line[:4].upper()
            if word == b"EHLO":
                self._say("250-chaos\r\n250 PIPELINING")
            elif word == b"RCPT":
                to = line.decode("ascii").split("<")[1].split(">")[0]
                code, times = MAIL_TROUBLE.get(to.split("-")[0], (0, 0))
                if code and (times is None or self.book.tried(to, "", 0) <= times):
                    self._say(f"{code} 5.1.1 no" if code == 550 else f"{code} 4.3.0 not now")
                    if code == 421:
                        return
                    to = ""
                else:
                    self._say("250 ok")
            elif word == b"DATA":
                self._say("354 go on" if to else "554 nobody to send to")
                if to:
                    self._take(to)
                    self._say("250 taken")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self, to: str) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if line:  # else the sender died before the end, and nothing was taken
            mail = b"".join(lines)
            self.book.take(to, _plain_text(mail), _IDENTITY.findall(mail)[0].decode("ascii"))

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class _Hook(BaseHTTPRequestHandler):
    book: ClassVar[Book]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/":
            self.path = f"/{json.loads(body)['topic']}"  # ntfy has one address for all of them
        kind = self.path.strip("/").split("-")[0]
        first = self.book.tried(self.path, "", 0) == 1
        if kind == "silent" and first:
            time.sleep(12)
            return
        if kind == "loris" and first:
            for letter in b"HTTP/1.1 200 OK\r\n":
                try:
                    self.wfile.write(bytes((letter,)))
                except OSError:
                    return
                time.sleep(1)
            return
        code = HOOK_TROUBLE.get(kind, 0)
        if code and (first or code == 410):
            self.send_response(code)
            self.send_header("Retry-After", "2")
            self.end_headers()
            return
        self.book.take(self.path, *self._read(body))
        self.send_response(204)
        self.end_headers()

    def _read(self, sent: bytes) -> tuple[str, str]:
        """The text of a body, and what a repeat is known by."""
        if PUSH in self.path:
            said = BROWSER.read(sent)["body"]
            return said, said
        body: dict[str, Any] = json.loads(sent)
        if ROOM in self.path:
            text = html.unescape(body["text"])
            return text, text.splitlines()[-1]  # the reference
        if TOPIC in self.path:
            return body["message"], body["message"].splitlines()[-1]
        told = [*body["data"].get("told_along", ()), body["data"]]  # the oldest first
        return " ".join(each["text"] for each in told), self.headers["webhook-id"]

    def log_message(self, format: str, *args: object) -> None:
        """Silence: one JSON line a scenario is all that is printed."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class _HookServer(ThreadingHTTPServer):
    request_queue_size = 128


def serve(book: Book) -> tuple[int, int]:
    """Start both; returns their ports. The one for webhooks hears on all of 127.0.0.0/8."""
    mail = _Server(("127.0.0.1", 0), type("Mail", (_Mail,), {"book": book}))
    hook = _HookServer(("0.0.0.0", 0), type("Hook", (_Hook,), {"book": book}))  # noqa: S104 - see above
    for server in (mail, hook):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    return mail.server_address[1], hook.server_address[1]
