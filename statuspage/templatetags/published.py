"""Tags of the public pages: points in time, and files named after their content."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from statuspage.public import languages
from statuspage.public.render import assets, stamps, times

register = template.Library()


@register.simple_tag
def asset(name: str) -> str:
    """The URL path of a style sheet or script, with the hash of its content in it."""
    return assets.url(name)


@register.simple_tag
def foreign(language: str) -> SafeString:
    """The attribute that marks an operator's text in another language than the page's; else nothing."""
    here = not language or language == languages.current()
    return (
        SafeString("")
        if here
        else format_html(' lang="{}" dir="{}"', language, languages.direction(language))
    )


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
