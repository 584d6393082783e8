"""What the review screen shows: for whom a version will be, and what it will look like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from incidents.models import Incident, Review
from incidents.services.decisions.policies import current_policy
from incidents.services.reviews.review import Repair, is_for_public
from incidents.services.visibility import waits_for_audience
from incidents.vocabulary import Audience
from notifications.audience.forecast import Forecast, forecast
from notifications.channels.base import Message
from notifications.channels.email import renderer as mail_renderer
from notifications.vocabulary.delivery_states import DeliveryAudience, Reason, Relevance
from statuspage.desk.form.samples import Sample, samples_of
from statuspage.desk.preview.confirm_receivers import receivers_to_confirm
from statuspage.desk.preview.dry_run import html_of
from statuspage.desk.review.form import review_as_draft
from statuspage.desk.review.lines import WORDS


@dataclass(frozen=True, slots=True)
class Reach:
    """For whom a review is, in words. `leaves`: the public entry goes once it is delivered."""

    public: bool
    headline: str
    sentences: list[str]
    leaves: bool
    waits: bool  # nobody knows yet who is affected


@dataclass(frozen=True, slots=True)
class ReviewPreview:
    review: Review
    reach: Reach
    sections: list[tuple[str, SafeString]]
    timeline: list[tuple[datetime, str]]
    repairs: list[tuple[Repair, str]]  # with the state in words
    hears: Forecast
    confirm: int  # see Preview
    samples: list[Sample]  # each message that would leave, and how many other ways there are
    other_ways: int
    mail: Message  # where nobody has an address


def reach_of(incident: Incident) -> Reach:
    """For whom a version published now would be."""
    policy = current_policy()
    listed = incident.published_at is not None and incident.withdrawn_at is None
    public = is_for_public(incident) and listed
    leaves = not public and listed and incident.withdraw_after_review
    if public:
        sentences = [
            "Everybody can read it on the public page of this incident, where it stays for"
            f" {policy.retention_years} years.",
            "The affected customers get it by mail, public subscribers a word that it is there.",
        ]
    else:
        sentences = ["It goes to them directly; nothing of it is public.", _entry(incident, leaves)]
    return Reach(
        public=public,
        headline="FOR EVERYBODY" if public else "FOR THE AFFECTED CUSTOMERS ONLY",
        sentences=sentences,
        leaves=leaves,
        waits=waits_for_audience(incident),
    )


def _entry(incident: Incident, leaves: bool) -> str:
    """What becomes of the public entry when the review is a targeted one."""
    if incident.published_at is None:
        return "The incident has never been public."
    if incident.withdrawn_at is not None:
        return "The public entry was withdrawn before."
    if leaves:
        hours = current_policy().withdraw_latest_hours
        return (
            "Once its Final version is delivered the public entry goes: it leaves history, feeds"
            f" and JSON, and its address says why. That takes {hours} h after publishing at most"
            f"{', once it is known who is affected' if incident.audience == Audience.UNKNOWN else ''}."
        )
    return "The public entry stays, without the review."


def look_at_review(review: Review) -> ReviewPreview:
    """What this version says to whom; call it while it still exists."""
    incident = review.incident
    communication = incident.communications.latest("number")
    draft = review_as_draft(review)
    reach = reach_of(incident)
    samples, other_ways = samples_of(communication)
    return ReviewPreview(
        review=review,
        reach=reach,
        sections=[(section.heading, html_of(section.text)) for section in draft.sections],
        timeline=list(draft.timeline),
        repairs=[(each, WORDS.get(each.state, each.state)) for each in draft.repairs],
        hears=forecast(communication),
        confirm=receivers_to_confirm(communication),
        samples=samples,
        other_ways=other_ways,
        mail=mail_renderer.preview(
            communication,
            audience=DeliveryAudience.TARGETED,
            relevance=Relevance.RELATED,
            reason=Reason.ALERT_RULE,
        ),
    )
