"""Tags of the public pages: points in time, and files named after their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django import template
from django.conf import settings
from django.template.base import FilterExpression, Parser, Token
from django.templatetags.i18n import do_translate
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from statuspage import languages
from statuspage.configuration.brand import Brand, Words
from statuspage.public.render import stamps, times
from statuspage.public.render.files import assets
from statuspage.public.render.layout import EVERYWHERE

if TYPE_CHECKING:
    from statuspage.public.render.layout import Alternate, KeptPieces

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
    def __init__(
        self, name: str, values: Mapping[str, FilterExpression], nodes: template.NodeList
    ) -> None:
        self.name, self.values, self.nodes = name, values, nodes

    def render(self, context: template.Context) -> SafeString:
        values = {name: found.resolve(context) for name, found in self.values.items()}
        kept: KeptPieces | None = context.get("kept")
        if kept is None:
            return self._drawn(context, values)
        return kept.get((self.name, *values.values()), lambda: self._drawn(context, values))

    def _drawn(self, context: template.Context, values: Mapping[str, object]) -> SafeString:
        same = {name: context[name] for name in EVERYWHERE if name in context}
        return self.nodes.render(context.new({**same, **values}))


@register.tag(name="kept")
def keep(parser: Parser, token: Token) -> KeptNode:
    """`{% kept "name" value other=value.part %}…{% endkept %}`: rendered once for as long as these values are equal
    (`Layout.kept`); anywhere but on the public pages each time. Between them nothing is known but these values and
    what is the same on all pages (`layout.EVERYWHERE`): so nothing else can be forgotten in what is kept."""
    _, name, *bits = token.split_contents()
    named = (bit.partition("=")[::2] for bit in bits)
    values = {each: parser.compile_filter(value or each) for each, value in named}
    nodes = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(name.strip('"'), values, nodes)


class SentenceNode(template.Node):
    """Of one text that stands in the template, and so says the same each time in a language."""

    def __init__(self, node: template.Node) -> None:
        self.node = node
        self.said: dict[str, str] = {}

    def render(self, context: template.Context) -> str:
        language = languages.current()
        if (said := self.said.get(language)) is None:
            said = self.said[language] = str(self.node.render(context))
        return said


@register.tag
def translate(parser: Parser, token: Token) -> template.Node:
    """Django's own, but a text alone is looked up once for each language: half of a page is made of them."""
    node: template.Node = do_translate(parser, token)
    bits = token.split_contents()
    return (
        SentenceNode(node)
        if len(bits) == 2 and bits[1][0] in "\"'" and "|" not in bits[1]
        else node
    )


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
def isoformat(value: datetime) -> str:
    """As scripts read it, in UTC: what `date:"c"` writes, in a tenth of the time."""
    return value.astimezone(UTC).isoformat()


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
