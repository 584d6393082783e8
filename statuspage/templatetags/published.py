"""Tags of the public pages: points in time, and files named after their content."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django import template
from django.conf import settings
from django.template.base import FilterExpression, Parser, Token
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from statuspage import languages
from statuspage.configuration.brand import Brand, Words
from statuspage.public.render import stamps, times
from statuspage.public.render.files import assets

if TYPE_CHECKING:
    from statuspage.public.render.layout import Alternate

register = template.Library()
CURRENT = SafeString(' aria-current="true"')


@register.simple_tag
def asset(name: str) -> str:
    """The URL path of a style sheet or script, with the hash of its content in it."""
    return assets.url(name)


@register.simple_tag
def brand() -> Brand:
    """The operator's logo, colours, texts and links."""
    return settings.BRAND


# Of every page, and so without a loop in a template, which takes ten times as long.
@register.simple_tag
def alternates(languages: Sequence[Alternate], base_url: str) -> SafeString:
    """The same page in each language, and which one is for all others, as search engines read it."""
    line = '<link rel="alternate" hreflang="{}" href="{}{}">'
    named = [(one.code, one.path) for one in languages]
    named += [("x-default", path) for _, path in named[:1]]
    return format_html_join("\n", line, ((code, base_url, path) for code, path in named))


@register.simple_tag
def other_languages(languages: Sequence[Alternate], language: str) -> SafeString:
    """The links that change the language of the page."""
    return format_html_join(
        "\n",
        '<a href="{}" lang="{}" hreflang="{}"{}>{}</a>',
        (
            (one.path, one.code, one.code, CURRENT if one.code == language else "", one.name)
            for one in languages
        ),
    )


class KeptNode(template.Node):
    def __init__(self, name: str, by: FilterExpression | None, nodes: template.NodeList) -> None:
        self.name, self.by, self.nodes = name, by, nodes

    def render(self, context: template.Context) -> SafeString:
        kept = context.get("kept")
        if kept is None:
            return self.nodes.render(context)
        name = f"{self.name} {self.by.resolve(context)}" if self.by else self.name
        if name not in kept:
            kept[name] = self.nodes.render(context)
        found: SafeString = kept[name]
        return found


@register.tag(name="kept")
def keep(parser: Parser, token: Token) -> KeptNode:
    """`{% kept "name" %}…{% endkept %}`: what is the same on every page of a language, rendered once for all that one
    renderer makes of one catalogue (`Layout.kept`); anywhere else each time. `{% kept "name" value %}`: on every page
    of this value, of which there must be few."""
    _, name, *by = token.split_contents()
    nodes = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(name.strip('"'), parser.compile_filter(by[0]) if by else None, nodes)


@register.filter
def absolute(url: str) -> str:
    """An address of this site as it works elsewhere; any other as it is."""
    return f"{settings.BASE_URL}{url}" if url.startswith("/") else url


@register.filter
def said(words: Words) -> SafeString:
    """An operator's text in the language of the page, or in English and marked as such."""
    text, language = words.said(languages.current())
    return format_html("<span{}>{}</span>", foreign(language), text)


@register.simple_tag
def heard() -> SafeString:
    """What the browser answers a question with: the sentences by state, and where the words are that it understands."""
    # No mail asks a browser; but Django imports this library for whoever renders anything.
    from statuspage.public.render.files.plain_files import NAMES
    from statuspage.public.render.table import dependents, labels

    sentences = {state: str(text) for state, text in labels.ANSWERS.items()}
    return format_html_join(
        " ",
        'data-{}="{}"',
        [
            *sentences.items(),
            ("pair", gettext("%(service)s in %(region)s")),
            ("nowhere", labels.NOT_OFFERED),
            ("regions", gettext("%(service)s in several regions")),
            ("services", gettext("Several services in %(region)s")),
            ("may", dependents.SENTENCES[False]),
            ("managing", dependents.SENTENCES[True]),
            ("some", dependents.SOME),
            ("many", labels.MANY),
            ("hit", labels.HIT_AMONG),
            ("none", labels.NONE_HIT),
            ("maybe", labels.STATES["possible"]),
            ("names", NAMES),
        ],
    )


@register.simple_tag
def foreign(language: str) -> SafeString:
    """The attribute that marks an operator's text in another language than the page's; else nothing."""
    here = not language or language == languages.current()
    return (
        SafeString("")
        if here
        else format_html(' lang="{}" dir="{}"', language, languages.direction(language))
    )


@register.simple_tag
def timed(value: datetime, shown: str) -> SafeString:
    """`<time>` with this text."""
    return times.element(value, shown)


@register.simple_tag
def span(start: datetime, end: datetime | None, now: datetime | None = None) -> SafeString:
    """From when to when; beside `now` the date only if it is not today."""
    return times.span(start, end, now)


@register.filter
def short_day(value: datetime) -> str:
    """Day and month alone (UTC), for the axis of a drawing."""
    return times.short_day(value)


@register.filter
def stamp(value: datetime, form: str = "full") -> SafeString:
    """As of when the page is true, as `clock` or in full."""
    return stamps.stamp(value, form)


@register.filter
def moment(value: datetime) -> SafeString:
    """`<time>` with date, clock and zone."""
    return times.element(value)


@register.filter
def clock(value: datetime) -> SafeString:
    """`<time>` with clock and zone alone, for places that name the day already."""
    return times.element(value, times.clock(value))


@register.filter
def day(value: datetime) -> SafeString:
    """`<time>` with the date alone (UTC)."""
    return times.element(value, times.day(value))


@register.filter
def month(value: str) -> str:
    """`January 2024` for `2024-01`."""
    return times.month_name(value)


@register.simple_tag
def filled(sentence: str, time: SafeString) -> SafeString:
    """A translated sentence with a `<time>` element where it says `%(time)s`."""
    before, _, after = sentence.partition("%(time)s")
    return format_html("{}{}{}", before, time, after)
