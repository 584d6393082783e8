from __future__ import annotations

import pytest

from statuspage.local.commands import WITHOUT, Need, servers_needed


@pytest.mark.parametrize("command", sorted(WITHOUT))
def test_a_command_of_the_bare_machine_starts_nothing(command: str) -> None:
    assert servers_needed([command]) is Need.NOTHING


@pytest.mark.parametrize(
    "line",
    ["", "--version", "help migrate", "migrate --help", "demo --help", "shell -h"],
)
def test_asking_for_help_starts_nothing(line: str) -> None:
    assert servers_needed(line.split()) is Need.NOTHING


def test_the_demo_is_its_own_supervisor() -> None:
    assert servers_needed(["demo", "--port", "9000"]) is Need.SUPERVISOR


@pytest.mark.parametrize("command", ["migrate", "shell", "publisher", "runserver", "unheard_of"])
def test_every_other_command_gets_servers(command: str) -> None:
    assert servers_needed([command]) is Need.SERVERS


def test_a_dry_import_reads_names_from_files_and_a_real_one_needs_the_database() -> None:
    assert servers_needed(["import_history", "text.txt", "--dry-run"]) is Need.NOTHING
    assert servers_needed(["import_history", "text.txt"]) is Need.SERVERS
    assert servers_needed(["backtest", "--recordings", "a.jsonl.gz"]) is Need.NOTHING
    assert servers_needed(["backtest", "--policy", "google"]) is Need.SERVERS


def test_a_check_of_the_database_needs_one() -> None:
    assert servers_needed(["check", "--database", "default"]) is Need.SERVERS
    assert servers_needed(["check", "--database=default"]) is Need.SERVERS
