"""`make chaos`: prints one JSON object per scenario and round. Loopback and its own processes only.

python -m tests.chaos [--rounds N] [--seed N] [NAME…]     NAME: of SCENARIOS
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from statuspage.local.entry import ending_in_order, tell
from statuspage.local.servers import Servers, servers_for
from statuspage.local.state import LocalState, open_state
from tests import guardian
from tests.chaos.receivers import Book, serve

# Whom it kills, again and again, while messages go out.
SCENARIOS = {
    "worker": ("worker",),
    "broker": ("broker",),
    "database": ("database",),
    "everything": ("worker", "broker", "database", "web"),
    "broker-stays-dead": (),
}
# What becomes of the public pages; see page.py.
PAGES = ("page", "publishing")
KNOWN = (*SCENARIOS, *PAGES)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(KNOWN)}")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10**6)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in KNOWN]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}. Known: {', '.join(KNOWN)}")
    del sys.argv[1:]  # settings read there which program this is, and a scenario is called like one
    guardian.guard()
    names = options.names or KNOWN
    pages = [name for name in names if name in PAGES]
    if len(pages) < len(names):
        # In a process of their own: a database of their own is in its settings.
        broken = _in_another_process(pages, options.rounds, options.seed) if pages else 0
        return (
            _main([name for name in names if name in SCENARIOS], options.rounds, options.seed)
            | broken
        )
    return _main(pages, options.rounds, options.seed)


def _in_another_process(names: Sequence[str], rounds: int, seed: int) -> int:
    command = [sys.executable, "-m", "tests.chaos", "--rounds", str(rounds), "--seed", str(seed)]
    return subprocess.run([*command, *names], check=False).returncode


def _main(names: Sequence[str], rounds: int, seed: int) -> int:
    book = Book()
    mail_port, hook_port = serve(book)
    broken = 0
    with tempfile.TemporaryDirectory(prefix="statuspage-chaos-") as folder, ending_in_order():
        Path(folder).chmod(0o711)  # as root the servers run as another account, which has to pass
        state = open_state(Path(folder) / "state")
        users = state.join_users()
        with state.starting():
            # Not hasty: what is committed must outlive a kill.
            servers = servers_for(state, {}, tell)
            servers.start(tell, end_with_parent=True)
        os.environ.update(
            servers.environment(),
            STATE=str(state.folder),
            DJANGO_SETTINGS_MODULE="statuspage.settings",
            BASE_URL="http://127.0.0.1:8000",
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=str(mail_port),
            OUTBOUND_ALLOW="127.0.0.0/8",
            PUSH_SERVICES="127.*",
            LOG_LEVEL="WARNING",
            # Two first notices use the hour up, so that updates of three incidents become digests.
            HOURLY_LIMIT="2",
            UPDATE_INTERVAL="0",
        )
        try:
            for line in _lines(state, servers, book, hook_port, names, rounds, seed):
                broken += not line["ok"]
                sys.stdout.write(json.dumps(line) + "\n")
                sys.stdout.flush()
        finally:
            with state.starting():
                users.leave()
                servers.stop()
    return 1 if broken else 0


def _lines(
    state: LocalState,
    servers: Servers,
    book: Book,
    hook_port: int,
    names: Sequence[str],
    rounds: int,
    seed: int,
) -> Iterator[dict[str, object]]:
    if names[0] in PAGES:
        from tests.chaos.page import Site

        site = Site(state, servers)
        site.prepare()
        for number in range(rounds):
            for name in names:
                dice = random.Random(seed + number)  # noqa: S311 - a seed
                yield {"chaos": name, "seed": seed + number} | site.play(name, dice)
        return
    from tests.chaos.rounds import Stage

    stage = Stage(state, servers, book, hook_port)
    stage.prepare()
    for number in range(rounds):
        for name in names:
            dice = random.Random(seed + number)  # noqa: S311 - a seed
            line = stage.play(name, SCENARIOS[name], dice)
            yield {"chaos": name, "seed": seed + number} | line


if __name__ == "__main__":
    sys.exit(main())
