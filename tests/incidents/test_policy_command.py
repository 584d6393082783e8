"""`manage.py decide` as scripts call it: standard input, standard output, exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from incidents.management.commands.decide import decide_all
from incidents.policy import PRESETS, FactsError, PolicyError
from incidents.policy.files import read_policy

ROOT = Path(__file__).parents[2]
FACTS: dict[str, Any] = {
    "kind": "service-issue",
    "level": "error",
    "impacts": [{"service": "storage", "region": "east-us", "extent": "zone"}],
    "dependents": 4,
}


def decide(given: bytes | str, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command with databases that cannot be reached: it must not need them."""
    unreachable = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    return subprocess.run(
        [sys.executable, "manage.py", "decide", *options],
        cwd=ROOT,
        env={**os.environ, **unreachable},
        input=given.encode() if isinstance(given, str) else given,
        capture_output=True,
        check=False,
        timeout=60,
    )


def refused(given: bytes | str, *options: str) -> str:
    """The one line of a refusal by the real command: status 2, nothing on standard output."""
    done = decide(given, *options)
    lines = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (2, b"", 1), done
    return lines[0].removeprefix("CommandError: ")


def test_one_facts_object_gives_one_decision() -> None:
    done = decide(json.dumps(FACTS))
    assert (done.returncode, done.stderr) == (0, b"")
    answer = json.loads(done.stdout)
    assert (answer["scenario"], answer["scenarios"], answer["rule"]) == (1, [1, 3], "broad-impact")
    assert (answer["policy"], answer["policy_version"]) == ("azure", 1)
    assert done.stdout == decide(json.dumps(FACTS)).stdout


def test_a_list_gives_a_list_in_the_same_order() -> None:
    small = FACTS | {"dependents": 0, "audience": "confirmed"}
    done = decide(json.dumps([small, FACTS]))
    assert [each["public"] for each in json.loads(done.stdout)] == [False, True]
    assert decide("[]").stdout == b"[]\n"


def test_a_byte_order_mark_is_no_reason_to_refuse() -> None:
    assert decide(b"\xef\xbb\xbf" + json.dumps(FACTS).encode()).returncode == 0


def test_another_preset_is_chosen_by_name() -> None:
    answer = json.loads(decide(json.dumps(FACTS), "--policy", "aws").stdout)
    assert (answer["policy"], answer["scenario"]) == ("aws", 3)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("own.yaml", "name: own\nversion: 7\nbroad:\n  services: 6\n"),
        ("own.json", '{"name": "own", "version": 7, "broad": {"services": 6}}'),
    ],
)
def test_a_policy_of_ones_own_is_read_from_a_file(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    answer = json.loads(decide(json.dumps(FACTS), "--policy", str(file)).stdout)
    assert (answer["policy"], answer["policy_version"], answer["scenario"]) == ("own", 7, 3)


DEEP = 100_000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "standard input: empty; nothing to read"),
        pytest.param(" \n", "standard input: empty; nothing to read", id="blank"),
        ("{", "standard input: not valid JSON at line 1 column 2: "),
        pytest.param(
            b'{"kind": "\xff"}',
            "standard input: not UTF-8 at byte 10; save it as UTF-8",
            id="not UTF-8",
        ),
        ("[" * DEEP + "]" * DEEP, "standard input: nested too deeply"),
        ("9" * 5000, "standard input: a number with too many digits"),
        ("7", "facts: 7 is not an object"),
        (json.dumps([FACTS, 7]), "[1]: 7 is not an object"),
        (json.dumps(FACTS | {"dependents": -1}), "dependents: -1 is not a whole number from 0"),
        (json.dumps(FACTS | {"dependents": float("nan")}), "dependents: NaN is not a whole"),
        (
            json.dumps([FACTS, FACTS, FACTS | {"impacts": [{"service": "s", "region": 1}]}]),
            "[2].impacts[0].region: 1 is not a name",
        ),
        (
            '[{"kind": "service-issue", "level": "error", "impacts": '
            '[{"service": "a", "region": "b", "region": "c"}]}]',
            "[0].impacts[0].region: key given twice; keep one",
        ),
        (
            '{"kind": "service-issue", "level": "error", "level": "warning", "impacts": []}',
            "level: key given twice; keep one",
        ),
    ],
    ids=lambda value: None if isinstance(value, bytes | str) and len(value) > 80 else value,
)
def test_bad_input_is_refused_in_one_line(given: bytes | str, message: str) -> None:
    with pytest.raises(FactsError) as error:
        decide_all(given.encode() if isinstance(given, str) else given, PRESETS["azure"])
    assert str(error.value).startswith(message)
    assert str(error.value).isprintable()


def test_a_refusal_is_one_line_on_standard_error_and_status_2() -> None:
    assert refused("") == "standard input: empty; nothing to read"


def test_one_bad_facts_object_among_good_ones_stops_them_all() -> None:
    assert refused(json.dumps([FACTS, {}])).startswith("[1].kind: missing; give one of")


def test_input_without_end_is_refused_by_its_size() -> None:
    line = refused(b" " * (16 * 1024 * 1024 + 1))
    assert line == "standard input: larger than 16777216 bytes; split it"


def test_nesting_without_end_is_refused() -> None:
    assert refused("[" * DEEP + "]" * DEEP).startswith("standard input: nested too deeply")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("bad.yaml", b"name: [", "{file}: not valid YAML at line 1: "),
        (
            "bad.yaml",
            b"name: a\nversion: 1\nname: b\n",
            "{file}: not valid YAML: name given twice (line 3)",
        ),
        ("bad.yaml", b"name: \xff", "{file}: not UTF-8 at byte 6; save it as UTF-8"),
        ("bad.yaml", b"", "{file}: empty; nothing to read"),
        ("bad.yaml", b"#" * 65537, "{file}: larger than 65536 bytes; split it"),
        ("bad.yaml", b"day: 2026-02-30\n", "{file}: not valid YAML: day "),
        ("bad.yaml", b"a: !!python/object:os.system x", "{file}: not valid YAML at line 1: could"),
        ("bad.yaml", b"[" * 2000, "{file}: nested too deeply"),
        ("bad.json", b'{"name": "a", "name": "b"}', "name: key given twice; keep one"),
        ("bad.yaml", b"name: own\nversion: 2024-02-07\n", "version: datetime.date(2024, 2, 7) is"),
        ("bad.yaml", b"- name: own\n", "policy: a list is not an object; give name, version"),
    ],
)
def test_a_bad_policy_file_is_refused_in_one_line(
    tmp_path: Path, name: str, text: bytes, message: str
) -> None:
    file = tmp_path / name
    file.write_bytes(text)
    with pytest.raises(PolicyError) as error:
        read_policy(str(file))
    assert str(error.value).startswith(message.format(file=file))
    assert str(error.value).isprintable()


def test_a_policy_file_may_be_as_long_as_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "long.yaml"
    file.write_bytes(b"name: long\nversion: 1\n".ljust(65536, b"#"))
    assert read_policy(str(file)).name == "long"


def test_what_a_parser_says_at_length_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(f"a: !!{'x' * 500} b")
    with pytest.raises(PolicyError) as error:
        read_policy(str(file))
    assert len(str(error.value).partition(" at line 1: ")[2]) == 200


def test_a_bad_policy_is_one_line_on_standard_error_and_status_2() -> None:
    assert refused(json.dumps(FACTS), "--policy", "asure").startswith(
        '--policy: "asure" is neither'
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("asure", "No such file or directory"),
        (".", "Is a directory"),
        ("no/such\nfile", "No such file or directory"),
        ("nul\0", "no file has such a name"),
    ],
)
def test_a_policy_that_is_neither_built_in_nor_a_file_is_named(name: str, why: str) -> None:
    with pytest.raises(PolicyError) as error:
        read_policy(name)
    shown = name.encode("unicode_escape").decode()
    assert str(error.value) == (
        f'--policy: "{shown}" is neither one of aws, azure, google, recommended'
        f" nor a readable file ({why})"
    )
