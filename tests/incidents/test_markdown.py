from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.texts.markdown import TAGS, to_html, to_text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Title", "<h3>Title</h3>"),
        ("**loud**", "<p><strong>loud</strong></p>"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        (
            "[x](https://example.com)",
            '<p><a href="https://example.com" rel="nofollow noopener noreferrer">x</a></p>',
        ),
        ("![x](https://example.com/a.png)", "<p></p>"),
    ],
)
def test_markdown_becomes_safe_html_below_the_pages_own_headings(text: str, html: str) -> None:
    assert to_html(text).strip() == html


@given(st.text())
def test_no_text_makes_an_element_that_is_not_allowed(text: str) -> None:
    assert {name.lower() for name in re.findall(r"<\s*/?\s*([a-zA-Z0-9]+)", to_html(text))} <= TAGS


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("### Summary of impact\n\nIt **failed**.", "Summary of impact:\n\nIt failed."),
        ("### What happened?\n\nMuch.", "What happened?\n\nMuch."),
        ("- one\n- [two](https://example.com)", "- one\n- two (https://example.com)"),
        ("1. a\n2. `b`\n   - c", "1. a\n2. `b`\n   - c"),
        ("> a\n\n<https://example.com>", "> a\n\nhttps://example.com"),
        ("a\nb", "a\nb"),
        ("```\ncode\n```\n\nafter", "code\n\nafter"),
        ("a <b> & c", "a <b> & c"),
    ],
)
def test_plain_text_has_the_words_without_the_markup(text: str, plain: str) -> None:
    assert to_text(text) == plain
