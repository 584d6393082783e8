"""One POST per message, through `outbound` alone; what answers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar

from notifications.channels import outbound
from notifications.channels.base import Address, Message, TransportError
from notifications.channels.outbound import Answer
from notifications.vocabulary import suppressions
from notifications.vocabulary.addresses import AddressError, normalise_web
from notifications.vocabulary.delivery_states import Failure

# Longer than any waits that are sensible; delivery_states.wait_after limits it further.
_NUMBER_DIGITS = 6


def check(address: str) -> Address:
    """A web address that messages may go to. Raises AddressError, which does not tell what a name resolves to."""
    try:
        return Address(normalise_web(address), outbound.check(address).host)
    except outbound.MalformedError as error:
        raise AddressError(f"The address {error}") from error
    except outbound.OutboundError as error:
        raise AddressError(outbound.CLOSED) from error


def try_out(transport: Web, message: Message) -> tuple[bool, str]:
    """Send a test message: whether it was taken, and the answer in words. Never raises."""
    try:
        return True, f"answered {transport.send(message)}"
    except TransportError as error:
        return False, error.detail


class Web:
    """Knows no connection between two messages, and may be used by several threads at once."""

    agent: ClassVar[str]
    rooms: ClassVar[bool] = False
    seconds: ClassVar[float] = outbound.SECONDS

    def headers(self, message: Message) -> Mapping[str, str]:
        """What goes along beside the body."""
        return {}

    def send(
        self,
        message: Message,
        following: Message | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> str:
        return self.taken(self.answer(message))

    def answer(self, message: Message, *, seconds: float = 0, most_bytes: int = 0) -> Answer:
        """What the other side says, within `seconds` if given. Raises TransportError where it says nothing."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self.agent,
            **message.headers,
            **self.headers(message),
        }
        try:
            return outbound.post(
                message.to,
                body=message.event,
                headers=headers,
                seconds=seconds or self.seconds,
                method=message.method,
                most_bytes=most_bytes,
            )
        except outbound.MalformedError as error:
            raise TransportError(Failure.PERMANENT, f"not sent: the address {error}") from error
        except outbound.Refused as error:
            # Its name may lead elsewhere again, and so may a setting of ours.
            raise TransportError(Failure.TEMPORARY, f"not sent: the address {error}") from error
        except outbound.Unreachable as error:
            raise TransportError(Failure.TEMPORARY, str(error), host_in_trouble=True) from error

    def taken(self, answer: Answer) -> str:
        """What the outbox shall note. Raises TransportError where it says no."""
        if 200 <= answer.status < 300:
            return str(answer.status)
        raise classify(answer.status, answer.headers.get("retry-after", ""), rooms=self.rooms)

    def close(self) -> None:
        """Nothing is kept open."""


def classify(
    status: int, retry_after: str, *, rooms: bool = False, now: datetime | None = None
) -> TransportError:
    """What a status other than 2xx means. `retry_after` as in RFC 9110: seconds or a date.

    `rooms`: the host has those of very many customers. A path that is not there is a room that was removed,
    and who is asked to slow down is one room, not everybody on that host.
    """
    detail = f"answered {status}"
    if status == 410 or (rooms and status == 404):
        gone = suppressions.GONE % {"status": status}
        return TransportError(Failure.PERMANENT, gone, bad_address=True)
    wait = _wait(retry_after, now or datetime.now(UTC))
    if status == 429:
        return TransportError(
            Failure.THROTTLED, detail, retry_after=wait, host_in_trouble=not rooms
        )
    if status >= 500:
        return TransportError(Failure.TEMPORARY, detail, retry_after=wait, host_in_trouble=True)
    # Whatever else it says (moved, no entry, not found): somebody may mend it within days, as Standard Webhooks has it.
    moved = ": redirects are not followed" if 300 <= status < 400 else ""
    return TransportError(Failure.TEMPORARY, f"{detail}{moved}", retry_after=wait)


def _wait(value: str, now: datetime) -> timedelta | None:
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:_NUMBER_DIGITS]))
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(at - now, timedelta(0))
