"""What `make demo` and `manage.py` say when they can't begin; nothing is started then."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from statuspage.local.ports import port_number
from statuspage.local.state import ROOT, LocalError, open_state


def demo(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_taken_port_is_named_before_anything_is_started(
    folder: Path, bare: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo(bare | {"STATE": str(folder / "state"), "PORT": str(port)})
    assert done.returncode == 2
    assert done.stderr == f"port {port} is taken by another program: choose one with PORT=…\n"
    assert not (folder / "state" / "postgres").exists()


@pytest.mark.parametrize("nonsense", ["", "http", "0", "65536", "-1", "80 80", "٣"])
def test_a_port_that_is_none_is_refused(nonsense: str) -> None:
    with pytest.raises(LocalError, match="use a whole number from 1 to 65535"):
        port_number(nonsense)


def test_the_demo_names_a_port_that_is_none(folder: Path, bare: dict[str, str]) -> None:
    done = demo(bare | {"STATE": str(folder / "state"), "PORT": "http"})
    assert done.returncode == 2
    assert done.stderr == "PORT='http': use a whole number from 1 to 65535.\n"
    assert not (folder / "state").exists()


def test_a_second_demo_on_the_same_folder_is_refused(folder: Path, bare: dict[str, str]) -> None:
    with open_state(folder / "state").only_supervisor("http://127.0.0.1:8000/"):
        done = demo(bare | {"STATE": str(folder / "state")})
    assert done.returncode == 2
    assert "already running" in done.stderr
    assert "http://127.0.0.1:8000/" in done.stderr


def test_an_unusable_state_folder_is_refused(folder: Path, bare: dict[str, str]) -> None:
    (folder / "file").write_text("")
    done = demo(bare | {"STATE": str(folder / "file")})
    assert done.returncode == 2
    assert "choose another folder with STATE=" in done.stderr
    assert done.stderr.count("\n") == 1


def test_nonsense_in_a_setting_is_one_line(bare: dict[str, str]) -> None:
    line = [sys.executable, "manage.py", "check"]
    done = subprocess.run(
        line, cwd=ROOT, env=bare | {"DEBUG": "perhaps"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("DEBUG='perhaps'")
    assert done.stderr.count("\n") == 1


def test_an_old_python_is_told_so() -> None:
    """The real file under a Python that claims to be old: it may not get any further."""
    pretend = "import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path('manage.py', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "Python 3.11 or newer is needed; this is 3.9.\n"


def test_make_says_so_when_there_is_no_python(folder: Path) -> None:
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    done = subprocess.run(
        ["make", "demo", "PYTHON=/nonexistent/python"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed" in done.stderr
    assert not (folder / ".venv").exists()
