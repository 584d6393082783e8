"""`replay TRACKING_ID [--policy NAME] [--json]`: what the policy would have said, moment by moment."""

from __future__ import annotations

import json as json_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.models import Incident
from incidents.policy import PRESETS
from incidents.replay.backtest_cases import case_of
from incidents.replay.recordings import MomentsError
from incidents.replay.replay import Replay, replay


class Command(BaseCommand):
    help = "Runs an incident's recorded facts through the policy, beside what was really said when."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tracking_id")
        parser.add_argument("--policy", choices=sorted(PRESETS), default="azure")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, tracking_id: str, policy: str, json: bool, **options: Any) -> None:
        incident = Incident.objects.filter(tracking_id=tracking_id).first()
        if incident is None:
            raise CommandError(f"no incident {tracking_id!r}; see /status/history/.", returncode=2)
        try:
            case = case_of(incident)
        except MomentsError as error:
            raise CommandError(str(error), returncode=2) from error
        if case is None:
            raise CommandError(
                f"{tracking_id} has no recorded facts: it was read from a text without moments.",
                returncode=2,
            )
        result = replay(case.points, PRESETS[policy], case.really_public_at)
        if json:
            self.stdout.write(json_module.dumps(result.as_dict(), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_table(result)))


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
        ("decided_at", result.decided_at),
        ("public_at (at the latest, nobody confirming)", result.public_at),
        ("really public at", result.really_public_at),
    ):
        lines.append(
            f"{label}: {f'{moment:%Y-%m-%d %H:%M} UTC' if moment else 'never or not stated'}"
        )
    if result.minutes_gained is not None:
        lines.append(
            f"minutes gained: {result.minutes_gained}"
            f" ({result.minutes_gained_if_confirmed} if a person confirms at once)"
        )
    return lines
