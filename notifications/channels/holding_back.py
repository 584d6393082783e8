"""What a receiver is told of limits: that the hour is full, and why updates come together."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext, ngettext

from incidents import wording
from notifications.models import Delivery
from notifications.vocabulary.delivery_states import Reason


def limit_reached(*, room: bool = False) -> str:
    """What the last message of an hour says of those behind it. `room`: it goes to a chat room."""
    text = (
        gettext(
            "This is message %(n)d to this room within an hour, which is the limit. Further updates will follow"
            " together in one, as soon as the hour allows; first notices, ends and retractions still come at"
            " once."
        )
        if room
        else gettext(
            "This is message %(n)d to this address within an hour, which is the limit. Further updates will"
            " follow together in one, as soon as the hour allows; first notices, ends and retractions still"
            " come at once."
        )
    )
    return text % {"n": settings.HOURLY_LIMIT}


def kept_back(delivery: Delivery, *, room: bool = False) -> str:
    """Why a digest has more than one update in it. `room`: it goes to a chat room."""
    if delivery.reason == Reason.TOPIC_DAILY:
        return gettext("What else was posted since your last daily summary.")
    if delivery.quiet_until:
        return gettext(
            "They came in the quiet hours of your alert rules and were kept until these were over."
        )
    rules = []
    if limit := settings.HOURLY_LIMIT:
        template = (
            gettext("at most %(n)d messages an hour reach this room")
            if room
            else gettext("at most %(n)d messages an hour reach this address")
        )
        rules.append(template % {"n": limit})
    if settings.UPDATE_INTERVAL:
        minutes = max(1, round(settings.UPDATE_INTERVAL / 60))
        rules.append(
            ngettext(
                "updates of one incident come at least %(n)d minute apart",
                "updates of one incident come at least %(n)d minutes apart",
                minutes,
            )
            % {"n": minutes}
        )
    return gettext("They were kept back until now to spare you a storm: %(rules)s.") % {
        "rules": wording.listed(rules)
    }
