"""Posts that go out later: in some seconds, so that they can be taken back, or at a time that somebody chose.

Until then nothing is written but the row that waits: pages, mails and API know nothing of it. `now` and `due_at` are
UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from incidents import access, lifecycle
from incidents.models import Communication, FormDraft, Incident, ScheduledPost
from incidents.services import incident as incidents
from incidents.services.access import proposals
from incidents.services.access.audit_trail import acting
from incidents.services.desk import drafts
from incidents.services.errors import EntryError
from incidents.services.incident import locked
from incidents.services.scheduled import verbs
from incidents.services.scheduled.series import waiting_windows
from incidents.services.visibility import turned_public

LATEST = timedelta(days=366)
State = ScheduledPost.State
Fields = Mapping[str, Sequence[str]]


def open_posts() -> QuerySet[ScheduledPost]:
    """What waits and what is held, the next one first."""
    return (
        ScheduledPost.objects.filter(state__in=(State.WAITING, State.HELD))
        .select_related("by", "incident")
        .order_by("due_at", "id")
    )


def later(incident_id: int | None = None) -> list[ScheduledPost]:
    """What goes out at a time that somebody chose, and what is held; of one incident or of all.

    `windows`: how many are left of the series that a post belongs to.
    """
    waits = list(open_posts().exclude(brief=True, state=State.WAITING))
    windows = Counter(each.series for each in waits if each.series)
    for each in waits:
        each.windows = windows[each.series] or 1
    return [each for each in waits if incident_id in (None, each.incident_id)]


def undoable(user_id: int) -> list[ScheduledPost]:
    """What this person has sent and can still take back; what of it is held, too."""
    return list(open_posts().filter(by=user_id, brief=True))


def just_sent(user_id: int, *, now: datetime) -> list[ScheduledPost]:
    """What went out within the last seconds and could have been taken back by this person until then."""
    since = now - timedelta(seconds=20)
    sent = ScheduledPost.objects.filter(by=user_id, brief=True, state=State.SENT)
    return list(sent.filter(settled_at__gte=since).order_by("id"))


def same_post(*, page: str, fields: Fields, actor: User) -> ScheduledPost | None:
    """The waiting post that came from this very form: it was sent twice."""
    given = {key: list(values) for key, values in fields.items()}
    return open_posts().filter(state=State.WAITING, page=page, fields=given, by=actor).first()


@transaction.atomic
def schedule(
    *,
    verb: partial[Any],
    tracking_id: str,
    due_at: datetime,
    brief: bool,
    turns_public: bool = False,
    page: str,
    form: str,
    fields: Fields,
    now: datetime,
    actor: User,
) -> ScheduledPost:
    """Keep a verb until `due_at`; `turns_public`: as it was tried. Raises EntryError for a time that is over or more
    than a year away."""
    _check_due(due_at, now)
    name, arguments = verbs.as_json(verb)
    incident = Incident.objects.filter(tracking_id=tracking_id).first()
    return ScheduledPost.objects.create(
        incident=incident,
        tracking_id=tracking_id,
        verb=name,
        arguments=arguments,
        page=page,
        form=form,
        fields={key: list(values) for key, values in fields.items()},
        standing=_standing(incident),
        brief=brief,
        turns_public=turns_public,
        due_at=due_at,
        by=actor,
        made_at=now,
    )


def send_due(*, now: datetime) -> list[ScheduledPost]:
    """Carry out what is due, in its order; what cannot be is held. Safe to run twice, late, or beside itself."""
    due = open_posts().filter(state=State.WAITING, due_at__lte=now).values_list("pk", flat=True)
    done = [_carry_out(pk, Q(due_at__lte=now), now) for pk in list(due)]
    return [post for post in done if post is not None]


def send_now(
    *, post_id: int, now: datetime, actor: User, second: bool = True
) -> ScheduledPost | None:
    """Carry it out at once, also what is held; None when it is settled already. Raises EntryError if refused.

    `second`: whether `actor` counts as a second person beside whoever sent it; a script does not.
    """
    return _carry_out(post_id, Q(), now, by_hand=actor, second=second)


def send_own(*, incident_id: int, now: datetime, actor: User) -> None:
    """What this person has just sent about an incident goes out before they do the next thing to it.

    Call it under the incident's lock. Raises EntryError if it is refused.
    """
    own = open_posts().filter(incident=incident_id, by=actor, brief=True, state=State.WAITING)
    for pk in list(own.values_list("pk", flat=True)):
        send_now(post_id=pk, now=now, actor=actor)


def needs(post_id: int) -> tuple[str, ...]:
    """The permissions of whoever has an open post carried out; none for one that is settled."""
    post = open_posts().filter(pk=post_id).first()
    return verbs.needs(post.verb, post.arguments) if post else ()


def asks_where(post_id: int) -> bool:
    """Whether it would take up again, by now, what is over, without a word about where impact is back."""
    post = open_posts().filter(pk=post_id).first()
    if post is None or post.incident is None or post.verb != incidents.post_update.__name__:
        return False
    arguments = post.arguments
    stage, changes = arguments.get("stage") or post.incident.stage, arguments.get("changes")
    hits = verbs.from_json(post.verb, arguments).keywords["changes"].hits if changes else ()
    told = hits or "everywhere" in post.fields
    return lifecycle.reopens(post.incident.stage, stage) and not told


@transaction.atomic
def move(*, post_id: int, due_at: datetime, now: datetime) -> ScheduledPost | None:
    """Another time; what is held waits again. None when it is settled. Raises EntryError as `schedule` does."""
    _check_due(due_at, now)
    post = _locked(post_id, Q())
    if post is not None:
        post.due_at, post.state, post.why, post.brief = due_at, State.WAITING, "", False
        post.standing = _standing(post.incident)
        post.save()
    return post


@transaction.atomic
def take_back(*, post_id: int, now: datetime, actor: User) -> FormDraft | None:
    """Never say it: what was typed is a draft of `actor` again. None when it has been sent or taken back."""
    post = _locked(post_id, Q())
    if post is None:
        return None
    draft = drafts.keep(
        draft_id="",
        page=post.page,
        title=str(post.fields.get("public_title", [""])[0])
        or (post.incident.public_title if post.incident else ""),
        fields=post.fields,
        form=post.form,
        incident_id=post.incident_id,
        owner=actor,
        now=now,
    )
    _close(post, State.TAKEN_BACK, now, actor)
    return draft


@transaction.atomic
def cancel_series(*, post_id: int, now: datetime, actor: User) -> int:
    """All windows of a series that are not announced yet, at once; how many. What is announced stays."""
    post = open_posts().filter(pk=post_id).first()
    numbers = waiting_windows(post.series if post else "").values_list("pk", flat=True)
    found = [each for pk in list(numbers) if (each := _locked(pk, Q())) is not None]
    for each in found:
        _close(each, State.TAKEN_BACK, now, actor)
    return len(found)


@transaction.atomic
def _carry_out(
    post_id: int, condition: Q, now: datetime, by_hand: User | None = None, *, second: bool = True
) -> ScheduledPost | None:
    # The incident before its post, as everybody locks them.
    about = ScheduledPost.objects.filter(pk=post_id, incident__isnull=False)
    incident_id = about.values_list("incident_id", flat=True).first()
    incident = locked(incident_id) if incident_id else None
    post = _locked(post_id, condition if by_hand else condition & Q(state=State.WAITING))
    if post is None:
        return None
    if by_hand is None and (why := _in_the_way(post, incident)):
        return _hold(post, why)
    by = post.by
    if not _is_entitled(post, by_hand):
        why = f"{by.get_username()} may not do this any more."
        if by_hand is not None:
            raise EntryError("post", why)
        return _hold(post, why)
    told = {"actor": by.get_username(), "via": f"scheduled post {post.pk}"}
    try:
        with transaction.atomic(), acting(lambda: told):
            said = verbs.from_json(post.verb, post.arguments)(now=now, actor=by)
            if not (second and by_hand is not None and by_hand.pk != post.by_id):
                _check_alone(post, said)
    except EntryError as error:
        if by_hand is not None:
            raise
        return _hold(post, str(error))
    post.communication = said if isinstance(said, Communication) else None
    post.incident = Incident.objects.filter(tracking_id=post.tracking_id).first()
    _close(post, State.SENT, now, by_hand)
    return post


def _is_entitled(post: ScheduledPost, by_hand: User | None) -> bool:
    """Whether whoever has sent it, or sends it now, may do this today."""
    needed = verbs.needs(post.verb, post.arguments)
    return any(access.may(each, *needed) for each in (post.by, by_hand) if each is not None)


def _check_alone(post: ScheduledPost, said: object) -> None:
    """What turns an incident public, and did not when it was kept, takes a second person where posts do."""
    two = proposals.POST in settings.FOUR_EYES and not post.turns_public
    if two and turned_public(said):
        raise EntryError(
            "post",
            "It would turn the incident public by now, which takes two people: another one sends it at the desk.",
        )


def _locked(post_id: int, condition: Q) -> ScheduledPost | None:
    """The open post, locked: whoever comes second waits, and finds it settled."""
    return (
        ScheduledPost.objects.select_for_update(of=("self",))
        .select_related("by", "incident")
        .filter(condition, pk=post_id, state__in=(State.WAITING, State.HELD))
        .first()
    )


def _hold(post: ScheduledPost, why: str) -> ScheduledPost:
    post.state, post.why = State.HELD, why[:500]
    post.save(update_fields=["state", "why"])
    return post


def _close(post: ScheduledPost, state: str, now: datetime, actor: User | None) -> None:
    post.state, post.settled_at, post.settled_by = state, now, actor
    post.save()


def _check_due(due_at: datetime, now: datetime) -> None:
    if due_at <= now:
        raise EntryError(
            "send_at", f"{due_at:%H:%M} UTC is already over; give a time to come, or none."
        )
    if due_at > now + LATEST:
        raise EntryError("send_at", f"{due_at.year} is far away; check the year.")


def _standing(incident: Incident | None) -> dict[str, Any]:
    """What a text may have been written for."""
    if incident is None:
        return {}
    return {
        "stage": incident.stage,
        "over": incident.mitigated_at is not None or incident.closed_at is not None,
        "false_positive": incident.false_positive,
        "withdrawn": incident.withdrawn_at is not None,
        "merged": incident.merged_into_id is not None,
    }


def _in_the_way(post: ScheduledPost, incident: Incident | None) -> str:
    """Why a post is not carried out without asking, if so."""
    if not post.by.is_active:
        return f"{post.by.get_username()} may not sign in any more."
    if incident is None:
        return ""
    now = _standing(incident)
    if post.standing == now:
        return ""
    if now["merged"]:
        return "The incident was merged into another one meanwhile."
    if now["false_positive"] and not post.standing["false_positive"]:
        return "The incident was retracted meanwhile."
    if now["over"] and not post.standing["over"]:
        return f"The incident is over since this was written ({incident.get_stage_display()})."
    if now["withdrawn"] and not post.standing["withdrawn"]:
        return "The public entry was withdrawn since this was written."
    return f"The incident has moved on to {incident.get_stage_display()} since this was written."
