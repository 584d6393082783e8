"""The words of a delivery: subject, text, HTML and headers.

A public message is made of public text and public facts only. What it says of publicity (the link to
the entry) is asked of the ledger's gate, never decided here.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import css_inline
from django.conf import settings
from django.template.loader import render_to_string

from incidents import markdown, wording
from incidents.models import Communication, Incident
from notifications import return_path, signed_links
from notifications.channels.base import Message, MessageTemplate, one_line
from notifications.lifecycle import Audience, Reason, Relevance
from notifications.models import Delivery, Endpoint, SignUp

SUBJECT_LENGTH = 160

RELEVANCE = {
    Relevance.IMPACTED: "Our analysis confirms that at least one of your subscriptions is impacted.",
    Relevance.RELATED: "Your subscriptions run in the services and regions named above.",
    Relevance.PARTIALLY_RELATED: (
        "You were told of this incident before; this update may speak of other services or"
        " regions than yours."
    ),
    Relevance.NOT_IMPACTED: "You were told of this incident before, by an estimate.",
    Relevance.PUBLIC: "This is a public post.",
}

REASON = {
    Reason.ALERT_RULE: "One of your organisation's alert rules matches it.",
    Reason.DEFAULT_CONTACT: (
        "Your organisation has no alert rule that leads to an address, so its default contact is"
        " told."
    ),
    Reason.TOLD_BEFORE: "Whoever is told of the beginning of an incident is told of its end.",
    Reason.TOPIC: "You have subscribed to posts about these services and regions.",
}

AUTOMATED = "It was sent automatically: no person has written or read it before."

NOT_AFFECTED = (
    "Our analysis is complete: your subscriptions were not affected by this incident. You need not do"
    " anything, and you will hear no more of it."
)

DRILL = "THIS IS A DRILL. Nothing has happened; you need not do anything."

CONFIDENTIAL = (
    "This is a targeted notice for affected customers; its text is not published. Please treat it as"
    " confidential."
)

STATEMENTS = {"review": "Review", "retraction": "Retracted", "correction": "Correction"}


class MailRenderer:
    """Renders once per text, audience, relevance, reason, language and zone; fills in links per endpoint.

    Short-lived by intent: whether an entry is public is looked up once per press.
    """

    def __init__(self) -> None:
        self._templates: dict[tuple[object, ...], MessageTemplate] = {}
        # Blanks no operator's text can contain.
        placeholder = secrets.token_hex(12)
        self._leave, self._manage = (
            f"https://leave.{placeholder}/",
            f"https://manage.{placeholder}/",
        )

    def compose(self, delivery: Delivery) -> Message:
        """The message of a delivery, the same again whenever it is repeated. Raises ValueError."""
        endpoint = delivery.endpoint
        template = self._template(delivery)
        leave = signed_links.leave_url(endpoint.key, delivery.audience)
        manage = signed_links.manage_url(endpoint.key)
        return Message(
            id=f"<{delivery.uuid}@{host()}>",
            to=endpoint.address,
            template=template,
            values=(leave, manage),
            headers={
                **_thread(delivery.incident_id, endpoint),
                "List-Unsubscribe": f"<{leave}>",
            },
            return_path=return_path.address_of(delivery.uuid),
        )

    def _template(self, delivery: Delivery) -> MessageTemplate:
        key = same_words(delivery)
        if key not in self._templates:
            self._templates[key] = self._render(delivery)
        return self._templates[key]

    def _render(self, delivery: Delivery) -> MessageTemplate:
        context = facts(delivery) | {
            **words(delivery),
            "public": delivery.audience == Audience.PUBLIC,
            "carried": [facts(each) | words(each) for each in delivery.digest_items],
            "kept_back": kept_back(),
            "last_of_hour": limit_reached() if delivery.last_of_hour else "",
            "why": why(delivery),
            "drill_notice": DRILL,
            "confidential": confidential(delivery),
            "leave": self._leave,
            "manage": self._manage,
        }
        return MessageTemplate(
            subject=_subject(delivery, str(context["where"])),
            text=render_to_string("emails/update.txt", context),
            html=inlined(render_to_string("emails/update.html", context)),
            headers=_list(delivery.audience),
            placeholders=(self._leave, self._manage),
        )


def preview(
    communication: Communication, *, audience: Audience, relevance: Relevance, reason: Reason
) -> Message:
    """What a receiver would read; for a desk. Nothing is stored, its links belong to nobody."""
    endpoint = Endpoint(pk=0, address="preview@example.com", key=uuid.UUID(int=0))
    delivery = Delivery(
        incident=communication.incident,
        communication=communication,
        endpoint=endpoint,
        audience=audience,
        relevance=relevance,
        reason=reason,
    )
    return MailRenderer().compose(delivery)


def confirmation(sign_up: SignUp, *, topics: Sequence[str]) -> Message:
    """The mail that asks whether the owner of an address wants to subscribe. `topics` in words."""
    context = {
        "site": settings.SITE_NAME,
        "topics": topics,
        "link": signed_links.confirm_url(sign_up.key),
        "hours": int(signed_links.CONFIRM_WITHIN.total_seconds() // 3600),
    }
    return Message(
        id=f"<{sign_up.key}@{host()}>",
        to=sign_up.address,
        template=MessageTemplate(
            subject=f"Confirm your subscription to {settings.SITE_NAME}",
            text=render_to_string("emails/confirm.txt", context),
            html=inlined(render_to_string("emails/confirm.html", context)),
            headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        ),
    )


def host() -> str:
    """The host of BASE_URL: the right-hand side of our Message-IDs and list names."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def inlined(html: str) -> str:
    """CSS into `style` attributes, as mail programs want it; media queries stay in the head."""
    return _inliner.inline(html)


_inliner = css_inline.CSSInliner(
    keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False
)


def same_words(delivery: Delivery) -> tuple[object, ...]:
    """Deliveries with the same key read alike, but for links of their own."""
    return (
        delivery.communication_id,
        delivery.audience,
        delivery.relevance,
        delivery.reason,
        delivery.endpoint.language,
        delivery.endpoint.time_zone,
        delivery.last_of_hour,
        *((each.communication_id, each.audience, each.relevance) for each in delivery.digest_items),
    )


def facts(delivery: Delivery) -> dict[str, object]:
    """What happened where and when, in words; `link` is empty unless the entry is public."""
    communication, incident = delivery.communication, delivery.communication.incident
    cells = list(
        communication.scope.select_related("service", "region").order_by(
            "service__position", "region__position"
        )
    )
    zone = delivery.endpoint.time_zone
    services = [cell.service.name for cell in cells]
    regions = [cell.region.name for cell in cells]
    is_public = Incident.objects.public().filter(pk=incident.pk).exists()
    return {
        "site": settings.SITE_NAME,
        "drill": incident.drill,
        "title": incident.public_title,
        "stage": _stage(delivery),
        "where": f"{wording.listed(services, 2)} in {wording.listed(regions, 2)}" if cells else "",
        "services": wording.listed(services, 10),
        "regions": wording.listed(regions, 10),
        "since": moment(incident.started_at, zone),
        "until": moment(incident.mitigated_at, zone),
        "window_start": moment(incident.scheduled_for, zone),
        "window_end": moment(incident.scheduled_until, zone),
        "said_at": moment(communication.at, zone),
        "next_update": moment(communication.next_update_by, zone),
        "tracking_id": incident.tracking_id,
        "link": f"{settings.BASE_URL}/status/history/{incident.tracking_id}/" if is_public else "",
        "language": communication.language,
    }


def moment(at: datetime | None, zone: str) -> str:
    """`09:00 UTC on 7 February 2024`, with the reader's own time behind it; empty for None."""
    if at is None:
        return ""
    words = wording.clock(at.astimezone(UTC))
    if zone in ("", "UTC"):
        return words
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (KeyError, OSError, ValueError):  # a zone that is not in this host's data: UTC must do
        return words
    return f"{words} ({local:%H:%M} on {local.day} {local:%B}, {zone})"


def _stage(delivery: Delivery) -> str:
    if delivery.relevance == Relevance.NOT_IMPACTED:
        return "Not affected"
    communication = delivery.communication
    return STATEMENTS.get(communication.kind) or communication.get_stage_display()


def why(delivery: Delivery) -> list[str]:
    """Sentences: what it has to do with the receiver, and who has seen it."""
    return [
        RELEVANCE[Relevance(delivery.relevance)],
        REASON[Reason(delivery.reason)],
        *([AUTOMATED] if delivery.communication.automated else []),
    ]


def words(delivery: Delivery) -> dict[str, object]:
    """What is said, as text and as HTML."""
    communication = delivery.communication
    public = delivery.audience == Audience.PUBLIC
    body = communication.public_text if public else communication.targeted_text
    if delivery.relevance == Relevance.NOT_IMPACTED:
        body = NOT_AFFECTED
    return {"body": body, "body_html": markdown.to_html(body)}


def confidential(delivery: Delivery) -> str:
    """The closing line under a text that is not published; empty where all of it can be read by anybody."""
    told = (delivery, *delivery.digest_items)
    return "" if all(_is_published(each) for each in told) else CONFIDENTIAL


def _is_published(delivery: Delivery) -> bool:
    said = delivery.communication
    return delivery.audience == Audience.PUBLIC or (
        delivery.relevance != Relevance.NOT_IMPACTED
        and said.targeted_text.strip() == said.public_text.strip()
        and Communication.objects.public().filter(pk=said.pk).exists()
    )


def limit_reached(place: str = "address") -> str:
    """What the last message of an hour says of those behind it."""
    return (
        f"This is message {settings.HOURLY_LIMIT} to this {place} within an hour, which is the limit. Further"
        " updates will follow together in one, as soon as the hour allows; first notices, ends and"
        " retractions still come at once."
    )


def kept_back(place: str = "address") -> str:
    """Why a digest has more than one update in it."""
    rules = []
    if settings.HOURLY_LIMIT:
        rules.append(f"at most {settings.HOURLY_LIMIT} messages an hour reach this {place}")
    if settings.UPDATE_INTERVAL:
        minutes = max(1, round(settings.UPDATE_INTERVAL / 60))
        plural = "" if minutes == 1 else "s"
        rules.append(f"updates of one incident come at least {minutes} minute{plural} apart")
    return f"They were kept back until now to spare you a storm: {', and '.join(rules)}."


def _subject(delivery: Delivery, where: str) -> str:
    title = delivery.communication.incident.public_title
    parts = f"{where}: {title}" if where else title
    drill = "[Drill] " if delivery.communication.incident.drill else ""
    more = len(delivery.digest_items)
    end = f" (and {more} more update{'' if more == 1 else 's'})" if more else ""
    # What is cut is the title, never the number of what else is inside.
    start = one_line(f"{drill}[{_stage(delivery)}] {parts}", SUBJECT_LENGTH - len(end))
    return f"{start}{end}"


def _thread(incident_id: int, endpoint: Endpoint) -> dict[str, str]:
    """All mails of one incident to one endpoint hang on a root that is never sent itself."""
    root = f"<{uuid.uuid5(endpoint.key, f'incident-{incident_id}')}@{host()}>"
    return {"In-Reply-To": root, "References": root}


def _list(audience: str) -> dict[str, str]:
    name = "posts" if audience == Audience.PUBLIC else "alerts"
    return {
        "List-Id": f"{settings.SITE_NAME} {name} <{name}.{host()}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Precedence": "list",
    }
