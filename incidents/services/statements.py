"""Writing a communication: checked text, its number, its scope, and whether the world reads it now."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser

from incidents.cells import CellIds
from incidents.models import Communication, Decision, Impact, Incident, ScopeCell
from incidents.review_deadlines import promise_carried
from incidents.services.errors import EntryError
from incidents.signals import send_signal
from incidents.vocabulary import CommunicationKind
from incidents.wording import WordingFacts, written

TEXT_LENGTH = 20_000
REVIEW_LENGTH = 500_000


def checked_text(field: str, text: str, most: int = TEXT_LENGTH, *, lines: bool = True) -> str:
    """The text without surrounding blanks; control characters and giants are refused."""
    text = text.replace("\r\n", "\n").strip()
    allowed = "\n\t" if lines else ""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in allowed:
            raise EntryError(field, f"has the control character U+{ord(character):04X}; remove it.")
    if any(_leaves_direction_open(line) for line in text.split("\n")):
        raise EntryError(
            field,
            "turns the direction of writing and does not turn it back; remove the invisible characters.",
        )
    if len(text) > most:
        raise EntryError(field, f"has {len(text)} characters; shorten it to {most}.")
    return text


def _leaves_direction_open(line: str) -> bool:
    """Whether what begins a direction of writing (UAX 9) is not ended in the line: it would turn what follows."""
    ends: list[str] = []
    for character in line:
        if character in "\u202a\u202b\u202d\u202e":
            ends.append("\u202c")
        elif character in "\u2066\u2067\u2068":
            ends.append("\u2069")
        elif character in "\u202c\u2069" and (not ends or ends.pop() != character):
            return True
    return bool(ends)


def scope_of(incident: Incident) -> list[CellIds]:
    """The cells hit in the open windows, or in all of them when none is open."""
    impacts = Impact.objects.filter(occurrence__incident=incident)
    cells = impacts.open().values_list("service_id", "region_id")
    return list(dict.fromkeys(cells or impacts.values_list("service_id", "region_id")))


def write_communication(
    incident: Incident,
    *,
    stage: str,
    public_text: str,
    targeted_text: str,
    at: datetime,
    now: datetime,
    actor: AbstractBaseUser | None,
    kind: str = CommunicationKind.UPDATE,
    decision: Decision | None = None,
    next_update_by: datetime | None = None,
    automated: bool = False,
    scope: Iterable[CellIds] | None = None,
    public_facts: Sequence[WordingFacts] = (),
    targeted_facts: Sequence[WordingFacts] = (),
    language: str = "en",
) -> Communication:
    """Append a statement; the incident row must be locked. Rings the bell after commit.

    The public text goes out at once when the incident is public; otherwise it is kept unposted. An empty text
    is written from the facts given for it, which are kept, so that it can be read in other languages, too.
    No statement is earlier than the one before it: a clock that is behind is raised. A promised next update
    that is not due yet stays promised, unless this is the end.
    """
    public_text = checked_text("public_text", public_text)
    most = REVIEW_LENGTH if kind == CommunicationKind.REVIEW else TEXT_LENGTH
    targeted_text = checked_text("targeted_text", targeted_text, most)
    written_from = {}
    if public_facts and public_text in ("", from_facts := written(public_facts)):
        public_text, written_from["public"] = from_facts, [one.as_json() for one in public_facts]
    if targeted_facts and targeted_text in ("", from_facts := written(targeted_facts)):
        targeted_text = from_facts
        written_from["targeted"] = [one.as_json() for one in targeted_facts]
    if next_update_by is not None and next_update_by > now + timedelta(days=366):
        raise EntryError("next_update_by", f"{next_update_by.year} is far away; check the year.")
    if next_update_by is not None and next_update_by <= now:
        raise EntryError(
            "next_update_by", f"{next_update_by:%H:%M} UTC is already over; promise a later time."
        )
    last = incident.communications.order_by("-number").first()
    if last is not None:
        at = max(at, last.at)
        if next_update_by is None and incident.closed_at is None:
            next_update_by = promise_carried(last.next_update_by, now)
    posted = incident.published_at is not None and incident.withdrawn_at is None
    communication = Communication.objects.create(
        incident=incident,
        number=last.number + 1 if last is not None else 1,
        kind=kind,
        stage=stage,
        public_text=public_text,
        targeted_text=targeted_text,
        written_from=written_from,
        language=language,
        at=at,
        public_at=max(now, at) if posted and public_text else None,
        next_update_by=next_update_by,
        decision=decision,
        actor_id=actor.pk if actor else None,
        automated=automated,
    )
    ScopeCell.objects.bulk_create(
        ScopeCell(communication=communication, service_id=service, region_id=region)
        for service, region in (scope if scope is not None else scope_of(incident))
    )
    send_signal(communication.pk)
    return communication
