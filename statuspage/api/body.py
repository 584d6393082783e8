"""The body of a request as a stream of text: refused by its headers, never held in memory."""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpRequest, UnreadablePostError

from incidents.texts.csv_rows import text_of
from statuspage.api.answers.problems import Wrong, problem

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER = 64 * 1024  # bytes


def text_lines(request: HttpRequest, *, content_type: str, most: int) -> io.TextIOWrapper:
    """The body's lines, of UTF-8 and at most `most` bytes.

    Raises ProblemError at once for another type (415), a missing length (411) or too large a body
    (413); while it is read, for one that ends early (400), and UnicodeDecodeError.
    """
    _check_type(request, content_type)
    length = request.META.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdecimal()) or "HTTP_TRANSFER_ENCODING" in request.META:
        raise problem(
            HTTPStatus.LENGTH_REQUIRED,
            "Send the body's size as Content-Length; a body in chunks is not taken.",
        )
    if len(length) > 18 or int(length) > most:
        raise problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body has {length[:20]} bytes; at most {most} are taken here. Use the command"
            " load_impacted for it.",
        )
    return text_of(io.BufferedReader(_Body(request, int(length)), BUFFER))


def _check_type(request: HttpRequest, content_type: str) -> None:
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    for name, value, wanted in (
        ("Content-Type", request.content_type or "", (content_type,)),
        ("Content-Type", f"charset={charset}", ("charset=utf-8", "charset=utf8")),
        ("Content-Encoding", encoding, ("identity",)),
    ):
        if value not in wanted:
            raise problem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"The body must be {content_type} in UTF-8, and not compressed.",
                Wrong(name, value, "is not taken", f"send {wanted[0]}"),
                headers={"Accept": content_type},
            )


class _Body(io.RawIOBase):
    """Exactly `length` bytes of a request; fewer are no body: a list cut off would be another list."""

    def __init__(self, request: HttpRequest, length: int) -> None:
        self._request = request
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        try:
            data = self._request.read(min(len(view), self._left)) if self._left else b""
        except UnreadablePostError:
            data = b""
        if self._left and not data:
            raise problem(
                HTTPStatus.BAD_REQUEST,
                f"The body ended {self._left} bytes before its Content-Length; nothing was changed."
                " Send it again.",
            )
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)
