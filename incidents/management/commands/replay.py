"""`replay TRACKING_ID [--policy NAME] [--json]`: what the policy would have said, moment by moment."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.models import Incident
from incidents.policy import PRESETS, PolicyError
from incidents.policy.files import read_policy
from incidents.replay.backtest_cases import branches_for, case_of
from incidents.replay.branches import Branch
from incidents.replay.recordings import MomentsError
from incidents.replay.replay import Replay, replay
from incidents.texts import as_typed


class Command(BaseCommand):
    help = "Runs an incident's recorded facts through the policy, beside what was really said when."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tracking_id")
        parser.add_argument(
            "--policy",
            default="azure",
            metavar="NAME|FILE",
            help=f"{', '.join(PRESETS)}, or a YAML or JSON file (default azure)",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, tracking_id: str, policy: str, json: bool, **options: Any) -> None:
        incident = Incident.objects.filter(tracking_id=as_typed.tracking_id(tracking_id)).first()
        if incident is None:
            raise CommandError(f"no incident {tracking_id!r}; see /status/history/.", returncode=2)
        try:
            chosen = read_policy(policy)
            case = case_of(incident)
            branches = branches_for(incident, chosen)
        except (MomentsError, PolicyError) as error:
            raise CommandError(str(error), returncode=2) from error
        if case is None:
            raise CommandError(
                f"{tracking_id} has no recorded facts: it was read from a text without moments.",
                returncode=2,
            )
        result = replay(case.points, chosen, case.really_public_at)
        if json:
            told = {
                "policy": chosen.name,
                **result.as_dict(),
                "branches": [branch.as_dict() for branch in branches],
            }
            self.stdout.write(json_module.dumps(told, indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join([*_table(result), *_sides(branches)]))


def _table(result: Replay) -> list[str]:
    lines = ["UTC               decision                really    basis     what happened"]
    for step in result.steps:
        verdict = step.explanation.verdict
        decision = "public" if verdict.public else "targeted only"
        if verdict.scenario:
            decision += f", scenario {verdict.scenario}"
        elif verdict.withdraw_after_review:
            decision += " until the review is out"
        lines.append(
            f"{step.point.at:%Y-%m-%d %H:%M}  {decision:22}  {step.point.really or '–':9}"
            f" {step.point.basis:9} {step.point.said}"
        )
    for label, moment in (
        ("first targeted at", result.first_targeted_at),
        ("decided_at", result.decided_at),
        ("public_at (at the latest, nobody confirming)", result.public_at),
        ("really public at", result.really_public_at),
    ):
        lines.append(f"{label}: {_clock(moment) if moment else 'never or not stated'}")
    if result.minutes_gained is not None:
        lines.append(
            f"minutes gained: {result.minutes_gained}"
            f" ({result.minutes_gained_if_confirmed} if a person confirms at once)"
        )
    return lines


def _sides(branches: list[Branch]) -> Iterator[str]:
    """Both sides of each assumption that decides something under one of the policies."""
    for branch in branches:
        yield f"assumed: {branch.fact} {branch.assumed} at {_clock(branch.at)}. {branch.why}"
        for value, side in (
            (branch.assumed, branch.as_assumed),
            (branch.otherwise, branch.if_otherwise),
        ):
            moments = {
                "first targeted": side.first_targeted_at,
                "decided": side.decided_at,
                "public": side.public_at,
            }
            told = ", ".join(
                f"{name} {_clock(at) if at else 'never'}" for name, at in moments.items()
            )
            yield f"  {branch.fact} {value}: {told}"
        if not branch.decides:
            yield "  That makes no difference here."


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
