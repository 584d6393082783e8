"""Writing files so that a crash or a second writer can never leave half of one behind."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from statuspage.public.store.manifest import GenerationError

# File systems without hard links, or with too many on one file, still work: by copying.
NO_LINKS = {errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.EACCES, errno.ENOSYS}
SYNC_ALL_FROM = 50  # above so many touched files one sync(2) is cheaper than an fsync each


@contextmanager
def exclusive(directory: Path, *, seconds: float = 10.0) -> Iterator[None]:
    """The right to change this folder. The kernel gives it back when the holder dies.

    Raises GenerationError when another process keeps it for longer than `seconds`.
    """
    descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        end = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise GenerationError(
                        f"{directory}: another publisher has been writing for {seconds:.0f} s"
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        with source.open("rb") as data, target.open("xb") as copy:
            shutil.copyfileobj(data, copy)


def point(link: Path, target: str, *, via: Path) -> None:
    """Make the symbolic link `link` lead to `target`, in one step and durably."""
    with suppress(FileNotFoundError):
        via.unlink()
    via.symlink_to(target)
    via.replace(link)
    sync_folder(link.parent)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_newer(target: Path, former: Path) -> None:
    """Web servers make an ETag of a file's second and size: of two files in one second, both must differ."""
    try:
        before = int(former.stat().st_mtime)
    except FileNotFoundError:
        return
    if int(target.stat().st_mtime) <= before:
        os.utime(target, (before + 1, before + 1))


class Tree:
    """One folder being filled. Knows what it touched, so that `settle` can make exactly that durable."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.touched: list[Path] = []
        self.folders: set[Path] = set()

    def _make_room(self, name: str) -> Path:
        target = self.root / name
        if target.parent not in self.folders:
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            folder = target.parent
            while folder not in self.folders:
                self.folders.add(folder)
                if folder == self.root:
                    break
                folder = folder.parent
        return target

    def write(self, name: str, data: bytes, *, after: Path | None = None) -> None:
        """`after`: the file that this one follows at the same address; it may be missing."""
        target = self._make_room(name)
        # Never into the old file: its bytes may be shared with other generations.
        target.unlink(missing_ok=True)
        with target.open("xb") as file:
            file.write(data)
        if after is not None:
            _make_newer(target, after)
        self.touched.append(target)

    def link(self, name: str, source: Path) -> None:
        target = self._make_room(name)
        target.unlink(missing_ok=True)
        link_or_copy(source, target)

    def remove(self, name: str) -> None:
        target = self.root / name
        try:
            target.unlink()
        except FileNotFoundError:
            return
        with suppress(OSError):  # not empty: then it stays
            while target.parent != self.root:
                target = target.parent
                target.rmdir()
                self.folders.discard(target)

    def sync(self) -> None:
        if len(self.touched) + len(self.folders) > SYNC_ALL_FROM:
            os.sync()
            return
        for path in self.touched:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        for folder in self.folders:
            sync_folder(folder)
