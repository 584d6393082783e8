"""`backtest [--policy NAME|FILE …] [--recordings FILE…] [--sweep FIELD=A-B] [--json]`."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.policy import PRESETS, Policy, PolicyError
from incidents.policy.files import read_policy
from incidents.replay.backtest import BacktestOutcome, Comparison, backtest, summary
from incidents.replay.backtest_cases import all_cases
from incidents.replay.backtest_run import chosen_policies, report_of
from incidents.replay.comparison import Tally, compare
from incidents.replay.formats import RecordingError, read_files
from incidents.replay.recordings import MomentsError
from incidents.services.decisions.policies import current_policy

COLUMNS = (
    ("public", "public"),
    ("targeted", "targeted"),
    ("sc. 1", "scenario_1"),
    ("sc. 2", "scenario_2"),
    ("sc. 3", "scenario_3"),
    ("false", "false_public"),
    ("missed", "missed_public"),
    ("min.", "median_minutes_to_decision"),
    ("p90", "p90_minutes_to_decision"),
    ("posted", "median_minutes_to_public"),
    ("flips", "flips"),
    ("later", "promotions"),
    ("unknown", "public_if_audience_unknown"),
)
MOST_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Compares policies over recorded incidents. With --recordings: several policies side by"
        " side over files (plain or gzipped JSON Lines, see docs/recordings.md), no database"
        " needed. Without: the policy in force with another one over the history kept here."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--policy",
            action="extend",
            nargs="+",
            metavar="NAME|FILE",
            help=f"{', '.join(PRESETS)}, or a YAML or JSON file (default: all of them with"
            " --recordings, else google)",
        )
        parser.add_argument("--recordings", action="extend", nargs="+", metavar="FILE")
        parser.add_argument(
            "--sweep",
            metavar="FIELD=A-B",
            help="with --recordings and one policy: the policy with each value of one number,"
            " such as broad.services=2-10",
        )
        parser.add_argument("--json", action="store_true")

    def handle(
        self,
        *args: Any,
        policy: list[str] | None,
        recordings: list[str] | None,
        sweep: str | None,
        json: bool,
        **options: Any,
    ) -> None:
        try:
            if recordings:
                report, lines = _over_recordings(recordings, policy or list(PRESETS), sweep)
            else:
                report, lines = _over_history(policy or ["google"], sweep)
        except (PolicyError, MomentsError, RecordingError) as error:
            raise CommandError(str(error), returncode=2) from error
        if json:
            self.stdout.write(json_module.dumps(report, indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(lines))


def _over_recordings(
    files: Sequence[str], names: Sequence[str], sweep: str | None
) -> tuple[dict[str, Any], Iterator[str]]:
    policies = chosen_policies(_policies(names), sweep or "")
    tallies = compare(read_files(list(files)), policies)
    return {"recordings": list(files), **report_of(tallies)}, _side_by_side(tallies)


def _policies(names: Sequence[str]) -> list[Policy]:
    policies = [read_policy(name) for name in dict.fromkeys(names)]
    for index, policy in enumerate(policies):
        if any(policy.name == other.name for other in policies[:index]):
            raise PolicyError(f"--policy: two are called {policy.name!a}; rename one of them")
    return policies


def _side_by_side(tallies: Sequence[Tally]) -> Iterator[str]:
    width = max(len(tally.policy.name) for tally in tallies)
    yield f"{'policy':{width}} " + " ".join(f"{head:>8}" for head, _ in COLUMNS)
    for tally in tallies:
        counts = tally.as_dict()
        cells = ("–" if (value := counts[key]) is None else str(value) for _, key in COLUMNS)
        yield f"{tally.policy.name:{width}} " + " ".join(f"{cell:>8}" for cell in cells)
    first = tallies[0].as_dict()
    yield (
        f"{first['incidents']} incidents, {first['labelled']} with a label; false: posted against"
        " it, missed: not posted against it. Minutes from the first known fact to the decision"
        " (median, p90) and to the post if nobody confirms it (posted); later: targeted first,"
        " then public; unknown: public if the audience, where it is assumed, were not known."
    )
    for tally in tallies:
        for each in tally.disagreements[:MOST_SHOWN]:
            yield f"  {tally.policy.name}: {_words_of(each.as_dict())}"
        if len(tally.disagreements) > MOST_SHOWN:
            yield f"  {tally.policy.name}: and {len(tally.disagreements) - MOST_SHOWN} more; see --json"


def _words_of(disagreement: dict[str, Any]) -> str:
    wanted = disagreement["would_agree_if"]
    if wanted is None:
        why = "no single fact would make them agree"
    else:
        why = (
            f"they would agree if {wanted['fact']} were {wanted['to']} instead of {wanted['from']}"
        )
    decided = "public" if disagreement["public"] else "targeted"
    label = "public" if disagreement["label"] else "targeted"
    return f"{disagreement['id']} {decided}, label {label}: {why}"


def _over_history(names: Sequence[str], sweep: str | None) -> tuple[dict[str, Any], Iterator[str]]:
    if len(names) != 1 or sweep:
        raise PolicyError(
            "--policy: the history is compared with one policy; name one, or give --recordings"
        )
    candidate = read_policy(names[0])
    comparisons = backtest(all_cases(), current=current_policy(), candidate=candidate)
    report: dict[str, Any] = {
        "now": {"policy": current_policy().name, **summary([c.now for c in comparisons])},
        "then": {"policy": candidate.name, **summary([c.then for c in comparisons])},
        "changed": sum(comparison.changed for comparison in comparisons),
        "incidents": [comparison.as_dict() for comparison in comparisons],
    }
    return report, _table(comparisons, report)


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
