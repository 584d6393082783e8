"""The registry of channels: one line each."""

from notifications.channels.apprise.channel import APPRISE
from notifications.channels.base import ChannelHandler
from notifications.channels.chat.channel import CHAT
from notifications.channels.email.channel import MAIL
from notifications.channels.push.channel import PUSH
from notifications.channels.webhook.channel import WEBHOOK
from notifications.vocabulary.delivery_states import Channel

CHANNELS: dict[Channel, ChannelHandler] = {
    each.name: each for each in (MAIL, WEBHOOK, CHAT, PUSH, APPRISE)
}
