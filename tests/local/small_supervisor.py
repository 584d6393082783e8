"""A supervisor over two tiny programs and the real servers: `small_supervisor.py STATE`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from statuspage.local.entry import tell
from statuspage.local.servers import servers_for
from statuspage.local.state import open_state
from statuspage.local.supervisor import Program, Stopped, Supervisor

# It leaves a helper in its session, as a web server or a pool of workers does.
WITH_HELPER = (
    "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); "
    "time.sleep(600)"
)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def main(folder: Path) -> None:
    state = open_state(folder)
    programs = (
        Program("helped", (sys.executable, "-c", WITH_HELPER), also="helper"),
        Program("deaf", (sys.executable, "-c", DEAF)),
    )
    with state.starting():
        servers = servers_for(state, os.environ, tell)
    with state.only_supervisor("a test"):
        supervisor = Supervisor(state, servers, programs, dict(os.environ), folder, tell)
        with supervisor.listening():
            try:
                supervisor.start_servers()
                supervisor.start(*programs)
                tell("ready")
                supervisor.watch()
            except Stopped:
                tell("stopping")
            finally:
                supervisor.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
