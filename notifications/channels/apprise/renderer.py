"""What the long tail reads: the facts of a room's post as plain words, as short as the service wants them."""

from __future__ import annotations

from notifications.channels import wording
from notifications.channels.apprise.services import Plugin
from notifications.channels.base import Message
from notifications.channels.chat.post import Post, post_of, shortened
from notifications.models import Delivery

SMS = 500  # what takes less than this is read on a phone's lock screen


class AppriseRenderer:
    """Makes each post and each plugin once. Short-lived by intent, like the renderer of mails."""

    def __init__(self) -> None:
        self._posts: dict[tuple[object, ...], Post] = {}
        self._plugins: dict[str, Plugin] = {}

    def compose(self, delivery: Delivery) -> Message:
        """The message of a delivery, the same again whenever it is repeated. Raises AddressError."""
        key = (*wording.same_words(delivery), delivery.concern)
        if key not in self._posts:
            with wording.reading(delivery):
                self._posts[key] = post_of(delivery)
        address = delivery.endpoint.address
        if address not in self._plugins:
            self._plugins[address] = Plugin(address)
        return message(str(delivery.uuid), self._plugins[address], self._posts[key])


def message(id: str, plugin: Plugin, post: Post) -> Message:
    title, body = words(post, title=plugin.longest_title, body=plugin.longest_body)
    request = plugin.request(title, body)
    return Message(
        id=id,
        to=request.url,
        headers=request.headers,
        event=request.body,
        # Tokens stand in the address, in headers and in some bodies: as evidence the words are kept.
        plain="\n\n".join(filter(None, (title, body))),
    )


def words(post: Post, *, title: int, body: int) -> tuple[str, str]:
    """Title (empty where a service has none) and body, in at most so many characters each."""
    end = post.link or post.ref
    if body < SMS:
        head = shortened(f"{post.site}: {post.headline}", body - len(end) - 1)
        return "", f"{head}\n{end}" if head else shortened(post.headline, body)
    head = f"{post.sign} {post.headline}"
    parts = [
        "" if title else head,
        "\n".join(post.facts),
        "\n".join(post.yours),
        "\n".join(filter(None, (*post.notes, post.link, post.ref))),
    ]
    rest = body - sum(len(each) + 2 for each in parts)
    parts.insert(3, post.body(max(rest, 0)))
    return shortened(head, title) if title else "", shortened(
        "\n\n".join(filter(None, parts)), body
    )
