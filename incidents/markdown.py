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


@lru_cache(maxsize=4096)
def to_text(text: str) -> str:
    """The same words without the markup, for feeds and excerpts: blocks apart by an empty line."""
    blocks: list[str] = []
    in_heading = False
    for token in _parser.parse(text):
        in_heading = token.type == "heading_open" or (in_heading and token.type == "inline")
        if token.type in ("fence", "code_block"):
            blocks.append(token.content.strip())
        elif token.type == "inline":
            words = "".join(
                "\n" if child.type in ("softbreak", "hardbreak") else child.content
                for child in token.children or ()
            )
            # A heading has no full stop; in running text it needs something.
            colon = ":" if in_heading and not words.endswith(("?", ":", "!")) else ""
            blocks.append(words + colon)
    return "\n\n".join(block for block in blocks if block)
