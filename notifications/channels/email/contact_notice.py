"""The mail about a way of alerts itself. In the language that is active."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language, gettext

from notifications.channels import signed_links
from notifications.channels.base import Message, MessageTemplate, one_line
from notifications.channels.email.renderer import host, inlined
from notifications.models import ContactNotice, Endpoint

LONGEST_SUBJECT = 180


def to_confirm(endpoint: Endpoint, *, ends: Sequence[str], id: str) -> Message:
    """To whoever reads the address: whether its alerts shall end. `ends`: what would."""
    return _mail(
        endpoint.address,
        id,
        title=gettext("Shall the alerts to this address end?"),
        lead=[
            gettext(
                "Somebody who has one of our mails asked for it. Alerts go on until you confirm; if it was not"
                " you, do nothing."
            )
        ],
        listed=ends,
        list_head=gettext("What would end:"),
        button=gettext("End these alerts"),
        link=signed_links.end_alerts_url(endpoint.key),
    )


def about(notice: ContactNotice, *, to: str, rules: Sequence[str], part: int) -> Message:
    """To a tenant: which of its ways is dead or dying, why, and what leads there."""
    endpoint, tenant = notice.endpoint, notice.tenant
    name = tenant.name if tenant else ""
    reason = {
        ContactNotice.What.LEFT: gettext("Whoever reads this address has ended its alerts."),
        ContactNotice.What.SUPPRESSED: gettext("We send nothing there any more: %(why)s.")
        % {"why": endpoint.suppressed_because},
        ContactNotice.What.FAILING: gettext(
            "What we send there is not taken. We go on trying for days; if it stays so, we send nothing there"
            " any more."
        ),
    }[ContactNotice.What(notice.what)]
    return _mail(
        to,
        f"<{uuid.uuid5(notice.uuid, str(part))}@{host()}>",
        title=gettext("Alerts of %(tenant)s do not reach %(address)s")
        % {"tenant": name, "address": str(endpoint)},
        lead=[
            reason,
            gettext(
                "Have it mended, or name another address, so that somebody of %(tenant)s is told."
            )
            % {"tenant": name},
        ],
        listed=rules,
        list_head=gettext("What leads there:"),
        button="",
        link="",
    )


def _mail(
    to: str,
    id: str,
    *,
    title: str,
    lead: Sequence[str],
    listed: Sequence[str],
    list_head: str,
    button: str,
    link: str,
) -> Message:
    context = {
        "site": settings.SITE_NAME,
        "title": title,
        "lead": lead,
        "listed": listed,
        "list_head": list_head,
        "button": button,
        "link": link,
        "help": settings.HELP_URL,
        "language": get_language(),
    }
    return Message(
        id=id,
        to=to,
        template=MessageTemplate(
            subject=one_line(f"[{settings.SITE_NAME}] {title}", LONGEST_SUBJECT),
            text=render_to_string("emails/contact_notice.txt", context),
            html=inlined(render_to_string("emails/contact_notice.html", context)),
            headers={
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "List-Help": f"<{settings.HELP_URL}>",
            },
        ),
    )
