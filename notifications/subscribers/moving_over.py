"""Subscribers of another page, from CSV: with proof of consent they go on, without it they are asked by mail.

Columns `address`, and as far as known `consented_at` (ISO 8601), `consent` (how and where they agreed), `language`,
`services` and `regions` (slugs, separated by blanks; empty: every one). The proof is kept with the address.
Who has left or is suppressed here stays so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product

from django.conf import settings
from django.db import transaction

from incidents.models import Region, Service
from incidents.texts.csv_rows import heading, rows
from notifications.channels import endpoints
from notifications.models import Channel, PublicTopic
from notifications.subscribers import subscribe
from notifications.subscribers.post_choices import PostChoices
from notifications.subscribers.topics import MOST_TOPICS, Topic
from notifications.vocabulary.addresses import AddressError, normalise

COLUMNS = ("address", "consented_at", "consent", "language", "services", "regions")
MOST_FAULTS = 20
CONSENT_LENGTH = 300


class SubscriberFileError(ValueError):
    """Faults of a file, a line each, naming line, field, value and remedy; nothing was stored."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass
class Moved:
    """`subscribed`: with proof; `asked`: get a confirmation mail; `kept`: here already, or left before."""

    subscribed: int = 0
    asked: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    address: str
    consented_at: datetime | None
    consent: str
    language: str
    topics: list[Topic] = field(default_factory=list)


@transaction.atomic
def import_subscribers(*, lines: Iterable[str], now: datetime, dry_run: bool = False) -> Moved:
    """Take over readers of public posts, all or nothing; again changes nothing. Raises SubscriberFileError."""
    moved = Moved()
    for row in _read(lines, now):
        endpoint = endpoints.find(Channel.MAIL, row.address)
        if endpoint and (
            endpoint.topics.exists() or endpoint.left_posts_at or endpoint.suppressed_at
        ):
            moved.kept += 1
        elif row.consented_at is None:
            subscribe.request(
                address=row.address,
                topics=row.topics,
                now=now,
                choices=PostChoices(language=row.language),
            )
            moved.asked += 1
        else:
            if endpoint is None:
                endpoint, _ = endpoints.create(
                    channel=Channel.MAIL,
                    address=row.address,
                    tenant=None,
                    language=row.language,
                    now=now,
                )
            endpoint.confirmed_at = endpoint.confirmed_at or row.consented_at
            endpoint.consent = row.consent
            endpoint.save(update_fields=["confirmed_at", "consent"])
            PublicTopic.objects.bulk_create(
                PublicTopic(endpoint=endpoint, service_id=service, region_id=region)
                for service, region in row.topics
            )
            moved.subscribed += 1
    if dry_run:
        transaction.set_rollback(True)
    return moved


def _read(lines: Iterable[str], now: datetime) -> list[_Row]:
    services = dict(Service.objects.current().values_list("slug", "pk"))
    regions = dict(Region.objects.current().values_list("slug", "pk"))
    faults: list[str] = []
    found: dict[str, _Row] = {}
    names: list[str] = []
    for line, cells in rows(lines, COLUMNS):
        if not names:
            names = [heading(cell) for cell in cells]
            if "address" not in names:
                raise SubscriberFileError([f"line {line}: has no column address; name it so."])
            continue
        values = dict(zip(names, cells, strict=False))
        try:
            row = _row(values, services, regions, now)
            found.setdefault(row.address.lower(), row)
        except ValueError as error:
            faults.append(f"line {line}: {error}")
    if faults:
        more = (
            [f"… and {len(faults) - MOST_FAULTS} more faults."] if len(faults) > MOST_FAULTS else []
        )
        raise SubscriberFileError(faults[:MOST_FAULTS] + more)
    return list(found.values())


def _row(
    values: Mapping[str, str],
    services: Mapping[str, int],
    regions: Mapping[str, int],
    now: datetime,
) -> _Row:
    try:
        address = normalise(values.get("address", ""))
    except AddressError as error:
        raise ValueError(f"address: {error}") from error
    language = values.get("language") or "en"
    if language not in dict(settings.LANGUAGES):
        raise ValueError(f"language: {language[:20]!r} is not known; leave it empty.")
    consent = values.get("consent", "")[:CONSENT_LENGTH]
    at = _moment(values.get("consented_at", ""), now)
    if (at is None) != (not consent):
        raise ValueError(
            "consent: give both consent and consented_at, or neither; then they are asked."
        )
    wanted_services = _slugs("services", values.get("services", ""), services)
    wanted_regions = _slugs("regions", values.get("regions", ""), regions)
    topics = list(product(wanted_services or [None], wanted_regions or [None]))
    if len(topics) > MOST_TOPICS:
        raise ValueError(f"services: {len(topics)} pairs are too many; leave one of the two empty.")
    return _Row(address, at, consent, language, topics)


def _moment(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"consented_at: {text[:40]!r} is no time; write 2025-03-01T09:00:00Z."
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > now:
        raise ValueError(f"consented_at: {text[:40]!r} lies in the future; correct it.")
    return moment


def _slugs(name: str, text: str, known: Mapping[str, int]) -> list[int | None]:
    wanted = text.split()
    if missing := [slug for slug in wanted if slug not in known]:
        raise ValueError(f"{name}: {missing[0][:60]!r} is not in the catalogue; correct it.")
    return [known[slug] for slug in dict.fromkeys(wanted)]
