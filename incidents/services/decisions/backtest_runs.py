"""Comparisons of policies over recordings, as rows: handed in, under way, over, thrown away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser

from incidents.models import BacktestRun
from incidents.policy import Policy

KEPT = timedelta(days=90)


def hand_in(
    *,
    file_name: str,
    content: bytes,
    policies: Sequence[Policy],
    sweep: str,
    now: datetime,
    actor: AbstractBaseUser,
) -> BacktestRun:
    """Store what is to be compared; older runs that nobody has thrown away go."""
    BacktestRun.objects.filter(handed_in_at__lt=now - KEPT).delete()
    return BacktestRun.objects.create(
        file_name=file_name[:200],
        content=content,
        policies=[policy.as_dict() for policy in policies],
        sweep=sweep,
        handed_in_at=now,
        actor_id=actor.pk,
    )


def unfinished(run_id: int) -> BacktestRun | None:
    """The run, from its beginning; None when it is over or was thrown away."""
    fresh = BacktestRun.objects.filter(pk=run_id, ended_at=None)
    fresh.update(total=None, done=0)
    return fresh.first()


def note_progress(run_id: int, *, done: int, total: int) -> bool:
    """False when it was thrown away meanwhile."""
    return bool(BacktestRun.objects.filter(pk=run_id).update(done=done, total=total))


def finish(
    run_id: int, *, report: Mapping[str, object] | None = None, fault: str = "", now: datetime
) -> None:
    BacktestRun.objects.filter(pk=run_id).update(
        report=report, fault=fault, ended_at=now, content=b""
    )


def throw_away(run_id: int) -> bool:
    """Whether there was one. A worker that is at it stops at its next step."""
    deleted, _ = BacktestRun.objects.filter(pk=run_id).delete()
    return bool(deleted)
