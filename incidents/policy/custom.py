"""A policy somebody wrote: checked, and completed from the azure preset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from incidents.policy.presets import AZURE, PRESETS
from incidents.policy.rules import Policy
from incidents.validation import RefusedError, read
from incidents.vocabulary import Scenario

# What policies did not say before these existed, and still mean where they say nothing: no further
# way to be broad, no proposal, one clock for all, no cadence.
ADDED_LATER = frozenset({"also_broad", "spread", "broad_deadline_minutes", "update_cadence"})


class PolicyError(RefusedError):
    """A policy that is malformed or impossible."""


def parse_policy(obj: object, *, stored: bool = False) -> Policy:
    """A policy from decoded JSON or YAML: name and version required, the rest as in azure.

    A threshold takes its missing parts from azure's of the same name; null switches it off.
    Raises PolicyError, one line naming field and value. A built-in name with a built-in version
    but other content is refused: a stored decision cites both and must mean one thing. `stored`:
    it was put into force here, before a preset may have taken its version; it means what it says.
    """
    policy = read(_completed(obj), Policy, PolicyError, at="", noun="policy")
    leaving = tuple(each for each in Scenario if each in policy.withdraw_after_review)
    policy = replace(policy, withdraw_after_review=leaving)
    preset = None if stored else PRESETS.get(policy.name)
    if preset is not None and policy.version <= preset.version and policy != preset:
        raise PolicyError(
            f'version: {policy.version} of "{policy.name}" is built in with other content; '
            f"give version {preset.version + 1} or another name",
        )
    if policy.final_review_days * 24 < policy.preliminary_review_hours:
        raise PolicyError(
            f"final_review_days: {policy.final_review_days} ends before "
            f"preliminary_review_hours {policy.preliminary_review_hours}; give more days"
        )
    return policy


OWN = ("name", "version", "broad_deadline_minutes")  # have no default, or one of their own
_PRESET = {name: part for name, part in AZURE.as_dict().items() if name not in OWN}


def _completed(obj: object) -> object:
    """With what it does not say: as azure has it, a threshold part by part."""
    if not isinstance(obj, Mapping):
        return obj
    document = {**_PRESET, **obj}
    for name, part in obj.items():
        preset = _PRESET.get(name)
        if isinstance(part, Mapping) and isinstance(preset, Mapping):
            document[name] = {**preset, **part}
    # Policies that were written before a broad post had a clock of its own have one clock.
    if "broad_deadline_minutes" not in obj:
        document["broad_deadline_minutes"] = document["public_deadline_minutes"]
    return document
