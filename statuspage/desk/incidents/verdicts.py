"""A verdict in words: from the JSON that a decision stores, so that old ones read like new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from incidents.models import Decision

SCENARIOS = {1: "broad impact", 2: "targeted channel unavailable", 3: "audience unknown"}
RULES = {
    "once-broad": "once broad, the post stays",
    "already-public": "public already, the post stays",
    "false-positive": "false positive: retraction",
    "not-platform-fault": "advisory, cause outside the platform",
    "planned-maintenance": "planned maintenance",
    "health-advisory": "health advisory",
    "security-advisory": "security advisory",
}
REVIEWS = {
    "public": "public review",
    "targeted": "review for the affected only",
    "none": "no review",
}
EXTENTS = {"subset": "part of a region", "zone": "a whole zone", "region": "a whole region"}
CHANNELS = {"available": "working", "unavailable": "not working"}


@dataclass(frozen=True, slots=True)
class VerdictView:
    """What the policy says. `changes`: what would change it, one sentence each."""

    public: bool
    headline: str
    review: str
    because: list[str]
    changes: list[str]
    needs_confirmation: bool
    policy: str


def verdict_view(verdict: Mapping[str, Any]) -> VerdictView:
    return VerdictView(
        public=verdict["public"],
        headline=verdict_headline(verdict),
        review=REVIEWS[verdict["review"]].capitalize(),
        because=list(verdict["because"]),
        changes=[
            _change(change)
            for change in verdict["would_change_if"]
            # Planned work has no level that anybody could state otherwise.
            if (verdict["rule"], change["fact"]) != ("planned-maintenance", "level")
        ],
        needs_confirmation=verdict["needs_confirmation"],
        policy=f"{verdict['policy']}, version {verdict['policy_version']}",
    )


def verdict_headline(verdict: Mapping[str, Any]) -> str:
    """`PUBLIC – scenario 1, broad impact` or `TARGETED ONLY`."""
    if not verdict["public"]:
        return "TARGETED ONLY"
    scenario = verdict["scenario"]
    if scenario is not None:
        return f"PUBLIC – scenario {scenario}, {SCENARIOS[scenario]}"
    rule = RULES.get(verdict.get("rule", ""))
    return f"PUBLIC – {rule}" if rule else "PUBLIC"


def chosen_headline(decision: Decision) -> str:
    """What was made of the verdict by a person, or the verdict itself."""
    if decision.override_public is None or decision.override_public == decision.public:
        return verdict_headline(decision.verdict)
    return "PUBLIC – by override" if decision.override_public else "TARGETED ONLY – by override"


def _change(change: Mapping[str, Any]) -> str:
    before, after = change["from"], change["to"]
    condition = {
        "level": f"the level were {str(after).capitalize()}",
        "services": f"{after} {'service' if after == 1 else 'services'} were affected, not {before}",
        "regions": f"{after} {'region' if after == 1 else 'regions'} were affected, not {before}",
        "extent": f"the impact were at most {EXTENTS.get(after, after)}",
        "audience": f"the audience were {after}",
        "targeted_channel": f"the targeted channel were {CHANNELS.get(after, after)}",
    }[change["fact"]]
    outcome = verdict_headline({**change, "rule": ""})
    left = "; withdrawn after the review" if change["withdraw_after_review"] else ""
    return f"If {condition}: {outcome}, {REVIEWS[change['review']]}{left}."
