"""A policy somebody wrote: checked, and completed from the azure preset."""

from __future__ import annotations

from typing import get_args

from incidents.policy.fields import Fields, PolicyError, show
from incidents.policy.presets import AZURE, PRESETS
from incidents.policy.rules import Combine, Policy, Threshold
from incidents.policy.spread import Spread
from incidents.vocabulary import LEVELS, Extent, Scenario

COMBINES: tuple[Combine, ...] = get_args(Combine)
POLICY_KEYS = tuple(Policy.__dataclass_fields__)
THRESHOLD_KEYS = tuple(Threshold.__dataclass_fields__)
SPREAD_KEYS = tuple(Spread.__dataclass_fields__)
MAX_POLICY_NAME = 60
MAX_VERSION = 2**31 - 1  # a database integer
MAX_COUNT = 100_000
MAX_WAYS = 9
# What policies did not say before these existed, and still mean where they say nothing: no further
# way to be broad, no proposal, one clock for all.
ADDED_LATER = frozenset({"also_broad", "spread", "broad_deadline_minutes"})


def parse_policy(obj: object, *, stored: bool = False) -> Policy:
    """A policy from decoded JSON or YAML: name and version required, the rest as in azure.

    A threshold takes its missing parts from azure's of the same name; null switches it off.
    Raises PolicyError, one line naming field and value. A built-in name with a built-in version
    but other content is refused: a stored decision cites both and must mean one thing. `stored`:
    it was put into force here, before a preset may have taken its version; it means what it says.
    """
    fields = Fields.of(obj, "", POLICY_KEYS, PolicyError, "policy")
    policy = Policy(
        name=fields.name("name", MAX_POLICY_NAME),
        version=fields.whole("version", 1, MAX_VERSION),
        broad=_threshold(fields, "broad", AZURE.broad),
        also_broad=_ways(fields),
        public_review=_threshold(fields, "public_review", AZURE.public_review),
        channel_unavailable=fields.flag("channel_unavailable", AZURE.channel_unavailable),
        audience_unknown=_threshold(fields, "audience_unknown", AZURE.audience_unknown),
        not_platform_fault=_threshold(fields, "not_platform_fault", AZURE.not_platform_fault),
        notice=_threshold(fields, "notice", AZURE.notice),
        security_advisory=_threshold(fields, "security_advisory", AZURE.security_advisory),
        withdraw_after_review=_scenarios(fields),
        spread=_spread(fields),
        broad_deadline_minutes=fields.whole(
            "broad_deadline_minutes", 1, 24 * 60, _deadline(fields)
        ),
        public_deadline_minutes=_deadline(fields),
        preliminary_review_hours=fields.whole(
            "preliminary_review_hours", 1, 24 * 90, AZURE.preliminary_review_hours
        ),
        final_review_days=fields.whole("final_review_days", 1, 365, AZURE.final_review_days),
        withdraw_latest_hours=fields.whole(
            "withdraw_latest_hours", 1, 24 * 90, AZURE.withdraw_latest_hours
        ),
        retention_years=fields.whole("retention_years", 1, 100, AZURE.retention_years),
    )
    preset = None if stored else PRESETS.get(policy.name)
    if preset is not None and policy.version <= preset.version and policy != preset:
        raise fields.refuse(
            "version",
            f'of "{policy.name}" is built in with other content; '
            f"give version {preset.version + 1} or another name",
        )
    if policy.final_review_days * 24 < policy.preliminary_review_hours:
        raise PolicyError(
            f"final_review_days: {policy.final_review_days} ends before "
            f"preliminary_review_hours {policy.preliminary_review_hours}; give more days"
        )
    return policy


def _deadline(fields: Fields) -> int:
    """The one clock of policies that were written before a broad post had one of its own."""
    return fields.whole("public_deadline_minutes", 1, 24 * 60, AZURE.public_deadline_minutes)


def _spread(parent: Fields) -> Spread | None:
    if parent.values.get("spread") is None:
        return AZURE.spread if "spread" not in parent else None
    fields = Fields.of(
        parent.values["spread"], parent.path("spread"), SPREAD_KEYS, PolicyError, "spread"
    )
    return Spread(
        second_region_minutes=fields.whole("second_region_minutes", 0, 24 * 60),
        hard_dependants=fields.whole("hard_dependants", 1, MAX_COUNT),
        zone_to_region=fields.flag("zone_to_region", default=True),
    )


def _ways(fields: Fields) -> tuple[Threshold, ...]:
    value = fields.values.get("also_broad", list(AZURE.also_broad))
    if not isinstance(value, list | tuple) or len(value) > MAX_WAYS:
        raise fields.refuse("also_broad", f"is not a list of at most {MAX_WAYS} thresholds")
    at = fields.path("also_broad")
    return tuple(_read(each, f"{at}[{index}]", None) for index, each in enumerate(value))


def _threshold(parent: Fields, name: str, base: Threshold | None) -> Threshold | None:
    if name not in parent:
        return base
    if parent.values[name] is None:
        return None
    return _read(parent.values[name], parent.path(name), base)


def _read(value: object, at: str, base: Threshold | None) -> Threshold:
    fields = Fields.of(value, at, THRESHOLD_KEYS, PolicyError, "threshold")
    return Threshold(
        level=fields.choice("level", LEVELS, base.level if base else None),
        services=fields.whole("services", 1, MAX_COUNT, base.services if base else None),
        regions=_regions(fields, base),
        extent=fields.choice("extent", tuple(Extent), base.extent if base else None),
        combine=fields.choice("combine", COMBINES, base.combine if base else None),
        named_only=fields.flag("named_only", base.named_only if base else False),
    )


def _regions(fields: Fields, base: Threshold | None) -> int | None:
    if "regions" not in fields and base is not None:
        return base.regions
    if fields.required("regions", "a whole number of 2 or more, or null") is None:
        return None
    return fields.whole("regions", 2, MAX_COUNT)


def _scenarios(fields: Fields) -> tuple[Scenario, ...]:
    if "withdraw_after_review" not in fields:
        return AZURE.withdraw_after_review
    value = fields.values["withdraw_after_review"]
    if not isinstance(value, list | tuple):
        raise fields.refuse("withdraw_after_review", "is not a list of scenarios (2, 3)")
    for index, item in enumerate(value):
        # Scenario 1 is out: its entry is the public record and stays.
        if not isinstance(item, int) or item not in tuple(Scenario)[1:]:
            raise PolicyError(f"withdraw_after_review[{index}]: {show(item)} is not one of 2, 3")
    return tuple(scenario for scenario in Scenario if scenario in value)
