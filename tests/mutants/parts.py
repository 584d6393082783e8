"""What `make mutants` changes, and the quick tests that look at it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    files: tuple[str, ...]
    tests: tuple[str, ...]

    def settings(self) -> str:
        """`setup.cfg` of the folder in which mutmut runs."""
        options = {
            "source_paths": ("incidents", "notifications", "statuspage"),
            "only_mutate": self.files,
            "also_copy": ("docs", "manage.py", "requirements", "templates", "ARCHITECTURE.md"),
            "pytest_add_cli_args": (
                "-p",
                "tests.mutants.plugin",
                "--reuse-db",
                "--hypothesis-seed=0",
                "-k",
                "not in_ten_seconds and not takes_less_than",  # code that can be changed takes longer
            ),
            "pytest_add_cli_args_test_selection": tuple(f"tests/{name}.py" for name in self.tests),
            "timeout_constant": ("5.0",),
            "timeout_multiplier": ("4.0",),
        }
        lines = [f"{key} =\n  " + "\n  ".join(values) for key, values in options.items()]
        return "[mutmut]\n" + "\n".join(lines) + "\n"


PARTS = {
    "policy": Part(
        ("incidents/policy/*.py",),
        (
            "incidents/test_comparison",
            "incidents/test_derived_facts",
            "incidents/test_policy_command",
            "incidents/test_policy_explained",
            "incidents/test_policy_facts",
            "incidents/test_policy_presets",
            "incidents/test_policy_properties",
            "incidents/test_policy_table",
        ),
    ),
    "outbound": Part(
        ("notifications/channels/outbound.py", "notifications/channels/public_addresses.py"),
        (
            "notifications/test_fetching_through_the_door",
            "notifications/test_the_right_host_behind_the_door",
            "notifications/test_webhooks",
        ),
    ),
    "gate": Part(
        (
            "incidents/models/communication.py",
            "incidents/models/incident.py",
            "incidents/models/review.py",
            "incidents/services/visibility.py",
            "incidents/state_table.py",
        ),
        (
            "desk/test_a_second_person",
            "house/test_changes_that_must_be_noticed",
            "incidents/test_declaring_an_incident",
            "incidents/test_merging",
            "incidents/test_publicity_over_a_life",
            "incidents/test_reminders",
            "incidents/test_scenario_3",
            "incidents/test_state_table",
            "notifications/test_forecast_of_one_statement",
            "notifications/test_who_waits_for_the_audience",
            "public/test_reading_how_fast_we_were",
            "public/test_reading_the_snapshot",
        ),
    ),
    "audience": Part(
        ("notifications/audience/*.py",),
        (
            "notifications/test_audience_in_slices",
            "notifications/test_audience_preview",
            "notifications/test_forecast",
            "notifications/test_forecast_of_one_statement",
            "notifications/test_nobody_is_silent_unseen",
            "notifications/test_only_what_is_hit",
            "notifications/test_own_truth",
            "notifications/test_planning",
            "notifications/test_quiet_hours",
            "notifications/test_readers_choose",
            "notifications/test_recovered_for_their_last_cell",
            "notifications/test_target_index",
            "notifications/test_told_alone_or_in_a_digest",
            "portal/test_events",
            "portal/test_what_a_tenant_may_see",
        ),
    ),
    "delivery": Part(
        ("notifications/delivery/*.py",),
        (
            "house/test_changes_that_must_be_noticed",
            "incidents/test_reminders",
            "notifications/test_audience_in_slices",
            "notifications/test_delivery_statistics",
            "notifications/test_no_storms",
            "notifications/test_no_storms_whatever_happens",
            "notifications/test_nobody_is_silent_unseen",
            "notifications/test_notices_of_dead_ways",
            "notifications/test_one_run",
            "notifications/test_pace_of_a_worker",
            "notifications/test_planning",
            "notifications/test_quiet_hours",
            "notifications/test_readers_choose",
            "notifications/test_review_then_withdrawal",
            "notifications/test_sending",
            "notifications/test_sending_health",
            "notifications/test_smtp_session",
            "notifications/test_stopping_all_sending",
            "notifications/test_told_alone_or_in_a_digest",
            "notifications/test_trying_once_more",
            "notifications/test_what_a_killed_worker_had_sent",
            "notifications/test_what_was_sent",
            "notifications/test_who_waits_for_the_audience",
            "notifications/test_whom_to_leave_alone",
        ),
    ),
}
