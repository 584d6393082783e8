"""`make bench`: prints one JSON object a line. Starts servers of its own; loopback only.

python -m tests.bench [--full] [NAME…]      NAME: a module of this folder
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from statuspage.local.entry import ending_in_order, tell
from statuspage.local.servers import running
from tests import guardian

# Each has `lines(full: bool) -> Iterator[dict[str, object]]` and begins on an empty, migrated database.
BENCHES = (
    "policy",
    "told_once",
    "outbox",
    "first_mail",
    "mail",
    "audience",
    "api",
    "serve",
    "store",
    "publish",
    "first_paint",
    "memory",
)

Lines = Callable[[bool], Iterator[dict[str, object]]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--full", action="store_true", help="the large sets; takes half an hour")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}. Known: {', '.join(BENCHES)}")
    guardian.guard()
    with tempfile.TemporaryDirectory(prefix="statuspage-bench-") as folder, ending_in_order():
        Path(folder).chmod(0o711)  # as root the servers run as another account, which has to pass
        os.environ["STATE"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statuspage.settings")
        for name in options.names or BENCHES:
            # A state folder each: no bench works on what another has left behind.
            state = Path(folder) / name
            with running(state, os.environ, tell, end_with_parent=True) as addresses:
                _run(name, options.full, addresses)
    return 0


def _run(name: str, full: bool, addresses: dict[str, str]) -> None:
    """In a process of its own, so that settings and memory are those of this bench alone."""
    child = os.fork()
    if child == 0:
        os.environ.update(addresses)
        try:
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            lines: Lines = importlib.import_module(f"tests.bench.{name}").lines
            for line in lines(full):
                sys.stdout.write(json.dumps({"bench": name} | line) + "\n")
                sys.stdout.flush()
        except BaseException:  # noqa: BLE001 - the forked child must end here, whatever happens
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    sys.exit(main())
