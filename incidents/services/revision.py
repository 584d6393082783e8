"""The number of the public snapshot. Triggers count it up with every row that changes what the world reads,
in the transaction that writes the row: no verb can forget it, and nothing hidden moves it."""

from __future__ import annotations

from incidents.models import SnapshotChange

CHANNEL = (
    "public_snapshot"  # PostgreSQL notifies it at the commit; a lost notification costs a second
)


def changed_since(number: int, now_at: int) -> set[int] | None:
    """Ids of the incidents that the numbers after `number` up to `now_at` were about.

    None: of anything, or nobody knows any more.
    """
    rows = SnapshotChange.objects.filter(revision__gt=number, revision__lte=now_at)
    found: list[tuple[int, int | None]] = list(rows.values_list("revision", "incident_id"))
    if {revision for revision, _ in found} != set(range(number + 1, now_at + 1)):
        return None
    ids = {incident for _, incident in found if incident is not None}
    return None if any(incident is None for _, incident in found) else ids
