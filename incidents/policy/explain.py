"""The decision with its reasons: why, what would change it, and whether a person should look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from incidents.policy.facts import Facts
from incidents.policy.neighbours import Counterfactual, neighbours
from incidents.policy.reasons import because, borderline
from incidents.policy.rules import Policy, condensed, measure
from incidents.policy.verdict import Outcome, Verdict, decide

# Numbers that are estimates in the first hour; the other facts are known or they are not.
ESTIMATED = frozenset({"services", "regions", "extent"})


class VerdictChange(NamedTuple):
    """One notch and the different outcome it leads to."""

    counterfactual: Counterfactual
    outcome: Outcome

    def as_dict(self) -> dict[str, object]:
        return {
            "fact": self.counterfactual.fact,
            "from": self.counterfactual.before,
            "to": self.counterfactual.after,
            **self.outcome._asdict(),
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict and everything to be said about it."""

    verdict: Verdict
    needs_confirmation: bool
    because: tuple[str, ...]
    would_change_if: tuple[VerdictChange, ...]

    def as_dict(self) -> dict[str, object]:
        """The JSON that `manage.py decide` prints; keys and their order are stable."""
        verdict = self.verdict
        return {
            "scenario": verdict.scenario,
            "scenarios": list(verdict.scenarios),
            "public": verdict.public,
            "targeted": verdict.targeted,
            "review": verdict.review,
            "withdraw_after_review": verdict.withdraw_after_review,
            "needs_confirmation": self.needs_confirmation,
            "rule": verdict.rule,
            "because": list(self.because),
            "would_change_if": [change.as_dict() for change in self.would_change_if],
            "policy": verdict.policy,
            "policy_version": verdict.policy_version,
        }


def explain(facts: Facts, policy: Policy) -> Explanation:
    """Decide, and try every notch.

    `would_change_if`: each neighbour whose outcome (scenario, public, review, withdrawal)
    differs. `needs_confirmation`: one notch of services, regions or extent flips *public*.
    """
    few = condensed(facts)
    verdict = decide(few, policy)
    here = verdict.outcome
    changes: list[VerdictChange] = []
    for counterfactual, nearby in neighbours(few):
        there = decide(nearby, policy).outcome
        if there != here:
            changes.append(VerdictChange(counterfactual, there))
    flips = [
        change.counterfactual
        for change in changes
        if change.counterfactual.fact in ESTIMATED and change.outcome.public != here.public
    ]
    reasons = because(few, policy, measure(few), verdict)
    if flips:
        reasons = (*reasons, borderline(flips, verdict.public))
    return Explanation(verdict, bool(flips), reasons, tuple(changes))
