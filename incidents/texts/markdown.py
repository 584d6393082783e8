"""Operators' texts: Markdown in, safe HTML out. Pure.

Two locks on one door: markdown-it runs with HTML off, so tags are escaped and `javascript:` links
refused; nh3 then lets only a short list of elements through.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

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
    """The same to be read as plain text: blocks apart by an empty line, lists with their marks, links with
    their addresses, code with its quotes."""
    return _blocks(SyntaxTreeNode(_parser.parse(text)).children)


def _blocks(nodes: Sequence[SyntaxTreeNode], between: str = "\n\n") -> str:
    return between.join(filter(None, map(_block, nodes)))


def _block(node: SyntaxTreeNode) -> str:
    if node.type in ("fence", "code_block"):
        return node.content.strip("\n")
    if node.type == "heading":
        words = _inline(node)
        # A heading has no full stop; in running text it needs something.
        return words if words.endswith(("?", ":", "!")) else f"{words}:"
    if node.type in ("bullet_list", "ordered_list"):
        return _list(node)
    if node.type == "blockquote":
        return _indented(_blocks(node.children), "> ", "> ")
    if node.type == "tr":
        return " | ".join(_inline(cell) for cell in node.children)
    if node.type in ("table", "thead", "tbody"):
        return _blocks(node.children, "\n")
    return _inline(node) if node.type == "paragraph" else ""


def _list(node: SyntaxTreeNode) -> str:
    first = int(node.attrs.get("start", 1))
    loose = any(
        not part.hidden
        for item in node.children
        for part in item.children
        if part.type == "paragraph"
    )
    lines = []
    for number, item in enumerate(node.children, start=first):
        mark = "- " if node.type == "bullet_list" else f"{number}. "
        inside = _blocks(item.children, "\n\n" if loose else "\n")
        lines.append(_indented(inside, mark, " " * len(mark)))
    return "\n".join(lines)


def _indented(text: str, first: str, others: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *(f"{others}{line}".rstrip() for line in lines[1:])])


def _inline(node: SyntaxTreeNode) -> str:
    if node.type in ("softbreak", "hardbreak"):
        return "\n"
    if node.type == "code_inline":
        return f"`{node.content}`"
    if node.type in ("text", "image"):
        return node.content
    words = "".join(map(_inline, node.children))
    if node.type == "link":
        address = str(node.attrs["href"])
        return words if address.removeprefix("mailto:") == words else f"{words} ({address})"
    return words
