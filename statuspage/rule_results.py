"""What the rule tester has found, as a list, a drawing, and the difference between two rules: for portal and desk."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from incidents.models import Incident
from notifications.audience.tenants import tenant_events
from notifications.audience.tenants.tenant_events import Asked, TenantEvent
from notifications.customers.rules import rule_tester
from notifications.customers.rules.alert_rules import Conditions
from notifications.customers.rules.rule_sentence import WAYS
from notifications.customers.rules.rule_tester import Alert, RuleReplay
from notifications.models import Endpoint, Tenant
from statuspage.public.render.table.labels import state_of

NOT_TESTED: dict[str, Any] = {}
LOOKS_BACK = timedelta(days=365)
SHOWN = 50  # events in the table; all are in the drawing
_HEIGHT, _LINE, _LOW, _HIGH = 72, 40, 3, 6


@dataclass(frozen=True, slots=True)
class Told:
    """An event that would have alerted: `first` is when (UTC), `messages` how many to all endpoints together,
    `held` so many of them for the end of quiet hours.
    """

    incident: Incident
    first: datetime
    ways: Sequence[str]
    messages: int
    held: int


@dataclass(frozen=True, slots=True)
class Result:
    """`told`: the events that would have alerted, `shown` more closely SHOWN of them; the newest first.

    `left_out`: events that concern the tenant and would have alerted nobody by this rule.
    """

    told: Sequence[Incident]
    shown: Sequence[Told]
    left_out: Sequence[Incident]
    plot: SafeString

    @property
    def more(self) -> int:
        """So many are not shown."""
        return len(self.told) - len(self.shown)


def result_of(
    concerning: Sequence[TenantEvent], found: RuleReplay, told: Set[int], *, now: datetime
) -> Result:
    """`concerning`: what of that time concerns the tenant and may be seen by whoever asks.

    `told`: what `found` tells of.
    """
    since = now - LOOKS_BACK
    alerted = [each.incident for each in concerning if each.incident.pk in told]
    left_out = [each.incident for each in concerning if each.incident.pk not in told]
    return Result(
        alerted, _told(alerted[:SHOWN], found), left_out, _plot(alerted, left_out, since, now)
    )


def _told(incidents: Sequence[Incident], found: RuleReplay) -> list[Told]:
    by_incident: dict[int, list[Alert]] = {}
    for each in found.alerts([incident.pk for incident in incidents]):
        by_incident.setdefault(each.incident, []).append(each)
    ends = {each.endpoint for alerts in by_incident.values() for each in alerts}
    channel = dict(Endpoint.objects.filter(pk__in=ends).values_list("pk", "channel"))
    return [
        Told(
            incident,
            min(each.leaves_at for each in of_it),
            sorted({WAYS[channel[each.endpoint]].lower() for each in of_it}),
            len(of_it),
            sum(each.held_until is not None for each in of_it),
        )
        for incident in incidents
        for of_it in [by_incident[incident.pk]]
    ]


@dataclass(frozen=True, slots=True)
class Change:
    """What a changed rule tells more and less of than the one that is saved."""

    gained: Sequence[Incident]
    lost: Sequence[Incident]


def tested(
    tenant: Tenant,
    said: Conditions,
    saved: Conditions | None,
    *,
    rule_id: int | None,
    security: bool,
    now: datetime,
) -> dict[str, Any]:
    """What the page of a rule shows of its test, and against the one that is `saved`. Raises EntryError.

    `security`: whether whoever asks may see what is about security.
    """
    since = now - LOOKS_BACK
    concerning = tenant_events.events_for(tenant, Asked(since=since), security=security)
    ask = partial(rule_tester.trial, tenant, since=since, rule_id=rule_id)
    # One may try a rule before one has thought of a name.
    trial = ask(said if said.name.strip() else replace(said, name="(new)"))
    told = trial.told()
    found: dict[str, Any] = {
        "result": result_of(concerning, trial, told, now=now),
        "without_security": not security,
    }
    if saved is not None and saved != said:
        found["change"] = change_between(concerning, ask(saved).told(), told)
    return found


def change_between(concerning: Sequence[TenantEvent], before: Set[int], after: Set[int]) -> Change:
    rows = [each.incident for each in concerning if each.incident.pk in before ^ after]
    return Change(
        [each for each in rows if each.pk in after], [each for each in rows if each.pk in before]
    )


def _plot(
    told: Sequence[Incident], left_out: Sequence[Incident], since: datetime, now: datetime
) -> SafeString:
    """Twelve months from left to right: a mark for the events of each day, big where they would have alerted.

    Classes and presentation attributes only: a strict policy allows no inline style. The table says the same.
    """

    def x(moment: datetime) -> str:
        share = max(0.0, min(1.0, (moment - since) / (now - since)))
        return f"{2 + share * 96:.2f}%"

    days = {each.started_at.date(): each.started_at for each in left_out}
    marks = [f'<circle class="left" cx="{x(at)}" cy="{_LINE}" r="{_LOW}"/>' for at in days.values()]
    by_day: dict[tuple[date, str], list[Incident]] = {}
    for each in told:
        state = state_of(each.kind, each.level)
        by_day.setdefault((each.started_at.date(), state), []).append(each)
    marks += [
        f'<circle class="{state}" cx="{x(found[0].started_at)}" cy="{_LINE}" r="{_HIGH}">'
        f"<title>{escape(found[0].public_title)}{_and_more(len(found) - 1)}</title></circle>"
        for (_, state), found in by_day.items()
    ]
    label = f"{len(told)} events of twelve months would have alerted, {len(left_out)} would not"
    return mark_safe(  # noqa: S308 - titles are escaped, the rest is ours
        f'<svg class="tested" role="img" aria-label="{label}" width="100%" height="{_HEIGHT}">'
        f'<line x1="0" y1="{_LINE}" x2="100%" y2="{_LINE}"/>{"".join(marks)}{_months(since, now, x)}</svg>'
    )


def _and_more(more: int) -> str:
    return f" and {more} more that day" if more else ""


def _months(since: datetime, now: datetime, x: object) -> str:
    found, at = [], since.replace(day=1)
    while at < now:
        at = (at + timedelta(days=32)).replace(day=1)
        if at.month % 3 == 0 and at < now and callable(x):
            found.append(f'<text x="{x(at)}" y="{_HEIGHT - 6}">{at:%b}</text>')
    return "".join(found)
