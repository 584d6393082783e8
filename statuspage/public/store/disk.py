"""Writing files so that a crash or a second writer can never leave half of one behind."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from statuspage.public.store.manifest import GenerationError

# File systems without hard links, or with too many on one file, still work: by copying.
NO_LINKS = {errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.EACCES, errno.ENOSYS}
SYNC_ALL_FROM = 50  # above so many touched files one sync(2) is cheaper than an fsync each

_FILE = os.O_RDONLY | os.O_CLOEXEC
_FOLDER = _FILE | os.O_DIRECTORY
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


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


def point(link: Path, target: str, *, via: Path) -> None:
    """Make the symbolic link `link` lead to `target`, in one step and durably."""
    with suppress(FileNotFoundError):
        via.unlink()
    via.symlink_to(target)
    via.replace(link)
    sync_folder(link.parent)


def sync_folder(folder: Path) -> None:
    with _opened(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _opened(name: Path | str, *, below: int | None = None, kind: int = _FOLDER) -> Iterator[int]:
    """A folder (or, by `kind`, a file), below an open one. Calls that take names below a folder take half the time
    of those that are given whole paths."""
    descriptor = os.open(name, kind, dir_fd=below)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def filling(folder: Path, shown: Path | None) -> Iterator[Tree]:
    """`folder`, to be filled with new files and with those of `shown` that have the same names."""
    with _opened(folder) as root, _opened(shown) if shown else nullcontext() as source:
        yield Tree(root, source)


class Tree:
    """One folder being filled. Knows what it touched, so that `sync` can make exactly that durable.

    `root` and `source` are open folders; all names are relative to them.
    """

    def __init__(self, root: int, source: int | None) -> None:
        self.root = root
        self.source = source
        self.touched: list[str] = []
        self.folders: set[str] = set()

    def _make_room(self, name: str) -> None:
        """The folders that the file lies in, and no file of this name."""
        folder = name.rpartition("/")[0]
        if folder not in self.folders:
            self._make(folder)
        # Never into the old file: its bytes may be shared with other generations.
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.root)

    def _make(self, folder: str) -> None:
        if folder and folder not in self.folders:
            self._make(folder.rpartition("/")[0])
            with suppress(FileExistsError):
                os.mkdir(folder, 0o755, dir_fd=self.root)
        self.folders.add(folder or ".")

    def write(self, name: str, data: bytes, *, follows: bool = False) -> None:
        """`follows`: it comes after the file that `source` may have at the same address."""
        self._make_room(name)
        created = os.open(name, _NEW, 0o666, dir_fd=self.root)
        with os.fdopen(created, "wb") as file:
            file.write(data)
        if follows:
            self._make_newer(name)
        self.touched.append(name)

    def _make_newer(self, name: str) -> None:
        """Web servers make an ETag of a file's second and size: of two files in one second, both must differ."""
        try:
            before = int(os.stat(name, dir_fd=self.source).st_mtime)
        except FileNotFoundError:
            return
        if int(os.stat(name, dir_fd=self.root).st_mtime) <= before:
            os.utime(name, (before + 1, before + 1), dir_fd=self.root)

    def link(self, name: str) -> None:
        """The file that `source` has under this name, and no copy of it where the file system has links."""
        self._make_room(name)
        try:
            os.link(name, name, src_dir_fd=self.source, dst_dir_fd=self.root)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            self._copy(name)

    def _copy(self, name: str) -> None:
        created = os.open(name, _NEW, 0o666, dir_fd=self.root)
        with os.fdopen(created, "wb") as copy:
            found = os.open(name, _FILE, dir_fd=self.source)
            with os.fdopen(found, "rb") as data:
                shutil.copyfileobj(data, copy)

    def names(self, folder: str) -> list[str]:
        """What lies in this folder."""
        try:
            with _opened(folder, below=self.root) as descriptor, os.scandir(descriptor) as found:
                return [one.name for one in found]
        except FileNotFoundError:
            return []

    def remove(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self.root)
        except FileNotFoundError:
            return
        with suppress(OSError):  # not empty: then it stays
            while folder := name.rpartition("/")[0]:
                os.rmdir(folder, dir_fd=self.root)
                self.folders.discard(folder)
                name = folder

    def sync(self) -> None:
        if len(self.touched) + len(self.folders) > SYNC_ALL_FROM:
            os.sync()
            return
        for name in (*self.touched, *self.folders):
            with _opened(name, below=self.root, kind=_FILE) as descriptor:
                os.fsync(descriptor)
