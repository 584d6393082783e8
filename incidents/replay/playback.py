"""Plays a recording on the live system: the same verbs an operator uses, at a faster clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from incidents.models import Incident, Region, Service
from incidents.replay.recordings import Moment, Recording
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Changes, Declaration, Hit, Statement
from incidents.vocabulary import Audience, Stage


def play(
    recording: Recording,
    *,
    clock: Callable[[], datetime],
    wait: Callable[[float], None],
    speed: float,
    actor: AbstractBaseUser | None,
) -> Iterator[tuple[Moment, Incident]]:
    """Live through the moments, `speed` times faster than they were; yields each after it happened.

    The incident starts when its first moment does, is declared at the first moment that is not
    silent, and carries the moments' texts. `wait` gets seconds.
    """
    incident: Incident | None = None
    started_at = clock()
    unseen: list[Moment] = []
    before = recording.moments[0].at
    for moment in recording.moments:
        wait((moment.at - before).total_seconds() / speed)
        before = moment.at
        if moment.silent:
            unseen.append(moment)
            continue
        if incident is None:
            incident = _declare(recording, [*unseen, moment], started_at, clock(), actor)
        else:
            _advance(incident, moment, clock(), actor)
        yield moment, incident


def _declare(
    recording: Recording,
    moments: list[Moment],
    started_at: datetime,
    now: datetime,
    actor: AbstractBaseUser | None,
) -> Incident:
    latest = moments[-1]
    level = next((m.level for m in reversed(moments) if m.level), "warning")
    return declare(
        declaration=Declaration(
            level=level,
            public_title=recording.title,
            hits=[hit for moment in moments for hit in _hits(moment)],
            started_at=started_at,
            stage=latest.stage or Stage.INVESTIGATING,
            audience=latest.audience or Audience.UNKNOWN,
            dependents=latest.dependents or 0,
            statement=_statement(latest),
        ),
        now=now,
        actor=actor,
    )


def _advance(
    incident: Incident, moment: Moment, now: datetime, actor: AbstractBaseUser | None
) -> None:
    if moment.recovered:
        recover(
            incident_id=incident.pk,
            regions=list(Region.objects.filter(slug__in=moment.recovered)),
            at=now,
            now=now,
            statement=_statement(moment),
            actor=actor,
        )
    else:
        post_update(
            incident_id=incident.pk,
            stage=moment.stage,
            statement=_statement(moment),
            changes=Changes(
                level=moment.level,
                audience=moment.audience,
                dependents=moment.dependents,
                hits=_hits(moment),
            ),
            now=now,
            actor=actor,
        )


def _statement(moment: Moment) -> Statement:
    return Statement(public_text=moment.public_text, targeted_text=moment.targeted_text)


def _hits(moment: Moment) -> list[Hit]:
    services = {s.slug: s for s in Service.objects.filter(slug__in=[h.service for h in moment.hit])}
    regions = {r.slug: r for r in Region.objects.filter(slug__in=[h.region for h in moment.hit])}
    for hit in moment.hit:
        for kind, slug, known in (
            ("service", hit.service, services),
            ("region", hit.region, regions),
        ):
            if slug not in known:
                raise EntryError(
                    kind, f"{slug!r} is not in the loaded catalogue; load the shipped one."
                )
    return [
        Hit(services[hit.service], regions[hit.region], extent=hit.extent, level=hit.level)
        for hit in moment.hit
    ]
