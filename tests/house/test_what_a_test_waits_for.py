"""A test in a browser waits for a page by the path of its address: a query that names the next page is too early."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_no_pattern_of_a_whole_address_is_waited_for() -> None:
    early = [
        f"{path.relative_to(TESTS)}:{call.lineno}"
        for path in sorted(TESTS.rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("wait_for_url", "expect_navigation")
        and call.args
        and isinstance(call.args[0], ast.Constant | ast.JoinedStr)
    ]
    assert early == [], "arrive() of tests/browsing.py waits for a path"
