"""A file replaced in one step: readers see the old or the new content, never a part. Without Django."""

from __future__ import annotations

import os
from pathlib import Path


def atomic_write(
    target: Path, data: bytes, *, via: Path, mode: int = 0o666, sync: bool = True
) -> None:
    """`via`: a name of our own on the same file system. `sync`: it outlives a loss of power, too."""
    handle = os.open(via, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        if sync:
            os.fsync(file.fileno())
    via.replace(target)
