"""What messages of every channel say besides the words of a statement, in the language that is active.

Facts are stated of the incident, and of the receiver only what is known of them (`Delivery.concern`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import get_language, gettext, gettext_lazy, override

from incidents import wording
from incidents.models import Communication
from incidents.services.visibility import is_public
from incidents.vocabulary import CommunicationKind, Kind
from incidents.wording import WordingFacts, written
from notifications.models import Delivery
from notifications.vocabulary.delivery_states import DeliveryAudience, Reason, Relevance

_ = gettext_lazy

RELEVANCE = {
    Relevance.IMPACTED: _(
        "Our analysis confirms that this concerns at least one of your subscriptions."
    ),
    Relevance.RELATED: _(
        "At least one of your subscriptions runs in a place that is named here. That this concerns it is"
        " estimated from where it runs."
    ),
    Relevance.PARTIALLY_RELATED: _(
        "You were told of this incident before; this update may speak of other services or regions than"
        " yours."
    ),
    Relevance.NOT_IMPACTED: _("You were told of this incident before, by an estimate."),
    Relevance.DEPENDENT: _(
        "Services of yours depend on what is named here. That this concerns them, too, is possible; nobody has"
        " confirmed it."
    ),
    Relevance.PUBLIC: _("This is a public post."),
}
REASON = {
    Reason.ALERT_RULE: _("One of your organisation's alert rules matches it."),
    Reason.FIRST_AND_LAST: _(
        "One of your organisation's alert rules matches it; it asks for the first and the last statements only."
    ),
    Reason.DEFAULT_CONTACT: _(
        "Your organisation has no alert rule that leads to an address, so its default contact is told."
    ),
    Reason.TOLD_BEFORE: _("Whoever is told of an incident is told how it goes on."),
    Reason.TOPIC: _("You have subscribed to posts about these services and regions."),
    Reason.TOPIC_ENDS: _(
        "You have subscribed to posts about these services and regions, and chose to hear of the beginning and the"
        " end only."
    ),
    Reason.TOPIC_DAILY: _(
        "You have subscribed to posts about these services and regions, and chose one summary a day."
    ),
    Reason.FOLLOWED: _("You follow this incident."),
    Reason.FOLLOWED_END: _("You asked to be told when this is over."),
}
AUTOMATED = _("It was sent automatically: no person has written or read it before.")
NOT_AFFECTED = _(
    "Our analysis is complete: your subscriptions were not affected by this incident. You need not do"
    " anything, and you will hear no more of it."
)
# Of every test message.
CALM = _("Nothing is wrong, and you need not do anything.")
TEST = _("Test message of %(site)s")
DRILL = _("THIS IS A DRILL. Nothing has happened; you need not do anything.")
CONFIDENTIAL = _(
    "This is a targeted notice to some customers; its text is not published. Please treat it as confidential."
)
STATEMENTS = {"review": _("Review"), "retraction": _("Retracted"), "correction": _("Correction")}
ADVISORIES = {
    "health-advisory": _("Health advisory"),
    "security-advisory": _("Security advisory"),
}
# By level: what has become of a service.
EFFECT = {"error": _("Failing"), "warning": _("Degraded"), "informational": _("Limited")}
EXTENTS = {
    "subset": _("some customers"),
    "zone": _("a whole zone"),
    "region": _("the whole region"),
}
ENDED = frozenset({"mitigated", "resolved", "complete"})


@contextmanager
def reading(delivery: Delivery) -> Iterator[str]:
    """Write in the receiver's language where the product has it, else in English."""
    code = known_language(delivery.endpoint.language)
    if code == get_language():
        yield code
        return
    with override(code):
        yield code


@lru_cache(maxsize=100)
def known_language(wanted: str) -> str:
    """That language where the product has it, else the one that texts are written in."""
    known = dict(settings.LANGUAGES)
    return next((one for one in (wanted, wanted[:2]) if one in known), wording.WRITTEN_IN)


def same_words(delivery: Delivery) -> tuple[object, ...]:
    """Deliveries with the same key read alike, but for what concerns each receiver alone."""
    return (
        delivery.communication_id,
        delivery.audience,
        delivery.relevance,
        delivery.reason,
        delivery.endpoint.language,
        delivery.endpoint.time_zone,
        delivery.last_of_hour,
        is_late(delivery),
        *(
            (each.communication_id, each.audience, each.relevance, is_late(each))
            for each in delivery.digest_items
        ),
    )


def is_late(delivery: Delivery) -> bool:
    """Whether its receiver hears of the incident for the first time, though others have heard before."""
    return (
        delivery.is_first
        and delivery.communication.number > 1
        and delivery.relevance != Relevance.NOT_IMPACTED
    )


def state(delivery: Delivery) -> tuple[str, str]:
    """(how it looks, a word): how things stand by this statement, for the sign at the top."""
    communication, incident = delivery.communication, delivery.communication.incident
    if delivery.relevance == Relevance.NOT_IMPACTED:
        return "good", gettext("Not affected")
    if communication.kind == CommunicationKind.RETRACTION:
        return "good", gettext("Retracted")
    stage = gettext(communication.get_stage_display())
    if incident.kind == Kind.PLANNED_MAINTENANCE:
        looks = {"complete": "good", "cancelled": "quiet"}.get(communication.stage, "maintenance")
        return looks, gettext("Planned maintenance") + f" · {stage}"
    if communication.stage in ENDED:
        return "good", stage
    if incident.kind in ADVISORIES:
        return "information", str(ADVISORIES[incident.kind])
    looks = {"error": "critical", "warning": "warning"}.get(incident.level, "information")
    return looks, f"{EFFECT[incident.level]} · {stage}"


def stage(delivery: Delivery) -> str:
    if delivery.relevance == Relevance.NOT_IMPACTED:
        return gettext("Not affected")
    communication = delivery.communication
    return str(STATEMENTS.get(communication.kind) or gettext(communication.get_stage_display()))


def facts(delivery: Delivery, where: Sequence[str]) -> dict[str, object]:
    """What happened where and when, in words; `link` is empty unless the entry is public. `where`: a line
    a group of cells."""
    communication, incident = delivery.communication, delivery.communication.incident
    zone = delivery.endpoint.time_zone
    looks, word = state(delivery)
    # Of what never was there is neither a beginning nor an end.
    retracted = communication.kind == CommunicationKind.RETRACTION
    return {
        "site": settings.SITE_NAME,
        "drill": incident.drill,
        "title": incident.public_title,
        "kind": incident.kind,
        "stage": stage(delivery),
        "state": looks,
        "state_word": word,
        "statement": "" if retracted else str(STATEMENTS.get(communication.kind, "")),
        "where": where,
        "since": "" if retracted else moment(incident.started_at, zone),
        "until": "" if retracted else moment(incident.mitigated_at, zone),
        "window_start": moment(incident.scheduled_for, zone),
        "window_end": moment(incident.scheduled_until, zone),
        "said_at": moment(communication.at, zone),
        "next_update": moment(communication.next_update_by, zone),
        "tracking_id": incident.tracking_id,
        "link": f"{settings.BASE_URL}/status/history/{incident.tracking_id}/"
        if is_public(incident.pk)
        else "",
    }


def own_page(delivery: Delivery) -> str:
    """The event on the customers' own page, whoever's it is: who follows it signs in there; "": it is on none."""
    incident = delivery.communication.incident
    if delivery.audience == DeliveryAudience.PUBLIC or incident.drill:
        return ""
    return f"{settings.BASE_URL}/service-health/events/{incident.tracking_id}/"


def own_page_words() -> str:
    return gettext("How it concerns you, and what was said")


def said(communication: Communication, *, public: bool) -> tuple[str, str]:
    """(Markdown, its language): a person's words as they are, those from facts in the active language."""
    text = communication.public_text if public else communication.targeted_text
    language = get_language() or wording.WRITTEN_IN
    kept = communication.written_from.get("public" if public else "targeted")
    if kept is None or language == wording.WRITTEN_IN:
        return text, communication.language
    return written(map(WordingFacts.of_json, kept), language), language


def body(delivery: Delivery) -> tuple[str, str]:
    """What the receiver is told, as Markdown, and its language."""
    if delivery.relevance == Relevance.NOT_IMPACTED:
        return str(NOT_AFFECTED), get_language() or wording.WRITTEN_IN
    return said(delivery.communication, public=delivery.audience == DeliveryAudience.PUBLIC)


def earlier(delivery: Delivery) -> list[Communication]:
    """For who joins late: what others were told before, the newest first."""
    if not is_late(delivery):
        return []
    column = "public_text" if delivery.audience == DeliveryAudience.PUBLIC else "targeted_text"
    before = delivery.communication.incident.communications.filter(
        number__lt=delivery.communication.number
    )
    if delivery.audience == DeliveryAudience.PUBLIC:
        before = before.filter(public_at__isnull=False)
    return list(before.exclude(**{column: ""}).order_by("-number"))


def story(delivery: Delivery) -> list[tuple[Communication, bool]]:
    """The same of all that its message tells: what a digest tells along may be somebody's first of an incident. And
    whether its receiver is told the public text: of what is told along by its own audience."""
    told = (delivery, *delivery.digest_items)
    return [
        (one, each.audience == DeliveryAudience.PUBLIC) for each in told for one in earlier(each)
    ]


def earlier_head() -> str:
    return gettext("What was said before you were told")


def heading(communication: Communication, zone: str, *, within: Communication) -> str:
    """Over an earlier statement: when, and the stage; and of what, where it is told with another incident."""
    parts = [moment(communication.at, zone), gettext(communication.get_stage_display())]
    if communication.incident_id != within.incident_id:
        parts.append(communication.incident.public_title)
    return " · ".join(parts)


def moment(at: datetime | None, zone: str) -> str:
    """`09:00 UTC on 7 February 2024`, with the reader's own time behind it, and its day if that is another; empty
    for None."""
    if at is None:
        return ""
    words = wording.clock(at.astimezone(UTC))
    if zone in ("", "UTC"):
        return words
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (KeyError, OSError, ValueError):  # a zone that is not in this host's data: UTC must do
        return words
    same_day = local.date() == at.astimezone(UTC).date()
    words_of_both = (
        gettext("%(utc)s (%(time)s, %(zone)s)")
        if same_day
        else gettext("%(utc)s (%(time)s on %(day)s, %(zone)s)")
    )
    return words_of_both % {
        "utc": words,
        "time": f"{local:%H:%M}",
        "day": wording.day(local),
        "zone": zone,
    }


def why(delivery: Delivery) -> list[str]:
    """Sentences: what it has to do with the receiver, and who has seen it."""
    relevance = Relevance(delivery.relevance)
    # What was taken back concerned nobody.
    silent = delivery.communication.kind == CommunicationKind.RETRACTION
    return [
        *([] if silent and relevance != Relevance.PUBLIC else [str(RELEVANCE[relevance])]),
        str(REASON[Reason(delivery.reason)]),
        *([str(AUTOMATED)] if delivery.communication.automated else []),
    ]


def confidential(delivery: Delivery) -> str:
    """The closing line under a text that is not published; empty where all of it can be read by anybody."""
    told = (delivery, *delivery.digest_items)
    return "" if all(_is_published(each) for each in told) else str(CONFIDENTIAL)


def _is_published(delivery: Delivery) -> bool:
    told = delivery.communication
    return delivery.audience == DeliveryAudience.PUBLIC or (
        delivery.relevance != Relevance.NOT_IMPACTED
        and told.targeted_text.strip() == told.public_text.strip()
        and Communication.objects.public().filter(pk=told.pk).exists()
    )
