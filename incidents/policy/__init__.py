"""Who is told: facts in, verdict out. Pure: no clock, no database, no name look-ups, no I/O.

    facts.py       what is known of an incident, checked           parse_facts, Facts
    rules.py       thresholds and policies, as data                Policy, Threshold
    presets.py     azure, google, aws and our own, recommended     PRESETS
    custom.py      a policy somebody wrote                         parse_policy
    verdict.py     the decision                                    decide, Verdict
    neighbours.py  the same facts, one step away                  neighbours, Counterfactual
    spread.py      a level proposed from how it spreads                 proposed_level
    explain.py     the decision with its reasons                   explain, Explanation
    reasons.py     the sentences
    documents.py   JSON and YAML text to plain objects

`decide` is the fast road (a bare verdict); `explain` also says why, what would change it and
whether a person should look first.
"""

from __future__ import annotations

from incidents.policy.custom import PolicyError, parse_policy
from incidents.policy.documents import load_json, load_yaml
from incidents.policy.explain import Explanation, VerdictChange, explain
from incidents.policy.facts import Facts, FactsError, ImpactFact, parse_facts
from incidents.policy.neighbours import Counterfactual, neighbours
from incidents.policy.presets import PRESETS
from incidents.policy.rules import Policy, Size, Threshold, measure
from incidents.policy.spread import Growth, LevelProposal, Spread, proposed_level, spreading_minutes
from incidents.policy.verdict import Outcome, Verdict, decide
from incidents.validation import RefusedError

__all__ = [
    "PRESETS",
    "Counterfactual",
    "Explanation",
    "Facts",
    "FactsError",
    "Growth",
    "ImpactFact",
    "LevelProposal",
    "Outcome",
    "Policy",
    "PolicyError",
    "RefusedError",
    "Size",
    "Spread",
    "Threshold",
    "Verdict",
    "VerdictChange",
    "decide",
    "explain",
    "load_json",
    "load_yaml",
    "measure",
    "neighbours",
    "parse_facts",
    "parse_policy",
    "proposed_level",
    "spreading_minutes",
]
