"""What a reader wants to hear of: services x regions, as boxes to tick and as the pairs they mean.

Works without scripts: ticked services and regions are multiplied into pairs, and pairs chosen
earlier travel along as boxes of their own, so that several different combinations are possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby, product

from django.http import QueryDict

from incidents.cells import Cell
from incidents.models import Region, Service
from notifications.subscribers.topics import MOST_TOPICS, SubscribeError, Topic

EVERYTHING, SOME = "everything", "some"
EVERY = "*"


@dataclass(frozen=True, slots=True)
class Option:
    """One box to tick. `words`: everything it can be found by."""

    slug: str
    name: str
    words: str
    checked: bool


@dataclass(frozen=True, slots=True)
class TopicGroup:
    name: str
    options: list[Option]


@dataclass(frozen=True, slots=True)
class TopicChoice:
    """What was ticked: `pairs` of earlier rounds, and `services` x `regions` of this one.

    Of the latter, nothing ticked on one side stands for every one; nothing on both for nothing.
    """

    scope: str = EVERYTHING
    pairs: tuple[Cell, ...] = ()
    services: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: QueryDict) -> TopicChoice:
        """From a posted form. What is no pair at all is dropped: our own form cannot send it."""
        pairs = (value.partition(":") for value in data.getlist("pair"))
        return cls(
            scope=EVERYTHING if data.get("scope") == EVERYTHING else SOME,
            pairs=tuple(dict.fromkeys((a, b) for a, colon, b in pairs if a and colon and b)),
            services=tuple(dict.fromkeys(data.getlist("service"))),
            regions=tuple(dict.fromkeys(data.getlist("region"))),
        )


class TopicCatalogue:
    """The services and regions there are today, read once per request."""

    def __init__(self) -> None:
        self.services = list(
            Service.objects.current()
            .select_related("category")
            .prefetch_related("aliases")
            .order_by("category__position", "position")
        )
        self.regions = list(
            Region.objects.current()
            .select_related("geography")
            .prefetch_related("aliases")
            .order_by("geography__position", "position")
        )
        self._service = {each.slug: each for each in self.services}
        self._region = {each.slug: each for each in self.regions}

    def service_groups(self, choice: TopicChoice) -> list[TopicGroup]:
        return [
            TopicGroup(name, [_option(each, name, choice.services) for each in members])
            for name, members in groupby(self.services, key=lambda each: each.category.name)
        ]

    def region_groups(self, choice: TopicChoice) -> list[TopicGroup]:
        return [
            TopicGroup(name, [_option(each, name, choice.regions) for each in members])
            for name, members in groupby(self.regions, key=lambda each: each.geography.name)
        ]

    def in_words(self, pairs: Iterable[Cell]) -> list[tuple[str, str]]:
        """(value of the box, words) of each pair that the catalogue still has."""
        return [
            (f"{service}:{region}", self.sentence((service, region)))
            for service, region in pairs
            if self._has((service, region))
        ]

    def sentence(self, pair: Cell) -> str:
        """`Storage in every region`."""
        service = "Every service" if pair[0] == EVERY else self._service[pair[0]].name
        region = "every region" if pair[1] == EVERY else self._region[pair[1]].name
        return f"{service} in {region}"

    def added(self, choice: TopicChoice) -> TopicChoice:
        """The choice with its ticks multiplied into pairs. Raises SubscribeError."""
        if not choice.services and not choice.regions:
            return choice
        for slug in choice.services:
            if slug not in self._service:
                raise SubscribeError("topics", f"{slug[:60]!r} is no service any more; untick it.")
        for slug in choice.regions:
            if slug not in self._region:
                raise SubscribeError("topics", f"{slug[:60]!r} is no region any more; untick it.")
        services, regions = choice.services or (EVERY,), choice.regions or (EVERY,)
        if len(services) * len(regions) > MOST_TOPICS:
            raise SubscribeError(
                "topics",
                f"{len(services)} services in {len(regions)} regions are more than {MOST_TOPICS}"
                " choices; tick no region to hear of all of them, or fewer services.",
            )
        pairs = dict.fromkeys((*choice.pairs, *product(services, regions)))
        return replace(choice, pairs=tuple(pairs), services=(), regions=())

    def topics(self, choice: TopicChoice) -> list[Topic]:
        """What the choice means, in ids. Raises SubscribeError; the service checks the rest."""
        if choice.scope == EVERYTHING:
            return [(None, None)]
        pairs = self.added(choice).pairs
        if not pairs:
            raise SubscribeError(
                "topics", "tick at least one service or region, or choose every public post."
            )
        for pair in pairs:
            if not self._has(pair):
                raise SubscribeError(
                    "topics", "a service or region is not there any more; look at your choices."
                )
        return [
            (
                None if service == EVERY else self._service[service].pk,
                None if region == EVERY else self._region[region].pk,
            )
            for service, region in pairs
        ]

    def choice_of(self, topics: Iterable[Topic]) -> TopicChoice:
        """What a subscription looks like in the form; retired services and regions are left out."""
        kept = list(topics)
        if (None, None) in kept:
            return TopicChoice()
        services = {None: EVERY} | {each.pk: each.slug for each in self.services}
        regions = {None: EVERY} | {each.pk: each.slug for each in self.regions}
        pairs = [
            (services[service], regions[region])
            for service, region in kept
            if service in services and region in regions
        ]
        return TopicChoice(scope=SOME, pairs=tuple(pairs))

    def sentences(self, topics: Iterable[Topic]) -> list[str]:
        """What a subscription covers, one sentence a topic."""
        choice = self.choice_of(topics)
        pairs = [(EVERY, EVERY)] if choice.scope == EVERYTHING else choice.pairs
        return [self.sentence(pair) for pair in pairs]

    def _has(self, pair: Cell) -> bool:
        service, region = pair
        return service in {EVERY, *self._service} and region in {EVERY, *self._region}


def _option(each: Service | Region, group: str, checked: tuple[str, ...]) -> Option:
    names = (each.name, group, *(alias.name for alias in each.aliases.all()))
    return Option(each.slug, each.name, " ".join(dict.fromkeys(names)), each.slug in checked)
