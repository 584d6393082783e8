"""`backtest [--policy NAME|FILE] [--json]`: a changed policy over every incident with recorded facts."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.policy import PRESETS, PolicyError
from incidents.policy.files import read_policy
from incidents.replay.backtest import BacktestOutcome, Comparison, backtest, summary
from incidents.replay.backtest_cases import all_cases
from incidents.replay.recordings import MomentsError
from incidents.services.policies import current_policy


class Command(BaseCommand):
    help = "Compares the policy in force with another one over the recorded history."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--policy",
            default="google",
            metavar="NAME|FILE",
            help=f"the other policy: {', '.join(PRESETS)}, or a YAML or JSON file (default google)",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, policy: str, json: bool, **options: Any) -> None:
        try:
            candidate = read_policy(policy)
            comparisons = backtest(all_cases(), current=current_policy(), candidate=candidate)
        except (PolicyError, MomentsError) as error:
            raise CommandError(str(error), returncode=2) from error
        report = {
            "now": {"policy": current_policy().name, **summary([c.now for c in comparisons])},
            "then": {"policy": candidate.name, **summary([c.then for c in comparisons])},
            "changed": sum(comparison.changed for comparison in comparisons),
            "incidents": [comparison.as_dict() for comparison in comparisons],
        }
        if json:
            self.stdout.write(json_module.dumps(report, indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_table(comparisons, report)))


def _table(comparisons: list[Comparison], report: dict[str, Any]) -> Iterator[str]:
    if not comparisons:
        yield "No incident has recorded facts yet: declare one, or import a history with moments."
        return
    yield f"{'incident':10} {report['now']['policy']:28} {report['then']['policy']:28} title"
    for comparison in comparisons:
        mark = "≠" if comparison.changed else " "
        yield (
            f"{comparison.case.tracking_id:8} {mark} {_words(comparison.now):28}"
            f" {_words(comparison.then):28} {comparison.case.title}"
        )
    for side in ("now", "then"):
        counts = report[side]
        yield (
            f"{counts['policy']}: {counts['public']} of {counts['incidents']} public,"
            f" {counts['false_public']} of them needlessly;"
            f" median minutes to public: {counts['median_minutes_to_public'] or '–'}"
        )


def _words(outcome: BacktestOutcome) -> str:
    if not outcome.public:
        return "targeted only"
    scenario = f"scenario {outcome.scenario}, " if outcome.scenario else ""
    return f"public, {scenario}{outcome.minutes_to_public} min"
