"""`make mutants`: makes small changes of the code, one at a time, and prints those that no test noticed.

python -m tests.mutants [--most N] [--seed N] [--minutes N] [PART…]     PART: of `parts.PARTS`

mutmut makes the changes and tries them. There are more of them than time: of each part a sample is tried, the same for
the same code and seed. Not tried are changes of texts alone, and what mutmut leaves out (functions with a decorator,
values of modules). Survivors that no test has to notice are explained in `explained.toml`; any other makes the command
fail.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from io import StringIO
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests import guardian, plugin
from tests.mutants.parts import PARTS, Part

ROOT = Path(__file__).resolve().parents[2]
EXPLAINED = Path(__file__).with_name("explained.toml")
AT_ONCE = 2
DATABASE = "mutants"
KILLED, SURVIVED, TIMEOUTS = (1, 3), 0, (-24, 24, 36, 152, 255)
TIMED_OUT = "killed by its time limit"


@dataclass(frozen=True, slots=True)
class Mutant:
    name: str
    path: str
    change: str
    """The lines that differ, as Python would print them: `- before`, `+ after`."""

    @property
    def where(self) -> str:
        function = self.name.rpartition(".")[2].partition("__mutmut_")[0]
        return f"{self.path} {function.lstrip('x').replace('ǁ', '.').lstrip('._')}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--most", type=int, default=120, help="changes of a part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=18.0, help="for all parts together")
    options = parser.parse_args()
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"unknown: {', '.join(unknown)}. Known: {', '.join(PARTS)}")
    parts = options.parts or list(PARTS)
    guardian.guard()
    plugin.start_servers()
    with tempfile.TemporaryDirectory(prefix="statuspage-mutants-") as name:
        folder, until = Path(name), time.monotonic() + options.minutes * 60
        databases = _make_databases(folder / "databases")
        counts: Counter[str] = Counter()
        for number, part in enumerate(parts):
            began = time.monotonic()
            os.chdir(_workplace(folder / part, PARTS[part]))
            names = _make_mutants()
            names.sort(key=lambda name: hashlib.sha256(f"{options.seed} {name}".encode()).digest())
            tried = list(islice(_without_texts(names), options.most))
            _say(f"\n{part}: {len(tried)} of {len(names)} changes, seed {options.seed}")
            _try_them(tried, databases, (until - time.monotonic()) / (len(parts) - number))
            counts += _report(tried)
            _say(f"{part} took {(time.monotonic() - began) / 60:.1f} minutes")
    return 1 if counts["survived"] or counts["no test"] else 0


def _workplace(folder: Path, part: Part) -> Path:
    folder.mkdir()
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    (folder / "setup.cfg").write_text(part.settings())
    return folder


def _make_mutants() -> list[str]:
    """Writes all changed files to `mutants/` of this folder, where `mutmut run` finds them made."""
    from mutmut.__main__ import create_mutants
    from mutmut.configuration import reset_config
    from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, walk_mutatable_files

    reset_config()
    with redirect_stdout(StringIO()):
        copy_src_dir()
        copy_also_copy_files()
        create_mutants(AT_ONCE)
    return [name for path in walk_mutatable_files() for name in _results(path)]


def _without_texts(names: list[str]) -> Iterator[Mutant]:
    """The mutants of these names, but for those that change texts alone."""
    for name in names:
        module, _, mutated = name.rpartition(".")
        path = module.replace(".", "/") + ".py"
        functions = _functions(path)
        change = _change(functions[f"{mutated.rpartition('_')[0]}_orig"], functions[mutated])
        if change:
            yield Mutant(name, path, change)


@cache
def _functions(path: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(Path("mutants", path).read_text("utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def _change(before: ast.FunctionDef, after: ast.FunctionDef) -> str:
    """The lines that differ; nothing where only texts do: what they say is not what is tried here."""
    if _blank(before) == _blank(after):
        return ""
    lines = difflib.ndiff(_lines(before), _lines(after))
    return "\n".join(f"{line[0]} {line[2:].strip()}" for line in lines if line[0] in "-+")


def _lines(function: ast.FunctionDef) -> list[str]:
    return ast.unparse(_renamed(function)).splitlines()


def _blank(function: ast.FunctionDef) -> str:
    copy = _renamed(function)
    for node in ast.walk(copy):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(copy)


def _renamed(function: ast.FunctionDef) -> ast.FunctionDef:
    copy = deepcopy(function)
    copy.name = "function"
    return copy


def _try_them(mutants: list[Mutant], environment: dict[str, str], seconds: float) -> None:
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(AT_ONCE)]
    log = Path("mutmut.log")
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command, *(mutant.name for mutant in mutants)],
            env=os.environ | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if process.wait(seconds):
                sys.exit(f"mutmut failed:\n{log.read_text('utf-8', 'replace')[-5000:]}")
        except subprocess.TimeoutExpired:
            _say(f"stopped after {seconds / 60:.0f} minutes")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _make_databases(folder: Path) -> dict[str, str]:
    """Migrates a database, of which each process at once gets a copy; returns the environment that leads there."""
    folder.mkdir()
    names = [f"test_{DATABASE}_{number}" for number in range(AT_ONCE + 1)]  # one for mutmut itself
    address = os.environ["DATABASE_URL"]
    with psycopg.connect(address, autocommit=True) as connection:
        own = urlsplit(address)._replace(path=f"/{DATABASE}").geturl()
        for name in (DATABASE, f"test_{DATABASE}"):
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        any_test = "tests/house/test_changes_that_must_be_noticed.py"
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-k", "longer", "--reuse-db", any_test],
            env=os.environ | {"DATABASE_URL": own},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        for name in names:
            (folder / name).write_text("to be made")
    return {
        "DATABASE_URL": own,
        "MUTANTS_DATABASES": str(folder),
        "MUTANTS_TEMPLATE": f"test_{DATABASE}",
        "PYTEST_XDIST_WORKER": "mutants",  # no servers of their own: tests/plugin.py
        "PYTHONHASHSEED": "0",
        "TMPDIR": str(folder.parent),
    }


def _results(path: str | Path) -> dict[str, int | None]:
    found: dict[str, int | None] = json.loads(Path("mutants", f"{path}.meta").read_text())[
        "exit_code_by_key"
    ]
    return found


def _report(mutants: list[Mutant]) -> Counter[str]:
    why = {
        (entry["where"], entry["change"].strip()): entry["why"]
        for entry in tomllib.loads(EXPLAINED.read_text("utf-8")).get("survivor", [])
    }
    counts: Counter[str] = Counter()
    for mutant in sorted(mutants, key=lambda mutant: mutant.where):
        word = _word(_results(mutant.path)[mutant.name])
        if word in ("survived", "no test"):
            explanation = why.get((mutant.where, mutant.change))
            word += ", explained" if explanation else ""
            _say(f"\n{mutant.where}: {word}\n{mutant.change}")
            if explanation:
                _say(f"= {explanation}")
        elif word == TIMED_OUT:  # a busy machine ends a survivor so, too
            _say(f"\n{mutant.where}: {word}\n{mutant.change}")
        counts[word] += 1
    told = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    _say(f"\n{len(mutants)} changes: {told}")
    return counts


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _word(code: int | None) -> str:
    if code is None:
        return "not tried"
    if code in KILLED:
        return "killed"
    if code in TIMEOUTS:
        return TIMED_OUT
    return {SURVIVED: "survived", 5: "no test", 33: "no test"}.get(code, f"ended with {code}")


if __name__ == "__main__":
    sys.exit(main())
