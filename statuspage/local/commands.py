"""Which commands of `manage.py` need servers.

| Command | Servers |
|---|---|
| those in WITHOUT, any `--help`, and each in WITHOUT_WHEN with its option | none: a bare machine will do |
| `demo` | starts its own and keeps them running: it is the supervisor |
| everything else | uses those that run in the state folder, or starts them for as long as it runs |

Where `DATABASE_URL` and `REDIS_URL` are both set nothing is ever started.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

WITHOUT = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "create_max_migration_files",
        "decide",
        "diffsettings",
        "export_site",
        "findstatic",
        "help",
        "makemessages",
        "makemigrations",
        "rebase_migration",
        "startapp",
        "startproject",
        "version",
    }
)
# Commands that need none when they are asked this way, and that need them after all.
WITHOUT_WHEN = {"backtest": "--recordings", "bounces": "--judge", "import_history": "--dry-run"}
WITH_WHEN = {"check": "--database"}
SUPERVISOR = "demo"


class Need(enum.Enum):
    NOTHING = "runs without servers"
    SUPERVISOR = "starts and supervises its own"
    SERVERS = "uses running servers, or starts them for as long as it runs"


def servers_needed(arguments: Sequence[str]) -> Need:
    """What a command line (without the program's name) asks for."""
    if not arguments or arguments[0].startswith("-"):
        return Need.NOTHING
    name, options = arguments[0], arguments[1:]
    if "--help" in options or "-h" in options:
        return Need.NOTHING
    if name == SUPERVISOR:
        return Need.SUPERVISOR
    if _asked(WITH_WHEN.get(name), options):
        return Need.SERVERS
    if name in WITHOUT or _asked(WITHOUT_WHEN.get(name), options):
        return Need.NOTHING
    return Need.SERVERS


def _asked(option: str | None, options: Sequence[str]) -> bool:
    return option is not None and any(
        given == option or given.startswith(f"{option}=") for given in options
    )
