"""State folders that any account can reach, and the environment of somebody who set nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from statuspage.local import places, postgres, valkey
from statuspage.local.servers import Servers
from statuspage.local.state import Say, open_state


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder; pytest's own is closed to the account that root's servers run as."""
    made = Path(tempfile.mkdtemp(prefix="statuspage-local-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def settled() -> Iterator[Path]:
    """A state folder with both servers' data in it, shared by tests that leave it whole and stopped."""
    with tempfile.TemporaryDirectory(prefix="statuspage-local-") as made:
        Path(made).chmod(0o711)
        found = both(Path(made) / "state", print)
        found.start(print)
        found.stop()
        yield Path(made) / "state"


def both(folder: Path, say: Say) -> Servers:
    state = open_state(folder)
    return Servers(state, (postgres.embedded(state, say), valkey.embedded(state)))


@pytest.fixture
def bare() -> dict[str, str]:
    """The environment without the addresses of this test run's servers."""
    addresses = ("DATABASE_URL", "REDIS_URL", "PORT", "STATE")
    return {key: value for key, value in os.environ.items() if key not in addresses}


@pytest.fixture
def notes() -> list[str]:
    """What was said to the user."""
    return []


@pytest.fixture
def servers(settled: Path, notes: list[str]) -> Iterator[Servers]:
    """Both servers of the shared state folder, not started; stopped at the end."""
    found = both(settled, notes.append)
    yield found
    found.stop()


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stands in for /var/lib/statuspage-local; only root ever uses it."""
    with tempfile.TemporaryDirectory(prefix="statuspage-shared-") as made:
        Path(made).chmod(0o755)
        monkeypatch.setattr(places, "SHARED", Path(made) / "statuspage-local")
        yield Path(made) / "statuspage-local"
