"""The level of an incident, and how it follows the spread while nobody has looked at it."""

from __future__ import annotations

from incidents.models import Impact, Incident
from incidents.services.decisions import decision_recording
from incidents.services.decisions.derivation import derive
from incidents.services.decisions.policies import current_policy


def has_operator(incident: Incident) -> bool:
    """Whether a person has said or decided anything about it."""
    return (
        incident.communications.filter(actor__isnull=False).exists()
        or incident.decisions.filter(actor__isnull=False).exists()
    )


def follow_spread(incident: Incident) -> None:
    """A Warning that a monitor found and that spreads is an Error by itself, where the policy says so.

    A person is asked instead, as soon as one has the incident.
    """
    if not incident.automated or has_operator(incident):
        return
    impacts = decision_recording.last_impacts(incident)
    proposal = derive(incident, impacts, current_policy()).proposal
    if proposal is not None:
        change_level(incident, proposal.level, because=proposal.because)


def change_level(incident: Incident, level: str, *, because: str) -> None:
    """Open impacts at the incident's level go with it, as those do whose level was never stated."""
    if level != incident.level:
        Impact.objects.filter(occurrence__incident=incident, level=incident.level).open().update(
            level=level
        )
    incident.level, incident.level_because = level, because
