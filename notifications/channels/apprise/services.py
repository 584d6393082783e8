"""Apprise writes a request and never sends it: its plugins get a stand-in for `requests` that keeps what they ask for.

What it kept goes through `outbound` like everything else, so that no plugin looks up a name, follows a redirect or
leaves a certificate unchecked, whatever an address asks for. Only plugins whose services say by the status of an
answer whether they took a message are on the list: of an answer's body nothing is read. (Vonage and ClickSend answer
200 and name the trouble in the body.)
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

from notifications.vocabulary.addresses import AddressError, parts_of

LONGEST_BODY = 3500  # ntfy makes a file of what has more than 4,096 bytes as JSON


@dataclass(frozen=True, slots=True)
class Service:
    """A plugin of Apprise by module and class; `example`: how its address looks. `html`: it takes a body as HTML."""

    module: str
    plugin: str
    example: str
    html: bool = False


_NTFY = Service("ntfy", "NotifyNtfy", "ntfys://HOST/TOPIC")
SERVICES: Mapping[str, Service] = {
    "ntfy": _NTFY,  # without a host: that of the project
    "ntfys": _NTFY,
    "gotifys": Service("gotify", "NotifyGotify", "gotifys://HOST/TOKEN"),
    "tgram": Service("telegram", "NotifyTelegram", "tgram://BOT_TOKEN/CHAT_ID", html=True),
    "pover": Service("pushover", "NotifyPushover", "pover://USER_KEY@TOKEN"),
    "twilio": Service("twilio", "NotifyTwilio", "twilio://SID:TOKEN@FROM/TO"),
    "sinch": Service("sinch", "NotifySinch", "sinch://PLAN_ID:TOKEN@FROM/TO"),
    "msgbird": Service("messagebird", "NotifyMessageBird", "msgbird://KEY/FROM/TO"),
}


@dataclass(frozen=True, slots=True)
class Request:
    url: str
    headers: Mapping[str, str]
    body: bytes


class Plugin:
    """One address of Apprise's. Raises AddressError with a remedy; opens no connection and no file."""

    def __init__(self, address: str) -> None:
        scheme = parts_of(address).scheme.lower()
        service = SERVICES.get(scheme)
        if service is None:
            known = ", ".join(each.example for each in dict.fromkeys(SERVICES.values()))
            raise AddressError(f"has no service {scheme!r} that is used here; type one of {known}.")
        self._service, (plugin_class, recorder) = service, _loaded(service)
        fault = AddressError(f"is not complete; type {service.example}.")
        try:
            parsed = plugin_class.parse_url(address)
            if not parsed:
                raise fault
            self._plugin = plugin_class(**parsed)
        except TypeError as error:  # what every plugin of theirs raises
            raise fault from error
        self._plugin.request_rate_per_sec = 0  # rates are ours to keep
        self._recorder = recorder
        self.longest_title = int(self._plugin.title_maxlen)
        self.longest_body = min(int(self._plugin.body_maxlen), LONGEST_BODY)

    def request(self, title: str, body: str) -> Request:
        """What would be sent: one request, or it is no address for us."""
        words = [
            escape(each, quote=False) if self._service.html else each for each in (title, body)
        ]
        with self._recorder as asked:
            taken = self._plugin.send(title=words[0], body=words[1])
        if not taken or len(asked) != 1:
            raise AddressError(
                f"is not one message to one receiver; type {self._service.example}, without pictures."
            )
        return asked[0]


class _Recorder:
    """What a plugin takes for `requests`; each thread has requests of its own."""

    def __init__(self, requests: Any) -> None:
        self._requests, self._asked = requests, threading.local()

    def __enter__(self) -> Sequence[Request]:
        self._asked.now = []
        return self._asked.now  # type: ignore[no-any-return]  # of this thread

    def __exit__(self, *_: object) -> None:
        self._asked.now = []

    def __getattr__(self, name: str) -> Any:
        """Its constants and exceptions. Nothing else that could send: only `post` is recorded."""
        if name not in _HARMLESS:
            raise AddressError(f"would need requests.{name}, which is not used here.")
        return getattr(self._requests, name)

    def post(self, url: str, **asked: Any) -> Any:
        parts = {name: asked[name] for name in _PARTS & asked.keys()}
        made = self._requests.Request("POST", url, **parts).prepare()
        headers = {name: value for name, value in made.headers.items() if name not in _OURS}
        body = made.body or b""
        self._asked.now.append(
            Request(made.url, headers, body.encode() if isinstance(body, str) else body)
        )
        answer = self._requests.Response()
        answer.status_code, answer._content = 200, b"{}"
        return answer


_HARMLESS = frozenset({"RequestException", "codes", "exceptions"})
_PARTS = frozenset({"auth", "data", "files", "headers", "json", "params"})
_OURS = frozenset({"Content-Length", "User-Agent", "X-Icon"})


@lru_cache
def _loaded(service: Service) -> tuple[Any, _Recorder]:
    """Only where somebody uses it: half a second, and none of it before the recorder is in its place."""
    # Its log names receivers and, where something is wrong with them, what it was about to send.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    module: Any = importlib.import_module(f"apprise.plugins.{service.module}")
    recorder = _Recorder(module.requests)
    module.requests = recorder
    return getattr(module, service.plugin), recorder
