"""The words of a mail: subject, text, HTML and headers, in the receiver's language.

A public message is made of public text and public facts only. What it says of publicity (the link to
the entry) is asked of `.public()`, never decided here.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language, get_language_bidi, gettext, ngettext

from incidents.models import Communication
from incidents.texts import markdown
from notifications.channels import holding_back, signed_links, wording
from notifications.channels.base import Message, MessageTemplate, one_line
from notifications.channels.email import return_path
from notifications.channels.email.calendar import event_of
from notifications.channels.email.fitting import Room
from notifications.channels.yours import Book, Row, Yours, same_shape
from notifications.models import Delivery, Endpoint, SignUp
from notifications.vocabulary.delivery_states import DeliveryAudience, Reason, Relevance

SUBJECT_LENGTH = 160
SIGNS = {
    "critical": "✕",
    "warning": "!",
    "maintenance": "◆",
    "information": "i",
    "good": "✓",
    "quiet": "–",
}
# What a receiver's own parts are called in a template: blanks that no text of an operator can contain.
OWN = ("leave", "manage", "tenant", "line", "yours", "yours_text")
_BLANK = secrets.token_hex(12)
_BLANKS = tuple(f"https://{name}.{_BLANK}/" for name in OWN)  # of this process, to be compiled once
LINKS = frozenset({"leave", "manage"})


class MailRenderer:
    """Renders once per text, audience, relevance, reason, language and zone; fills in what is each receiver's own.

    Short-lived by intent: whether an entry is public is looked up once per renderer.
    """

    def __init__(self) -> None:
        self._templates: dict[tuple[object, ...], MessageTemplate] = {}
        self._books: dict[int, Book] = {}
        self._looks: dict[tuple[object, ...], _Look] = {}

    def compose(self, delivery: Delivery) -> Message:
        """The message of a delivery, the same again whenever it is repeated. Raises ValueError."""
        endpoint, concern, own = delivery.endpoint, delivery.concern, same_shape(delivery)
        key = (*wording.same_words(delivery), own)
        look = self._looks.get(key)
        if look is None:
            with wording.reading(delivery):
                look = self._looks[key] = self._look(delivery)
        names = self._book(delivery).names(concern) if own and concern else ()
        html, text = look.table.filled(names)
        leave = signed_links.leave_url(endpoint.key, delivery.audience)
        tenants = ", ".join(concern.tenants) if concern else ""
        return Message(
            id=f"<{delivery.uuid}@{host()}>",
            to=endpoint.address,
            template=look.template,
            values=(
                leave,
                # Of no use to whom a tenant has alerted.
                signed_links.manage_url(endpoint.key)
                if delivery.audience == DeliveryAudience.PUBLIC
                else "",
                f" · {escape(tenants)}" if tenants else "",
                look.line,
                html,
                text,
            ),
            headers={
                **_thread(delivery.incident_id, endpoint),
                "List-Unsubscribe": f"<{leave}>",
            },
            return_path=return_path.address_of(delivery.uuid),
        )

    def _book(self, delivery: Delivery) -> Book:
        key = delivery.communication_id
        if key not in self._books:
            self._books[key] = Book(delivery.communication)
        return self._books[key]

    def _template(self, delivery: Delivery, yours: Yours) -> MessageTemplate:
        key = (*wording.same_words(delivery), yours.is_over)
        if key not in self._templates:
            self._templates[key] = self._render(delivery)
        return self._templates[key]

    def _look(self, delivery: Delivery) -> _Look:
        """Made once for all whose mails differ in names and links alone."""
        yours, _ = self._book(delivery).shape(delivery)
        since = ""
        if yours.since and yours.since != delivery.communication.incident.started_at:
            moment = wording.moment(yours.since, delivery.endpoint.time_zone)
            since = gettext("For you since %(time)s.") % {"time": moment}
        return _Look(self._template(delivery, yours), escape(yours.line), _Table(yours, since))

    def _render(self, delivery: Delivery) -> MessageTemplate:
        book, public = self._book(delivery), delivery.audience == DeliveryAudience.PUBLIC
        mine = wording.own_page(delivery)
        story = wording.story(delivery)
        room = Room(1 + len(story) + len(delivery.digest_items))
        facts = _facts(delivery, book, room) | book.standing(delivery)
        context = facts | {
            "language": get_language(),
            "sign": SIGNS[str(facts["state"])],
            "public": public,
            "story": [_earlier(each, public, delivery, room, mine) for each, public in story],
            "items": [_facts(each, self._book(each), room) for each in delivery.digest_items],
            "more": _more(len(delivery.digest_items)),
            "kept_back": holding_back.kept_back(delivery),
            "last_of_hour": holding_back.limit_reached() if delivery.last_of_hour else "",
            "why": wording.why(delivery),
            "drill_notice": wording.DRILL,
            "confidential": wording.confidential(delivery),
            "rules": f"{settings.BASE_URL}/service-health/",
            "help": settings.HELP_URL,
            "zone_notice": _zone_notice(delivery.endpoint.time_zone),
            **dict(zip(OWN, _BLANKS, strict=True)),
        }
        return MessageTemplate(
            subject=_subject(delivery),
            text=render_to_string("emails/update.txt", context),
            html=inlined(render_to_string("emails/update.html", context)),
            headers=_list(delivery.audience),
            placeholders=_BLANKS,
            names=OWN,
            links=LINKS,
            calendar=event_of(delivery.communication, public=public),
        )


def preview(
    communication: Communication,
    *,
    audience: DeliveryAudience,
    relevance: Relevance,
    reason: Reason,
) -> Message:
    """What a receiver would read; for a desk. Nothing is stored, its links belong to nobody."""
    endpoint = Endpoint(pk=0, address="preview@example.com", key=uuid.UUID(int=0))
    delivery = Delivery(
        incident=communication.incident,
        communication=communication,
        endpoint=endpoint,
        audience=audience,
        relevance=relevance,
        reason=reason,
    )
    delivery.is_first = False
    return MailRenderer().compose(delivery)


def confirmation(
    sign_up: SignUp, *, topics: Sequence[str], choices: Sequence[str], code: str
) -> Message:
    """The mail that asks whether the owner of an address wants to subscribe. `topics`, `choices` in words; `code`
    does the same as the link."""
    context = {
        "site": settings.SITE_NAME,
        "topics": topics,
        "choices": choices,
        "code": f"{code[:4]} {code[4:]}",
        "link": signed_links.confirm_url(sign_up.key),
        "hours": int(signed_links.CONFIRM_WITHIN.total_seconds() // 3600),
        "help": settings.HELP_URL,
        "language": get_language(),
    }
    title = gettext("Confirm your subscription to %(site)s") % {"site": settings.SITE_NAME}
    return Message(
        id=f"<{sign_up.key}@{host()}>",
        to=sign_up.address,
        template=MessageTemplate(
            subject=title,
            text=render_to_string("emails/confirm.txt", context),
            html=inlined(render_to_string("emails/confirm.html", context)),
            headers={
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "List-Help": f"<{settings.HELP_URL}>",
            },
        ),
    )


def host() -> str:
    """The host of BASE_URL: the right-hand side of our Message-IDs and list names."""
    return _host_of(settings.BASE_URL)


@lru_cache(maxsize=4)
def _host_of(address: str) -> str:
    return urlsplit(address).hostname or "localhost"


def subject(communication: Communication) -> str:
    """The same in every mail of an incident, so that mail programs keep them together."""
    incident = communication.incident
    word = gettext("Drill")
    drill = f"[{word}] " if incident.drill else ""
    end = f" ({incident.tracking_id})"
    start = one_line(
        f"{drill}[{settings.SITE_NAME}] {incident.public_title}", SUBJECT_LENGTH - len(end)
    )
    return f"{start}{end}"


def _subject(delivery: Delivery) -> str:
    if delivery.reason == Reason.TOPIC_DAILY:
        summary = gettext("Daily summary of public posts")
    elif delivery.quiet_until and any(
        each.incident_id != delivery.incident_id for each in delivery.digest_items
    ):
        summary = gettext("What came in your quiet hours")
    else:
        return subject(delivery.communication)
    return one_line(f"[{settings.SITE_NAME}] {summary}", SUBJECT_LENGTH)


def inlined(html: str) -> str:
    """CSS into `style` attributes, as mail programs want it; media queries stay in the head."""
    return _inliner.inline(html)


_inliner = css_inline.CSSInliner(
    keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False
)


def _facts(delivery: Delivery, book: Book, room: Room) -> dict[str, object]:
    """`mine`: the page of its receivers, where there is one to read all of it."""
    mine = wording.own_page(delivery)
    words, language = wording.body(delivery)
    facts = wording.facts(delivery, book.where())
    if mine or facts["link"]:
        words = room.fitted(words)
    return facts | {
        "mine": mine,
        "body": markdown.to_text(words),
        "body_html": markdown.to_html(words),
        "body_language": language,
    }


def _earlier(
    communication: Communication, public: bool, delivery: Delivery, room: Room, mine: str
) -> dict[str, object]:
    words, language = wording.said(communication, public=public)
    if mine or public:
        words = room.fitted(words)
    return {
        "heading": wording.heading(
            communication, delivery.endpoint.time_zone, within=delivery.communication
        ),
        "body": markdown.to_text(words),
        "body_html": markdown.to_html(words),
        "language": language,
    }


def _more(items: int) -> str:
    if not items:
        return ""
    return ngettext("%(n)d more update", "%(n)d more updates", items) % {"n": items}


def _zone_notice(zone: str) -> str:
    if zone in ("", "UTC"):
        return gettext("All times are in UTC.")
    return gettext("All times are in UTC, and in %(zone)s.") % {"zone": zone}


# The styles of mail.css for what is put together for each receiver, as it comes too late for the inliner.
_FONT = "font:15px/1.45 'Segoe UI',system-ui,-apple-system,Roboto,Arial,sans-serif"
_CELL = f"padding:8px 0;border-top:1px solid #e3e6ea;vertical-align:top;{_FONT};color:#1c1f24"
_WHAT, _WELL = "font-weight:600", "color:#5a6270"
_SMALL = "font-size:13px;font-weight:400;color:#5a6270"


@dataclass(frozen=True, slots=True)
class _Look:
    """`line`: what is theirs in a sentence, as HTML; `table`: row by row, without names."""

    template: MessageTemplate
    line: str
    table: _Table


class _Table:
    """What is theirs, as HTML and as text, in pieces around the names of subscriptions."""

    def __init__(self, yours: Yours, since: str) -> None:
        head, line = gettext("What is yours"), " ".join(filter(None, (yours.line, since)))
        self.rows = [
            (_html_behind(row), f": {row.where or '–'} ({row.became})") for row in yours.rows
        ]
        self.html_head = (
            f'<h2 style="margin:20px 0 4px;font-size:15px;line-height:1.4;color:#1c1f24">{escape(head)}</h2>'
            f'<p style="margin:0 0 10px">{escape(line)}</p>'
            '<table class="yours" cellpadding="0" cellspacing="0" border="0" width="100%"'
            ' style="width:100%;border-collapse:collapse">'
        )
        others = f'<p class="others" style="{_SMALL};margin:4px 0 0">{escape(yours.others)}</p>'
        self.html_end = (
            f"</table>{others if yours.others else ''}"
            '<p style="margin:0;font-size:8px;line-height:20px">&nbsp;</p>'
        )
        self.text_head = f"\n{head}: {line}\n"
        self.text_end = f"- {yours.others}\n" if yours.others else ""

    def filled(self, names: Sequence[str]) -> tuple[str, str]:
        if not names:
            return "", ""
        html, text = [self.html_head], [self.text_head]
        for name, (html_behind, text_behind) in zip(names, self.rows, strict=True):
            html.append(f'<tr><td style="{_CELL}">{escape(name)}{html_behind}')
            text.append(f"- {name}{text_behind}\n")
        return "".join([*html, self.html_end]), "".join([*text, self.text_end])


def _html_behind(row: Row) -> str:
    start, end = ("right", "left") if get_language_bidi() else ("left", "right")
    look = f"{_CELL};padding-{start}:12px;text-align:{end};{_WELL if row.quiet else _WHAT}"
    return (
        f'<br><span style="{_SMALL}">{escape(row.where)}</span></td>'
        f'<td class="what{" well" if row.quiet else ""}" style="{look}">'
        f"{escape(row.what)}{'<br>' if row.what else ''}"
        f'<span style="{_SMALL}">{escape(row.sure)}</span></td></tr>'
    )


def _thread(incident_id: int, endpoint: Endpoint) -> dict[str, str]:
    """All mails of one incident to one endpoint hang on a root that is never sent itself."""
    root = f"<{uuid.uuid5(endpoint.key, f'incident-{incident_id}')}@{host()}>"
    return {"In-Reply-To": root, "References": root}


def _list(audience: str) -> dict[str, str]:
    public = audience == DeliveryAudience.PUBLIC
    name = "posts" if public else "alerts"
    return {
        # Alerts end only once whoever reads the address confirms it: no mail program can do that.
        **({"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if public else {}),
        "List-Id": f"{settings.SITE_NAME} {name} <{name}.{host()}>",
        "List-Help": f"<{settings.HELP_URL}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Precedence": "list",
    }
