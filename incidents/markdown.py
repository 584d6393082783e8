"""Operators' texts: Markdown in, safe HTML out. Pure.

Two locks on one door: markdown-it runs with HTML off, so tags are escaped and `javascript:` links
refused; nh3 then lets only a short list of elements through.
"""

from __future__ import annotations

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt

TAGS = {
    "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "hr", "li", "ol", "p", "pre",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip

# Texts are read inside a page that has its own h1 and h2.
DEEPER = {"h1": "h3", "h2": "h4", "h3": "h4", "h4": "h5", "h5": "h5", "h6": "h5"}

_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


@lru_cache(maxsize=4096)
def to_html(text: str) -> str:
    """Safe HTML of a Markdown text; equal texts are rendered once per process."""
    tokens = _parser.parse(text)
    for token in tokens:
        token.tag = DEEPER.get(token.tag, token.tag)
    html = _parser.renderer.render(tokens, _parser.options, {})
    return nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
