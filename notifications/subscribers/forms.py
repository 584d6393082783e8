"""The two public forms: subscribe, and choose anew. Nothing typed or ticked is lost by an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.conf import settings
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from incidents.models import Incident
from notifications.subscribers import following, form_guard
from notifications.subscribers.post_choices import CADENCES, KINDS, LEAST_LEVELS, PostChoices
from notifications.subscribers.topic_picker import SOME, TopicCatalogue, TopicChoice, TopicGroup
from notifications.subscribers.topics import SubscribeError, Topic
from notifications.vocabulary import addresses
from notifications.vocabulary.addresses import AddressError

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Beyond any address, and little enough to be shown again.
ADDRESS_INPUT = 320
TRAP = "website"


@dataclass(slots=True)
class TopicForm:
    """`problems`: what is wrong, by field ("address", "topics", or "" for the whole form)."""

    catalogue: TopicCatalogue
    purpose: str
    now: datetime
    choice: TopicChoice = field(default_factory=TopicChoice)
    posts: PostChoices = field(default_factory=PostChoices)
    problems: dict[str, str] = field(default_factory=dict)
    note: str = ""

    def token(self) -> str:
        return form_guard.issue(self.purpose, now=self.now)

    def service_groups(self) -> list[TopicGroup]:
        return self.catalogue.service_groups(self.choice)

    def region_groups(self) -> list[TopicGroup]:
        return self.catalogue.region_groups(self.choice)

    def kinds(self) -> list[tuple[str, StrOrPromise, bool]]:
        return [(name, words, name in self.posts.kinds) for name, words in KINDS.items()]

    def levels(self) -> list[tuple[str, StrOrPromise]]:
        return list(LEAST_LEVELS.items())

    def cadences(self) -> list[tuple[str, StrOrPromise]]:
        return list(CADENCES.items())

    def languages(self) -> list[tuple[str, str]]:
        return list(settings.LANGUAGES)

    def zones(self) -> list[str]:
        return sorted(each for each in available_timezones() if "/" in each or each == "UTC")

    def check_posts(self) -> None:
        """Note what is wrong with kinds, level, cadence, pause, language and zone."""
        self.problems |= self.posts.problems(now=self.now)

    @property
    def unfolded(self) -> bool:
        """Whether kinds, cadence and the rest are shown at once."""
        return not self.posts.is_plain or bool(set(self.problems) - {"", "address", "topics"})

    def chosen(self) -> list[tuple[str, str]]:
        return self.catalogue.in_words(self.choice.pairs)

    def add(self) -> None:
        """Turn ticks into pairs, for another round."""
        self.choice = TopicChoice(
            SOME, self.choice.pairs, self.choice.services, self.choice.regions
        )
        before = len(self.choice.pairs)
        try:
            self.choice = self.catalogue.added(self.choice)
        except SubscribeError as error:
            self.refuse(error)
            return
        new = len(self.choice.pairs) - before
        self.note = (
            _("Added: %(n)d. Choose more, or go on below.") % {"n": new}
            if new
            else _("Nothing to add: tick a service or a region first.")
        )

    def topics(self) -> list[Topic]:
        """What is wished for; empty and a problem noted if that cannot be."""
        try:
            return self.catalogue.topics(self.choice)
        except SubscribeError as error:
            self.refuse(error)
            return []

    def refuse(self, error: SubscribeError) -> None:
        if error.field == "address":
            self.problems["address"] = _in_a_sentence(error.message)
        else:
            self.problems["topics"] = capfirst(error.message)


@dataclass(slots=True)
class SubscribeForm(TopicForm):
    address: str = ""
    # Asked for alone, instead of topics; `ends_only`: when it is over.
    incident: Incident | None = None
    ends_only: bool = True
    # The field no person sees is filled in.
    trapped: bool = False

    def prefill(self, asked: QueryDict) -> None:
        """What a link of the status page asks for, ticked: `?service=storage&region=west-europe`."""
        if "service" in asked or "region" in asked:
            self.choice = TopicChoice.of(asked)
        self.incident = following.followable(asked.get("incident", ""))

    def read(self, data: QueryDict, *, language: str) -> None:
        self.choice = TopicChoice.of(data)
        self.posts = PostChoices.of(data, language=language)
        if wanted := data.get("incident", ""):
            self.incident = following.followable(wanted)
            self.ends_only = data.get("follow") != "all"
            if self.incident is None:
                self.problems["topics"] = _("This incident is over; choose what else to hear of.")
        self.address = data.get("address", "").strip()[: ADDRESS_INPUT + 1]
        self.trapped = bool(data.get(TRAP))

    def check(self) -> str:
        """The normal form of the address, "" and a problem noted if it is none."""
        if not self.address:
            self.problems["address"] = _("Type your e-mail address.")
            return ""
        if len(self.address) > ADDRESS_INPUT:
            self.problems["address"] = _("The address is too long; use one of at most %(n)d characters.") % {
                "n": addresses.LONGEST
            }  # fmt: skip
            self.address = self.address[:ADDRESS_INPUT]
            return ""
        try:
            return addresses.normalise(self.address)
        except AddressError as error:
            self.problems["address"] = _in_a_sentence(str(error))
            return ""


def _in_a_sentence(message: str) -> str:
    """The messages of `addresses` go on from the name of a field."""
    return _("The address %(problem)s") % {"problem": message}
