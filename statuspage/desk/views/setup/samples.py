"""The HTML of a mail in a frame of its own, as its receivers see it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST

from incidents.access import DRAFT
from incidents.sealing import MARK, SealError, unseal
from statuspage.desk.access import desk
from statuspage.public.store.headers import POLICY

# A mail carries its style inside itself. This answer allows that, and in exchange nothing else: no script, no file
# from anywhere, no origin of its own.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'; sandbox"
)


@desk(DRAFT)
@xframe_options_sameorigin
@require_POST
def mail(request: HttpRequest) -> HttpResponse:
    """`sealed`: what a preview of ours has sealed, and nothing that anybody else has written."""
    sealed = request.POST.get("sealed", "")
    try:
        html = unseal(sealed) if sealed.startswith(MARK) else ""
    except SealError:
        html = ""
    response = HttpResponse(html or "<p>Press Preview again.</p>", status=200 if html else 422)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def framing(response: HttpResponse) -> HttpResponse:
    """The page may show frames of our own."""
    response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response
