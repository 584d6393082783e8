"""`apply FOLDER`: makes catalogue, policy and rules as the files of a folder say; all or nothing."""

from __future__ import annotations

from statuspage.management.commands import plan


class Command(plan.Command):
    help = "Puts a folder (catalogue.yaml, policy.yaml, rules/*.yaml) into force; `plan` shows what would change."
    dry_run = False
