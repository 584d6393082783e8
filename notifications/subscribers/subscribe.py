"""Readers without account: ask, confirm, choose. Nothing here tells who is known already."""

from __future__ import annotations

import hmac
import logging
import random
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import override

from incidents.models import Incident
from incidents.texts import as_typed
from notifications.channels import signed_links
from notifications.channels.base import Transport, TransportError
from notifications.channels.email import renderer as mail_renderer
from notifications.channels.email.smtp import RELAY
from notifications.channels.signed_links import TokenError
from notifications.delivery import kill_switch
from notifications.models import Channel, Endpoint, SignUp
from notifications.subscribers import following
from notifications.subscribers.post_choices import PostChoices
from notifications.subscribers.topics import (
    SubscribeError,
    Topic,
    checked_topics,
    existing,
    in_words,
    replace_topics,
)
from notifications.vocabulary import delivery_states
from notifications.vocabulary.addresses import AddressError, normalise
from notifications.vocabulary.delivery_states import Failure

log = logging.getLogger(__name__)

# One address gets at most this many confirmation mails in this time, whoever asks for it.
MOST_MAILS, MAILS_WITHIN = 3, timedelta(hours=6)
KEEP_SIGN_UPS = timedelta(days=7)
# Of the code, which is typed instead of opening the link.
CODE_DIGITS, MOST_TRIES = 8, 5
PLAIN = PostChoices()


def request(
    *,
    address: str,
    topics: Collection[Topic],
    now: datetime,
    choices: PostChoices = PLAIN,
    incident: Incident | None = None,
    ends_only: bool = False,
) -> uuid.UUID:
    """Ask the owner of an address by mail; nothing is subscribed before the click in that mail. Returns the key that
    the code of that mail must come back with.

    `choices`: checked already. With an `incident` it asks for that one alone, `ends_only` when it is over.
    The same happens for known, unknown, suppressed and too often used addresses: one row, no answer.
    Raises SubscribeError for an address or a topic that cannot be.
    """
    try:
        normal = normalise(address)
    except AddressError as error:
        raise SubscribeError("address", str(error)) from error
    chosen = [] if incident else checked_topics(topics)
    with transaction.atomic():
        recent = SignUp.objects.annotate(lower=Lower("address")).filter(
            lower=normal.lower(), requested_at__gt=now - MAILS_WITHIN
        )
        quiet = recent.exclude(next_attempt_at=None, sent_at=None).count() >= MOST_MAILS
        return SignUp.objects.create(
            address=normal,
            language=choices.language,
            time_zone=choices.time_zone,
            topics=[list(topic) for topic in chosen],
            choices=choices.as_json(),
            incident=incident,
            ends_only=ends_only,
            requested_at=now,
            next_attempt_at=None if quiet else now,
        ).key


def confirm(*, token: str, now: datetime) -> Endpoint:
    """Carry out a sign-up: its topics become those of the address. Twice does no harm.

    Raises TokenError for a link that is forged or older than tokens.CONFIRM_WITHIN.
    """
    return _confirm(signed_links.read_confirm(token), now)


def confirm_by_code(*, token: str, code: str, now: datetime) -> Endpoint | None:
    """The same by the code of the mail instead of its link; None for a code that is wrong or was tried too often.

    Raises TokenError for a page that is forged or too old.
    """
    key = signed_links.read_code_page(token)
    if not SignUp.objects.filter(key=key, tries__lt=MOST_TRIES).update(tries=F("tries") + 1):
        return None
    return _confirm(key, now) if hmac.compare_digest(code_of(key), as_typed.digits(code)) else None


def code_of(key: uuid.UUID) -> str:
    """The code of a sign-up: the same in every repeat of its mail, and kept nowhere."""
    digest = salted_hmac("notifications.sign_up_code", key.hex, algorithm="sha256").hexdigest()
    return f"{int(digest, 16) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def _confirm(key: uuid.UUID, now: datetime) -> Endpoint:
    with transaction.atomic():
        sign_up = SignUp.objects.select_for_update().filter(key=key).first()
        if sign_up is None or now - sign_up.requested_at > signed_links.CONFIRM_WITHIN:
            raise TokenError("This link has expired; subscribe again to get a new one.")
        if sign_up.confirmed_at is not None:
            return _endpoint_of(sign_up.address)
        endpoint = _open_endpoint(sign_up, now)
        if sign_up.incident:
            following.follow(endpoint, sign_up.incident, ends_only=sign_up.ends_only)
        for incident, ends_only in following.of_pairs(sign_up.followed):
            following.follow(endpoint, incident, ends_only=ends_only)
        if sign_up.topics or not sign_up.incident:
            replace_topics(endpoint, existing([(pair[0], pair[1]) for pair in sign_up.topics]))
            choices_of(sign_up).apply(endpoint)
            endpoint.save()
        sign_up.confirmed_at = now
        sign_up.next_attempt_at = None
        sign_up.save(update_fields=["confirmed_at", "next_attempt_at"])
    return endpoint


def topics_of(*, token: str) -> tuple[Endpoint, list[Topic]]:
    """The endpoint of a manage link and what it hears of. Raises TokenError."""
    endpoint = _managed(token)
    return endpoint, list(endpoint.topics.order_by("id").values_list("service_id", "region_id"))


def set_topics(
    *, token: str, topics: Collection[Topic], now: datetime, choices: PostChoices | None = None
) -> Endpoint:
    """Replace what an endpoint hears of (and, if given, how); whoever had left is back. `choices`: checked already.

    Raises TokenError, SubscribeError.
    """
    chosen = checked_topics(topics)
    with transaction.atomic():
        endpoint = _managed(token)
        endpoint.left_posts_at = None
        endpoint.confirmed_at = endpoint.confirmed_at or now
        if choices is not None:
            choices.apply(endpoint)
        endpoint.save()
        replace_topics(endpoint, chosen)
    return endpoint


def unfollow(*, token: str, tracking_id: str) -> None:
    """An endpoint hears no more of one incident for having followed it. Raises TokenError."""
    _managed(token).followed.filter(incident__tracking_id=tracking_id).delete()


def choices_of(sign_up: SignUp) -> PostChoices:
    return PostChoices.of_json(
        sign_up.choices, language=sign_up.language, time_zone=sign_up.time_zone
    )


def what_is_asked(sign_up: SignUp) -> list[str]:
    """What a sign-up would lead to, in the words of the language that is active."""
    asked = in_words([(pair[0], pair[1]) for pair in sign_up.topics])
    if sign_up.incident:
        asked.append(following.in_words(sign_up.incident, ends_only=sign_up.ends_only))
    again = following.of_pairs(sign_up.followed)
    return [*asked, *(following.in_words(one, ends_only=ends_only) for one, ends_only in again)]


def send_confirmations(*, now: datetime, most: int = 50, transport: Transport = RELAY) -> int:
    """Send confirmation mails that are due, and purge old requests; returns how many went out.

    A request is put off before its mail is sent: if this process dies in between, the mail comes
    again a minute later with the same Message-ID.
    """
    SignUp.objects.filter(requested_at__lt=now - KEEP_SIGN_UPS).delete()
    if kill_switch.in_force():
        return 0
    sent = 0
    for sign_up in _take_due(now, most):
        with override(sign_up.language):
            message = mail_renderer.confirmation(
                sign_up,
                topics=what_is_asked(sign_up),
                choices=choices_of(sign_up).in_words(),
                code=code_of(sign_up.key),
            )
        try:
            transport.send(message)
        except TransportError as error:
            log.info("confirmation %s waits: %s", sign_up.key, error.failure)
            if error.failure is Failure.PERMANENT:
                SignUp.objects.filter(pk=sign_up.pk).update(next_attempt_at=None)
            continue
        SignUp.objects.filter(pk=sign_up.pk).update(sent_at=now, next_attempt_at=None)
        sent += 1
    return sent


def _take_due(now: datetime, most: int) -> list[SignUp]:
    with transaction.atomic():
        due = list(
            SignUp.objects.select_for_update(skip_locked=True)
            .filter(next_attempt_at__lte=now)
            .order_by("next_attempt_at", "id")[:most]
        )
        for sign_up in due:
            expired = now - sign_up.requested_at > signed_links.CONFIRM_WITHIN
            sign_up.attempts += 1
            wait = delivery_states.wait_after(sign_up.attempts + 2, jitter=random.random())  # noqa: S311 - spreads retries
            sign_up.next_attempt_at = None if expired else now + wait
        SignUp.objects.bulk_update(due, ["attempts", "next_attempt_at"])
    return [sign_up for sign_up in due if sign_up.next_attempt_at is not None]


def _endpoint_of(address: str) -> Endpoint:
    endpoint = (
        Endpoint.objects.select_for_update()
        .annotate(lower=Lower("address"))
        .filter(channel=Channel.MAIL, lower=address.lower())
        .first()
    )
    if endpoint is None:
        raise TokenError("This subscription has been removed; subscribe again.")
    return endpoint


def _open_endpoint(sign_up: SignUp, now: datetime) -> Endpoint:
    """The address' endpoint, new or known. The click proves that mail arrives: no suppression stays."""
    Endpoint.objects.bulk_create(
        [
            Endpoint(
                channel=Channel.MAIL,
                address=sign_up.address,
                language=sign_up.language,
                time_zone=sign_up.time_zone,
                created_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    endpoint = _endpoint_of(sign_up.address)
    endpoint.confirmed_at = endpoint.confirmed_at or now
    endpoint.language = sign_up.language
    endpoint.left_posts_at = None
    endpoint.suppressed_at = None
    endpoint.suppressed_because = ""
    endpoint.save()
    return endpoint


def _managed(token: str) -> Endpoint:
    endpoint = Endpoint.objects.filter(key=signed_links.read_manage(token)).first()
    if endpoint is None:
        raise TokenError("This subscription has been removed; subscribe again.")
    return endpoint
