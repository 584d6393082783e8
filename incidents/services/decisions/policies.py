"""The policy in force, and putting another one into force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Max

from incidents.models import PolicyVersion
from incidents.policy import PRESETS, Policy, PolicyError, parse_policy
from incidents.policy.custom import ADDED_LATER
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text

SHIPPED = PRESETS["recommended"]


def current_policy() -> Policy:
    """The policy in force: the newest version; as shipped, the preset `recommended`."""
    newest = PolicyVersion.objects.order_by("-id").first()
    return _stored(newest) if newest else SHIPPED


@transaction.atomic
def adopt_policy(
    *, document: Mapping[str, Any], reason: str, now: datetime, actor: AbstractBaseUser
) -> PolicyVersion:
    """Put a policy into force from now on; decisions made before keep the version they were made by.

    Its version is the next one of its name. Raises EntryError without a reason, for a policy that
    cannot be (naming field and value), and when nothing would change.
    """
    reason = checked_text("reason", reason, 500)
    if not reason:
        raise EntryError("reason", "is empty; write why the policy changes.")
    with connection.cursor() as cursor:  # one at a time: a version is a number of its own
        cursor.execute("LOCK TABLE incidents_policyversion IN SHARE ROW EXCLUSIVE MODE")
    policy = checked_policy(document)
    if policy.as_dict() | {"version": 0} == current_policy().as_dict() | {"version": 0}:
        raise EntryError("text", "is the policy that is in force already; nothing was changed.")
    return PolicyVersion.objects.create(
        name=policy.name,
        version=policy.version,
        document=policy.as_dict(),
        reason=reason,
        actor_id=actor.pk,
        in_force_from=now,
    )


def changes_by(document: Mapping[str, Any]) -> list[str]:
    """What would differ from the policy in force, a line a field; thresholds part by part. Raises EntryError."""
    before, after = _flat(current_policy().as_dict()), _flat(checked_policy(document).as_dict())
    return [
        f"{name}: {before.get(name, 'off')} -> {after.get(name, 'off')}"
        for name in sorted(before | after)
        if name != "version" and before.get(name) != after.get(name)
    ]


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in document.items():
        parts = value.items() if isinstance(value, dict) else ()
        flat |= {f"{name}.{part}": each for part, each in parts} or {name: value}
    return {name: value for name, value in flat.items() if value is not None}


def checked_policy(document: Mapping[str, Any]) -> Policy:
    """The policy of a document under the next version of its name. Raises EntryError."""
    name = document.get("name")
    version = next_version(name) if isinstance(name, str) else 1
    try:
        return parse_policy({**document, "version": version})
    except PolicyError as error:
        raise EntryError("text", str(error)) from error


def next_version(name: str) -> int:
    """One more than any version of this name, shipped or stored."""
    stored = PolicyVersion.objects.filter(name=name).aggregate(top=Max("version"))["top"] or 0
    shipped = PRESETS[name].version if name in PRESETS else 0
    return int(max(stored, shipped)) + 1


def _stored(version: PolicyVersion) -> Policy:
    """Word for word as stored. Raises PolicyError for a field that is missing: filled in from today's
    preset, a decision would be explained by a rule that nobody put into force."""
    if missing := sorted(SHIPPED.as_dict().keys() - version.document.keys() - ADDED_LATER):
        raise PolicyError(
            f"{missing[0]}: missing in the stored policy {version.name} {version.version};"
            " put a complete one into force"
        )
    return parse_policy(version.document, stored=True)
