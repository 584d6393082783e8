"""A filled-in form as the arguments of a verb, and a verb's refusal as field errors in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import QueryDict

from incidents.access import OVERRIDE, may
from incidents.models import Impact, Incident, TextTemplate
from incidents.services.desk.text_templates import PlaceholderValues, filled
from incidents.services.errors import EntryError
from incidents.services.inputs import Changes, Declaration, Override, Statement
from incidents.services.tracking import new_tracking_id
from incidents.vocabulary import Kind, Level, Stage, TargetedChannel
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.form.incident_forms import DeclareForm, StatementForm, UpdateForm
from statuspage.desk.form.picker import Cells, Picker

TOKEN = "statuspage.desk.declare"  # noqa: S105 - the salt that sets this use of the key apart
# Where a verb's own name for an input differs from the form's.
FIELDS = {"started_at": "since", "impacts": "services", "zones": "regions"}
# A verb's message that goes on from the name of its input, as in "public_title: is empty; ...".
GOES_ON = ("is ", "has ", "says ", "ends ")


def refuse(form: DeskForm, error: EntryError) -> None:
    """Put a verb's refusal onto its field, or above the form when it has none there."""
    name = FIELDS.get(error.field, error.field)
    message = error.message
    if message.startswith(GOES_ON):
        label = form.fields[name].label if name in form.fields else None
        message = f"{label or name.replace('_', ' ').capitalize()} {message}"
    else:
        message = message[:1].upper() + message[1:]
    form.add_error(name if name in form.fields else None, message)


def fresh_token(user: User) -> str:
    """A tracking ID set aside for one form: whatever is sent twice is declared once."""
    return signing.dumps([new_tracking_id(), user.pk], salt=TOKEN)


def token_id(token: str, user: User) -> str | None:
    """The tracking ID of a form's token; None when it was not made here for this user."""
    try:
        tracking_id, owner = signing.loads(token[:200], salt=TOKEN)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(tracking_id) if owner == user.pk else None


def statement_of(form: StatementForm, values: PlaceholderValues) -> Statement:
    """The texts with their placeholders filled in. Raises EntryError where one has nothing to stand for."""
    said = typed_texts(form)
    public, targeted = (
        filled(field, text, values, language=said.language)
        for field, text in (
            ("public_text", said.public_text),
            ("targeted_text", said.targeted_text),
        )
    )
    return replace(said, public_text=public, targeted_text=targeted)


def typed_texts(form: StatementForm) -> Statement:
    """The texts as they were typed."""
    value = form.cleaned_data
    return Statement(
        value["public_text"],
        value["targeted_text"],
        value["next_update_by"],
        language=value["language"],
    )


def placeholder_values_of(incident: Incident, changes: Changes | None = None) -> PlaceholderValues:
    """What placeholders stand for in a text about an incident, once `changes` are made."""
    impacts = Impact.objects.filter(occurrence__incident=incident)
    is_hit = list(impacts.open().values_list("service_id", "region_id"))
    added = [(hit.service.pk, hit.region.pk) for hit in changes.hits] if changes else []
    return PlaceholderValues(
        tracking_id=incident.tracking_id,
        title=incident.public_title,
        level=changes.level if changes and changes.level else incident.level,
        pairs=is_hit + added or list(impacts.values_list("service_id", "region_id")),
        since=incident.started_at,
        start=incident.scheduled_for,
        end=incident.scheduled_until,
    )


def with_template(data: QueryDict) -> QueryDict:
    """The form's fields with the chosen template's texts put in, behind what was typed."""
    chosen = data.get("template", "")[:18]
    template = TextTemplate.objects.filter(pk=int(chosen)).first() if chosen.isdecimal() else None
    data = data.copy()
    if template is not None:
        for field in ("public_text", "targeted_text"):
            texts = (data.get(field, "").strip(), getattr(template, field))
            data[field] = "\n\n".join(text for text in texts if text)
        data["language"] = template.language
    return data


def override_of(data: QueryDict, user: User) -> Override | None:
    """The switch on a preview; a missing reason is refused by the verb. Raises PermissionDenied."""
    wish = data.get("override")
    if wish not in ("public", "targeted"):
        return None
    if not may(user, OVERRIDE):
        raise PermissionDenied
    return Override(public=wish == "public", reason=data.get("override_reason", ""))


def ticked_cells(form: DeskForm, picker: Picker) -> Cells | None:
    """The ticked cells; None when they cannot be used, and the form says why."""
    try:
        return picker.cells()
    except EntryError as error:
        refuse(form, error)
        return None


def declaration_of(
    form: DeclareForm, cells: Cells, *, now: datetime, tracking_id: str
) -> Declaration:
    """What `declare` takes, from a valid form."""
    value = form.cleaned_data
    planned = value["kind"] == Kind.PLANNED_MAINTENANCE
    started_at = value["scheduled_for"] if planned else value["since"]
    return Declaration(
        kind=value["kind"],
        level=value["level"] or Level.ERROR,
        stage=value["stage"] or first_stage(planned=planned, begun=started_at <= now),
        public_title=value["public_title"],
        internal_title=value["internal_title"],
        hits=cells.hits,
        started_at=started_at,
        detected_at=value["detected_at"],
        scheduled_for=value["scheduled_for"],
        scheduled_until=value["scheduled_until"],
        follows_plan=planned and value["follows_plan"],
        remind_before=value["remind_before"] if planned else None,
        audience=value["audience"],
        dependents=value["dependents"],
        targeted_channel_available=value["targeted_channel_available"],
        platform_fault=value["platform_fault"],
        statement=statement_of(
            form,
            PlaceholderValues(
                tracking_id=tracking_id,
                title=value["public_title"],
                level=value["level"] or Level.ERROR,
                pairs=[(hit.service.pk, hit.region.pk) for hit in cells.hits],
                since=started_at,
                start=value["scheduled_for"],
                end=value["scheduled_until"],
            ),
        ),
        tracking_id=tracking_id,
        drill=value["drill"],
    )


def changes_of(form: UpdateForm, cells: Cells | None) -> Changes:
    """What `post_update` takes, from a valid form."""
    value = form.cleaned_data
    channel = value["targeted_channel"]
    return Changes(
        level=value.get("level") or None,
        dependents=value["dependents"],
        targeted_channel_available=channel == TargetedChannel.AVAILABLE if channel else None,
        hits=cells.hits if cells else (),
        at=value["at"] if cells else None,
    )


def first_stage(*, planned: bool, begun: bool) -> str:
    """The stage of a declaration that names none."""
    if not planned:
        return Stage.INVESTIGATING
    return Stage.IN_PROGRESS if begun else Stage.PLANNED


def repeats(incident: Incident, form: StatementForm, user: User) -> bool:
    """Whether the latest communication is this very form, sent a second time by a double click."""
    last = incident.communications.order_by("-number").first()
    if last is None or last.actor_id != user.pk:
        return False
    stage = form.cleaned_data.get("stage", last.stage)
    public, targeted = (
        form.cleaned_data[name].replace("\r\n", "\n") for name in ("public_text", "targeted_text")
    )
    return (
        stage == last.stage
        and bool(public or targeted)
        and public in ("", last.public_text)
        and targeted in ("", last.targeted_text)
    )
