"""What a browser answers about a passkey (WebAuthn Level 2), read; whatever else a stranger sends is a ValueError."""

from __future__ import annotations

import json
from typing import TypeVar

from fido2.webauthn import AuthenticationResponse, RegistrationResponse

Answer = TypeVar("Answer", bound=AuthenticationResponse | RegistrationResponse)
LONGEST = 20_000  # characters


def read_answer(kind: type[Answer], answer: str) -> Answer:
    """Raises ValueError."""
    if len(answer) > LONGEST:
        raise ValueError("longer than an answer is")
    try:
        read = kind.from_dict(json.loads(answer))
    except Exception as error:  # the library fails in a dozen ways at what no browser has written
        raise ValueError("no answer of a browser") from error
    if not isinstance(read, kind):  # of null it makes None
        raise ValueError("no answer of a browser")
    return read
