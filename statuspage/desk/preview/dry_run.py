"""A preview that cannot differ from the real thing: the verb itself, carried out and taken back.

The transaction is rolled back whatever happens, and with it the bell, which rings only on commit.
The price is a row lock for some milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.http import QueryDict
from django.utils.safestring import SafeString, mark_safe

from incidents.models import Communication
from incidents.services.decisions.decision_recording import wants_public
from incidents.texts.markdown import to_html
from notifications.audience.forecast import Forecast, forecast
from notifications.channels.base import Message
from notifications.channels.email import renderer as mail_renderer
from notifications.vocabulary.delivery_states import DeliveryAudience, Reason, Relevance
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.form.samples import Sample, changes, samples_of
from statuspage.desk.incidents.verdicts import VerdictView, verdict_view
from statuspage.desk.preview.confirm_receivers import receivers_to_confirm

T = TypeVar("T")
Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen. `wanted_public`: the policy's word, or that of an override on top of it."""

    tracking_id: str
    verdict: VerdictView
    wanted_public: bool
    turns_public: bool  # it is not public now, and would be
    is_public: bool
    stage: str
    title: str
    note: str  # why the entry is public and will go again, if so
    public_html: SafeString
    targeted_html: SafeString
    hears: Forecast
    mail: Message  # to an affected customer
    confirm: int  # so many receivers that the number must be confirmed; 0: need not
    drill: bool
    since: datetime
    next_update_by: datetime | None
    samples: list[Sample] = field(default_factory=list)  # all that would leave
    other_ways: int = 0
    before: int = 0  # the number of the update before, if there is one with other words
    news: list[tuple[str, SafeString]] = field(default_factory=list)  # against that
    others: list[Preview] = field(default_factory=list)  # of the other windows of a maintenance

    @property
    def shown(self) -> str:
        """What a person has seen when pressing Publish; another outcome is shown again first."""
        return "; ".join(
            f"{one.verdict.headline}, {one.verdict.review}" for one in (self, *self.others)
        )

    @property
    def any_public(self) -> bool:
        return any(one.is_public for one in (self, *self.others))


def dry_run(act: Callable[[], T], look: Callable[[T], Seen]) -> Seen:
    """Act, look, take back. What `act` raises gets through."""
    with transaction.atomic():
        seen = look(act())
        transaction.set_rollback(True)
    return seen


def look_at(communication: Communication, *, was_public: bool, whole: bool = False) -> Preview:
    """What this communication says to whom; call it while it still exists.

    `whole`: with a sample of each message that would leave, and what is new in the words.
    """
    incident = communication.incident
    decision = incident.decisions.order_by("-id").first()
    if decision is None:
        raise ValueError(f"{incident.tracking_id} has no decision to look at.")
    is_public = incident.published_at is not None and incident.withdrawn_at is None
    samples, other_ways = samples_of(communication) if whole else ([], 0)
    before, news = _news(communication) if whole else (0, [])
    return Preview(
        tracking_id=incident.tracking_id,
        verdict=verdict_view(decision.verdict),
        wanted_public=wants_public(decision),
        turns_public=is_public and not was_public,
        is_public=is_public,
        stage=communication.get_stage_display(),
        title=incident.public_title,
        note=incident.note if is_public else "",
        public_html=html_of(communication.public_text),
        targeted_html=html_of(communication.targeted_text),
        hears=forecast(communication),
        confirm=receivers_to_confirm(communication),
        drill=incident.drill,
        since=incident.started_at,
        next_update_by=communication.next_update_by,
        samples=samples,
        other_ways=other_ways,
        before=before,
        news=news,
        mail=mail_renderer.preview(
            communication,
            audience=DeliveryAudience.TARGETED,
            relevance=Relevance.RELATED,
            reason=Reason.ALERT_RULE,
        ),
    )


def _news(communication: Communication) -> tuple[int, list[tuple[str, SafeString]]]:
    """The number of the statement before, and by text what has changed since."""
    earlier = communication.incident.communications.filter(number__lt=communication.number)
    last = earlier.order_by("-number").first()
    if last is None:
        return 0, []
    pairs = (
        ("Public text", last.public_text, communication.public_text),
        ("Targeted text", last.targeted_text, communication.targeted_text),
    )
    return last.number, [(name, changes(old, new)) for name, old, new in pairs if old and new]


def html_of(text: str) -> SafeString:
    """An operator's Markdown as the public page shows it."""
    return mark_safe(to_html(text))  # noqa: S308 - cleaned by nh3


# Fields of the preview page itself, and those that every form adds anew.
OWN_FIELDS = frozenset(
    {
        "look",
        "at_once",
        "markdown",
        "csrfmiddlewaretoken",
        "step",
        "tick",
        "pasted",
        "shown",
        "override",
        "override_reason",
        "token",
        "receivers",
    }
)


def hidden_fields(data: QueryDict, form: DeskForm | None = None) -> list[tuple[str, str]]:
    """Everything that was typed, for the preview to hand on: nothing is lost on the way back.

    Of a `form`, times that have been go along as what they meant when it was looked at: `-30` a minute
    later would be another time.
    """
    meant = form.past_moments() if form is not None else {}
    return [
        (name, meant.get(name, value))
        for name, values in data.lists()
        if name not in OWN_FIELDS
        for value in values
        if value
    ]
