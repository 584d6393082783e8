"""Policies by name or from a file, as the commands take them. Pure."""

from __future__ import annotations

from pathlib import Path

from incidents.policy import PRESETS, Policy, PolicyError, load_json, load_yaml, parse_policy
from incidents.policy.documents import decode_text

MAX_POLICY = 64 * 1024  # bytes


def read_policy(name_or_file: str) -> Policy:
    """A built-in policy by name, else the file of that name. Raises PolicyError."""
    if name_or_file in PRESETS:
        return PRESETS[name_or_file]
    source = ascii(name_or_file)[1:-1]
    try:
        with Path(name_or_file).open("rb") as file:
            data = file.read(MAX_POLICY + 1)
    except (OSError, ValueError) as bad:
        why = bad.strerror if isinstance(bad, OSError) else "no file has such a name"
        raise PolicyError(
            f'--policy: "{source}" is neither one of {", ".join(PRESETS)} '
            f"nor a readable file ({why})"
        ) from None
    text = decode_text(data, MAX_POLICY, source, PolicyError)
    load = load_json if Path(name_or_file).suffix == ".json" else load_yaml
    return parse_policy(load(text, source, PolicyError))
