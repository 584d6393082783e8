"""A comparison that was handed in at the desk, made by a worker."""

from __future__ import annotations

from datetime import datetime

from incidents.policy import Policy, PolicyError, parse_policy
from incidents.replay.comparison import Tally, compare
from incidents.replay.formats.files import RecordingError, read_content
from incidents.replay.sweep import swept
from incidents.services.decisions import backtest_runs


class _ThrownAwayError(Exception):
    """Nobody waits for it any more."""


def run(run_id: int, *, now: datetime) -> bool:
    """Compare; progress is visible meanwhile, so not within a transaction. False if nobody waits for it.

    Twice is harmless: it begins anew, and whoever ends it first has ended it.
    """
    waiting = backtest_runs.unfinished(run_id)
    if waiting is None:
        return False
    try:
        policies = [parse_policy(each, stored=True) for each in waiting.policies]
        cases = list(read_content(bytes(waiting.content), waiting.file_name))
        tallies = compare(
            cases,
            chosen_policies(policies, waiting.sweep),
            lambda done: _note(run_id, done, len(cases)),
        )
    except (PolicyError, RecordingError) as error:
        backtest_runs.finish(run_id, fault=str(error), now=now)
    except _ThrownAwayError:
        return False
    else:
        backtest_runs.finish(run_id, report=report_of(tallies), now=now)
    return True


def report_of(tallies: list[Tally]) -> dict[str, dict[str, object]]:
    """By policy: what was counted, and every disagreement with a label. As `backtest --json` prints it."""
    return {
        "policies": {tally.policy.name: tally.as_dict() for tally in tallies},
        "disagreements": {
            tally.policy.name: [each.as_dict() for each in tally.disagreements] for tally in tallies
        },
    }


def chosen_policies(policies: list[Policy], sweep: str) -> list[Policy]:
    """These, or the one with each value of the number that is swept. Raises PolicyError."""
    if not sweep:
        return policies
    if len(policies) != 1:
        raise PolicyError("--sweep: needs exactly one --policy; name the one to vary")
    return swept(policies[0], sweep)


def _note(run_id: int, done: int, total: int) -> None:
    if not backtest_runs.note_progress(run_id, done=done, total=total):
        raise _ThrownAwayError
