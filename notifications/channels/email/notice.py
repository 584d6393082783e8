"""Mails about an address or an account itself: a question, a code, that alerts do not arrive. In the language
that is active."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from email.utils import make_msgid

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language, gettext

from notifications.channels import signed_links
from notifications.channels.base import Message, MessageTemplate, one_line
from notifications.channels.email.renderer import host, inlined
from notifications.models import ContactNotice, Endpoint, Tenant

LONGEST_SUBJECT = 180
What = ContactNotice.What


def to_confirm(endpoint: Endpoint, *, ends: Sequence[str], id: str) -> Message:
    """To whoever reads the address: whether its alerts shall end. `ends`: what would."""
    return _mail(
        endpoint.address,
        id=id,
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


def about(
    notice: ContactNotice, tenant: Tenant, *, to: str, rules: Sequence[str], why: str, part: int
) -> Message:
    """To a tenant: which of its ways is dead or dying, why, and what leads there. `why` it is told to this one."""
    names = {"tenant": tenant.name, "address": str(notice.endpoint)}
    reason = {
        What.LEFT: gettext("Whoever reads %(address)s has ended the alerts to it.") % names,
        What.SUPPRESSED: gettext("We send nothing there any more: %(why)s.")
        % {"why": notice.endpoint.suppressed_why},
        What.FAILING: gettext(
            "What we send there is not taken. We go on trying for days; if it stays so, we send nothing there"
            " any more."
        ),
    }[What(notice.what)]
    remedy = (
        gettext("If they shall come again, confirm the address anew, or name another one.")
        if notice.what == What.LEFT
        else gettext("Have it mended, or name another address.")
    )
    return _mail(
        to,
        id=f"<{uuid.uuid5(notice.uuid, str(part))}@{host()}>",
        title=gettext("Alerts of %(tenant)s do not reach %(address)s") % names,
        lead=[reason, remedy],
        listed=rules,
        list_head=gettext("What leads there:"),
        button=gettext("Addresses of %(tenant)s") % names,
        link=f"{settings.BASE_URL}/service-health/of/{tenant.ref}/where/",
        why=why,
    )


def sign_in_code(address: str, code: str) -> Message:
    """`code`: as it is shown."""
    return _mail(
        address,
        subject=gettext("%(code)s is your code for Service Health") % {"code": code},
        title=gettext("Your code for Service Health"),
        lead=[
            gettext(
                "Type it on the page that asked for it. It works once, within ten minutes of asking."
            ),
            gettext("If you did not ask for it, do nothing; nobody comes in without it."),
        ],
        code=code,
    )


def address_code(address: str, code: str, tenant: Tenant) -> Message:
    """`code`: as it is shown."""
    names = {"tenant": tenant.name, "site": settings.SITE_NAME}
    return _mail(
        address,
        subject=gettext("%(code)s confirms this address for alerts") % {"code": code},
        title=gettext("Shall alerts be sent to this address?"),
        lead=[
            gettext("%(tenant)s wants alerts of %(site)s to be sent here.") % names,
            gettext("Whoever asked types this code on the page; it works once, within 30 minutes."),
            gettext(
                "If you know nothing of it, do nothing: without the code no alert is sent here."
            ),
        ],
        code=code,
    )


def invitation(address: str, tenant: Tenant, *, by: str) -> Message:
    names = {"tenant": tenant.name, "site": settings.SITE_NAME, "by": by}
    return _mail(
        address,
        title=gettext("You may sign in at Service Health of %(site)s") % names,
        lead=[
            gettext("%(by)s has made you a member of %(tenant)s.") % names,
            gettext(
                "There is no password: sign in with this address, and a code is mailed to you each time."
            ),
        ],
        button=gettext("Sign in"),
        link=f"{settings.BASE_URL}/service-health/sign-in/",
    )


def _mail(
    to: str,
    *,
    title: str,
    lead: Sequence[str],
    id: str = "",
    subject: str = "",
    code: str = "",
    listed: Sequence[str] = (),
    list_head: str = "",
    button: str = "",
    link: str = "",
    why: str = "",
) -> Message:
    context = {
        "site": settings.SITE_NAME,
        "title": title,
        "lead": lead,
        "code": code,
        "listed": listed,
        "list_head": list_head,
        "button": button,
        "link": link,
        "why": why,
        "help": settings.HELP_URL,
        "language": get_language(),
    }
    return Message(
        id=id or make_msgid(domain=host()),
        to=to,
        template=MessageTemplate(
            subject=one_line(subject or f"[{settings.SITE_NAME}] {title}", LONGEST_SUBJECT),
            text=render_to_string("emails/notice.txt", context),
            html=inlined(render_to_string("emails/notice.html", context)),
            headers={
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "List-Help": f"<{settings.HELP_URL}>",
            },
        ),
    )
