"""Statements as planning and claims want them: with their incident and their cells, in one question."""

from __future__ import annotations

from collections.abc import Iterable

from incidents import prepared_statements
from incidents.models import Communication, Incident
from notifications.models.delivery import rows

# Of `c` and its incident `i`, for `from_row`.
COLUMNS = f"""
ARRAY(SELECT service_id FROM incidents_scopecell WHERE communication_id = c.id ORDER BY id),
ARRAY(SELECT region_id FROM incidents_scopecell WHERE communication_id = c.id ORDER BY id),
{rows.columns(Communication, "c")}, {rows.columns(Incident, "i")}
"""  # noqa: S608 - names of columns
_READ = f"""
SELECT {COLUMNS} FROM incidents_communication c JOIN incidents_incident i ON i.id = c.incident_id
WHERE c.id = ANY (%(ids)s::bigint[])
"""  # noqa: S608 - the same
_WIDTH = len(Communication._meta.concrete_fields)


def read(ids: Iterable[int]) -> dict[int, Communication]:
    """By id; as they stand now."""
    found = prepared_statements.answers(_READ, {"ids": prepared_statements.array(ids)})
    return {said.pk: said for said in map(from_row, found)}


def from_row(row: prepared_statements.DatabaseRow) -> Communication:
    services, regions, *values = row
    incident = rows.instance(Incident, values[_WIDTH:])
    said = rows.instance(Communication, values[:_WIDTH], incident=incident)
    said.__dict__["cell_ids"] = list(zip(services, regions, strict=True))
    return said
