"""One policy many times, with each value of one of its numbers. Pure."""

from __future__ import annotations

import re
from typing import Any

from incidents.policy import Policy, PolicyError, parse_policy

RANGE = re.compile(r"(?P<path>[a-z_]+(?:\.(?:[a-z_]+|\d))*)=(?P<low>\d+)-(?P<high>\d+)")
MOST = 50


def swept(policy: Policy, sweep: str) -> list[Policy]:
    """For `broad.services=2-10` nine policies, named after the value. Raises PolicyError."""
    found = RANGE.fullmatch(sweep)
    if found is None:
        raise PolicyError(f"--sweep: {sweep!a} is no range; write broad.services=2-10")
    path = found["path"].split(".")
    values = range(int(found["low"]), int(found["high"]) + 1)
    if not 0 < len(values) <= MOST:
        raise PolicyError(f"--sweep: {sweep!a} has {len(values)} values; give 1 to {MOST}")
    return [_with(policy, path, value) for value in values]


def _with(policy: Policy, path: list[str], value: int) -> Policy:
    document = policy.as_dict() | {"name": f"{policy.name} {'.'.join(path)}={value}"[:60]}
    part: Any = document
    try:
        for name in path[:-1]:
            part = part[int(name) if isinstance(part, list | tuple) else name]
        if isinstance(part[path[-1]], bool) or not isinstance(part[path[-1]], int):
            raise TypeError
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise PolicyError(
            f"--sweep: {'.'.join(path)} is no number of {policy.name}; name one that is"
        ) from error
    part[path[-1]] = value
    return parse_policy(document)
