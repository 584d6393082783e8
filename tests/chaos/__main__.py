"""`make chaos`: prints one JSON object per scenario and round. Loopback and its own processes only.

python -m tests.chaos [--rounds N] [--seed N] [NAME…]     NAME: of SCENARIOS
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from statuspage.local.entry import ending_in_order, tell
from statuspage.local.servers import servers_for
from statuspage.local.state import open_state
from tests.chaos.receivers import Book, serve

# Whom it kills, again and again, while messages go out.
SCENARIOS = {
    "worker": ("worker",),
    "broker": ("broker",),
    "database": ("database",),
    "everything": ("worker", "broker", "database", "web"),
    "broker-stays-dead": (),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10**6)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in SCENARIOS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}. Known: {', '.join(SCENARIOS)}")
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
            LOG_LEVEL="WARNING",
        )
        try:
            from tests.chaos.rounds import Stage

            stage = Stage(state, servers, book, hook_port)
            stage.prepare()
            for number in range(options.rounds):
                for name in options.names or SCENARIOS:
                    seed = options.seed + number
                    line = stage.play(name, SCENARIOS[name], random.Random(seed))  # noqa: S311 - a seed
                    broken += not line["ok"]
                    sys.stdout.write(json.dumps({"chaos": name, "seed": seed} | line) + "\n")
                    sys.stdout.flush()
        finally:
            with state.starting():
                users.leave()
                servers.stop()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
