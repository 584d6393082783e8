"""Best compression, by a process of its own beside the publisher, which lives as long as it has work.

`python -m statuspage.public.store.compression FOLDER GENERATION PARENT`: as a thread it would hold Python's lock
while the system gives the processor to others, and an update would wait for it; kept running it would take memory
for nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from statuspage.public.store.generation import compress_best
from statuspage.public.store.manifest import GenerationError

ROOT = Path(__file__).resolve().parents[3]
CALM_SECONDS = 2  # whoever publishes again within these needs the processor
UNFINISHED = 3  # exit status: something newer is shown, or the publisher has ended


@dataclass(slots=True)
class Compressor:
    """Starts the process when there is something to do, and one at a time."""

    directory: Path
    seen: str = ""  # the generation that needs none (any more)
    process: subprocess.Popen[bytes] | None = None

    def compress(self, generation: str) -> None:
        """To be called again and again with the name of what is shown; never waits."""
        if self.process is not None:
            if (status := self.process.poll()) is None:
                return
            self.process = None
            if status == UNFINISHED:
                self.seen = ""
        if generation != self.seen:
            self.seen = generation
            own = (str(self.directory), generation, str(os.getpid()))
            command = [sys.executable, "-m", __name__, *own]
            self.process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - our own

    def leave(self, generation: str) -> None:
        """What is about to be renewed again is not worth it; what was left of the one before still is."""
        if self.process is None:
            self.seen = generation

    def __enter__(self) -> Compressor:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


def main(directory: Path, generation: str, parent: int) -> int:
    """Compresses a generation until that is done, it is shown no more, or the process `parent` has ended."""
    os.nice(15)

    def over() -> bool:
        return os.getppid() != parent or _shown(directory) != generation

    time.sleep(CALM_SECONDS)
    try:
        compress_best(directory, stop=over)
    except (GenerationError, OSError) as error:
        sys.stderr.write(f"compression: {error}\n")
    return UNFINISHED if over() else 0


def _shown(directory: Path) -> str:
    try:
        return (directory / "current").readlink().name
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
