from __future__ import annotations

import errno
import stat
from pathlib import Path

import pytest

from statuspage.local.state import (
    LEAST_FREE,
    LocalError,
    open_state,
    refusing,
    require_space,
    write_whole,
)


def test_a_state_folder_that_is_a_file_is_refused_with_one_line(tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    occupied.write_text("something else")
    with pytest.raises(LocalError, match="STATE=") as refusal:
        open_state(occupied)
    assert str(occupied) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert occupied.read_text() == "something else"


def test_a_state_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="file exists"):
        open_state(tmp_path / "file" / "state")


def test_too_little_space_is_said_before_anything_is_started(tmp_path: Path) -> None:
    require_space(tmp_path, LEAST_FREE)
    with pytest.raises(LocalError, match=r"disk full: .* has 1 MB left"):
        require_space(tmp_path, 2**20)


def test_a_disk_that_fills_up_is_called_by_its_name(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if full.exists():
        with pytest.raises(LocalError, match="disk full"), refusing(full):
            full.write_text("x")
    else:
        with pytest.raises(LocalError, match="disk full"), refusing(tmp_path):
            raise OSError(errno.ENOSPC, "No space left on device")


def test_secrets_are_made_once_and_only_the_owner_can_read_them(tmp_path: Path) -> None:
    state = open_state(tmp_path / "state")
    password = state.secret("postgres-password")
    assert len(password) >= 24
    assert open_state(tmp_path / "state").secret("postgres-password") == password
    mode = (state.folder / "postgres-password").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_file_is_replaced_as_a_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "pids.json"
    write_whole(path, "one")
    before = path.stat().st_ino
    write_whole(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_ino != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["pids.json"]


def test_one_supervisor_per_state_folder(tmp_path: Path) -> None:
    state = open_state(tmp_path / "state")
    with (
        state.only_supervisor("http://127.0.0.1:8000/"),
        pytest.raises(LocalError, match=r"already running .*http://127\.0\.0\.1:8000/ \(process "),
        open_state(tmp_path / "state").only_supervisor("http://127.0.0.1:9000/"),
    ):
        pass
    with state.only_supervisor("http://127.0.0.1:9000/"):
        assert "9000" in (state.folder / "supervisor.lock").read_text()
