"""A page saved as HTML, as the text that a reader of the page sees."""

from __future__ import annotations

import html
import re

_IS_MARKUP = re.compile(r"</(?:p|li|div|h[1-6]|span|strong|td)>|<br ?/?>", re.IGNORECASE)
_TAGS = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]{0,10})((?:\s[^<>]{0,2000})?)/?>|<!doctype[^<>]{0,200}>",
                   re.IGNORECASE)  # fmt: skip
_HREF = re.compile(r"""\bhref\s?=\s?["'](https?://[^"'\s]{4,600})["']""", re.IGNORECASE)
_UNSEEN = ("script", "style", "head", "noscript", "svg", "template")
_BLOCKS = {
    "p", "div", "ul", "ol", "tr", "table", "section", "article", "header", "footer", "nav", "main",
    "button", "option", "select", "label", "summary", "details", "dl", "dt", "dd", "pre", "h1",
    "h2", "h3", "h4", "h5", "h6", "blockquote",
}  # fmt: skip


def without_tags(text: str) -> str:
    """The text of a page; addresses of links stand in brackets behind what is linked.

    Text without markup is returned as it is, but for two entities that copies leave behind.
    """
    if not _IS_MARKUP.search(text):
        return text.replace("&nbsp;", " ").replace("&amp;", "&")
    for name in _UNSEEN:
        text = _without_element(text, name)
    text = _without_between(text, "<!--", "-->")
    return html.unescape(_shown(text))


def _without_element(text: str, name: str) -> str:
    opening = re.compile(rf"<{name}(?:\s[^<>]{{0,2000}})?>", re.IGNORECASE)
    closing = re.compile(rf"</{name}\s{{0,3}}>", re.IGNORECASE)
    kept, at = [], 0
    while (found := opening.search(text, at)) and (end := closing.search(text, found.end())):
        kept.append(text[at : found.start()])
        at = end.end()
    return "".join([*kept, text[at:]])


def _without_between(text: str, start: str, stop: str) -> str:
    kept, at = [], 0
    while (begin := text.find(start, at)) >= 0 and (end := text.find(stop, begin)) >= 0:
        kept.append(text[at:begin])
        at = end + len(stop)
    return "".join([*kept, text[at:]])


def _shown(text: str) -> str:
    tags = list(_TAGS.finditer(text))
    pieces = [text[: tags[0].start()]] if tags else [text]
    link, linked = "", ""
    ends = [*(tag.start() for tag in tags[1:]), len(text)]
    for tag, end in zip(tags, ends, strict=True):
        name = (tag[1] or "").lower()
        if name == "a":
            href = _HREF.search(tag[2])
            link, linked = (html.unescape(href[1]) if href else ""), ""
        elif name == "/a" and link:
            # An address that is its own text stands there already.
            pieces.append("" if link in html.unescape(linked) else f" ({html.escape(link)})")
            link = ""
        pieces.append(_plain(name))
        behind = text[tag.end() : end]
        pieces.append(behind)
        linked = (linked + behind)[:1000] if link else ""
    return "".join(pieces)


def _plain(name: str) -> str:
    if name == "li":
        return "\n• "
    if name in ("td", "th"):
        return " "
    return "\n" if name == "br" or name.removeprefix("/") in _BLOCKS or name == "/li" else ""
