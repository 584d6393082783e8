"""What is tried, by kind. Each try counts, and says what did not hold."""

from __future__ import annotations

import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import cast
from urllib.parse import quote, urlencode

from django.core import signing

from incidents import access
from incidents.models import Incident, Region, Service
from notifications.customers.sign_in.sessions import session_digest
from notifications.models import Endpoint, PersonSession
from notifications.vocabulary.delivery_states import Channel
from statuspage.api.authentication import Bearer
from statuspage.portal.access import _SALT, COOKIE
from tests.hostile.door import CANARY, House, Reply
from tests.house.test_roles import LETTERS, MODELS, SCREENS, addresses
from tests.house.test_whatever_strangers_ask import operations

UNKNOWN = "ZZZZ-ZZZ"
OTHER = "zebrafoods"  # as long as CANARY, and in nothing
WEB = [each for each in Channel if each.is_web]


def public_paths(house: House) -> list[str]:
    """What the site itself names, followed from page to page."""
    found, queue = {"/status/"}, ["/status/", "/sitemap.xml", "/ja/status/", "/status/api/"]
    while queue and len(found) < 700:
        body = house.ask("GET", queue.pop()).body
        for link in re.findall(r'(?:href|src|action)="(/[^"#?]*)', body) + re.findall(
            r"<loc>https?://[^/]+(/[^<]*)", body
        ):
            if link not in found and not link.startswith(
                ("/static/", "/admin/", "/demo/", "/service-health/")
            ):
                found.add(link)
                queue.append(link)
    return sorted(found)


def confidentiality(house: House) -> None:
    words = (CANARY, house.hidden.tracking_id, house.mark)
    for path in public_paths(house):
        reply = house.ask("GET", path)
        told = any(each in reply.whole for each in words)
        house.held("confidentiality", not told, f"GET {path}", reply)
        asked, other = (house.ask("GET", f"{path}?q={each}") for each in (CANARY, OTHER))
        same = _plain(asked, CANARY) == _plain(other, OTHER)
        house.held("confidentiality", same, f"GET {path}?q={CANARY} finds something", asked)
    for path in (
        "/status/history/{}/",
        "/ja/status/history/{}/",
        "/status/history/{}",
        "/status/history/?trackingId={}",
        "/badge/{}.svg",
        "/feedback/{}/",
        "/de/feedback/{}/",
        "/api/v2/incidents/{}.json",
        "/status/feed/?q={}",
        "/api/v1/incidents/{}",
        "/admin/desk/{}/",
        "/service-health/of/x/events/{}/",
        "/status/?q={}",
    ):
        for method in ("GET", "HEAD"):
            ours, other = (
                house.ask(method, path.format(each)) for each in (house.hidden.tracking_id, UNKNOWN)
            )
            same = _plain(ours, house.hidden.tracking_id) == _plain(other, UNKNOWN)
            house.held(
                "confidentiality", same, f"{method} {path} tells a hidden ID from none", ours
            )


def _plain(reply: Reply, ref: str) -> tuple[int, str]:
    body = reply.body.replace(ref, "ID").replace(ref.lower(), "ID")
    return reply.status, re.sub(r'value="[^"]{30,}"|\d+ seconds|\d\d:\d\d(:\d\d)?', "", body)


def roles(house: House) -> None:
    """Every screen and every model of the admin, each role, looking and writing."""
    endpoint = Endpoint.objects.order_by("-pk")[0]
    parts = {
        "<tracking_id:tracking_id>": house.hidden.tracking_id,
        "<int:pk>": str(endpoint.pk),
        "<str:ref>": house.tenants[1].ref,
        "<str:month>": "2026-11",
        "<path:rest>": "rules/",
    }
    for who in house.sessions:
        if who == "root":
            continue
        for name, (look, write) in SCREENS.items():
            path = f"/admin/desk/{name}"
            for part, value in parts.items():
                path = path.replace(part, value)
            _try(house, who, "GET", path, look)
            _try(house, who, "POST", path, write)
            for method in ("PUT", "DELETE", "PATCH"):
                reply = house.ask(method, path, "", house.sessions[who])
                house.held(
                    "roles by other verbs",
                    reply.status in (302, 403, 404, 405, 411, 413),
                    f"{who} {method} {path}",
                    reply,
                )
        for model, (view, change, add, delete) in MODELS.items():
            _try(house, who, "GET", f"/admin/{model}/", view + change)
            _try(house, who, "GET", f"/admin/{model}/add/", add)
            _try(house, who, "POST", f"/admin/{model}/add/", add)
            _try(house, who, "GET", f"/admin/{model}/1/history/", None, there=False)
            _try(house, who, "POST", f"/admin/{model}/1/delete/", None, there=False)
            _try(house, who, "POST", f"/admin/{model}/1/change/", None, there=False)
            form = {"action": "delete_selected", "_selected_action": "1", "post": "yes"}
            if not delete:
                reply = house.form(f"/admin/{model}/", form, who)
                house.held(
                    "roles",
                    "successfully deleted" not in reply.body.lower(),
                    f"{who} deletes {model}",
                    reply,
                )


def _try(
    house: House, who: str, method: str, path: str, cell: str | None, *, there: bool = True
) -> None:
    lets_in = any(LETTERS[letter] == who for letter in cell or "")
    looks = method == "GET"
    reply = (
        house.ask("GET", path, None, house.sessions[who]) if looks else house.form(path, {}, who)
    )
    shut = reply.status in (403, 405) or (
        reply.status == 302
        and re.search("login|reauthenticate", reply.headers.get("location", "")) is not None
    )
    if there and not lets_in:
        # A model's row that is not there leads to the index for whoever may look, and nowhere else.
        house.held("roles", shut, f"{who or 'nobody'} {method} {path}", reply)
    else:
        house.held("roles", reply.status < 500, f"{who or 'nobody'} {method} {path}", reply)


def forgery(house: House) -> None:
    """Another site's page posts with the cookies of a superuser."""
    paths = [
        f"/admin/desk/{name}".replace("<tracking_id:tracking_id>", house.hidden.tracking_id)
        .replace("<int:pk>", "1")
        .replace("<str:ref>", "x")
        .replace("<str:month>", "2026-11")
        .replace("<path:rest>", "rules/")
        for name in SCREENS
    ]
    paths += [f"/admin/{model}/{each}" for model in MODELS for each in ("", "add/")]
    paths += [
        "/admin/logout/",
        "/admin/password_change/",
        "/admin/account/sessions/",
        "/admin/account/2fa/totp/activate/",
    ]
    cookies = house.sessions["root"]
    mark = {"csrfmiddlewaretoken": "a" * 32}
    for path in paths:
        for body, more, headers in (
            ({}, {}, {}),
            ({"csrfmiddlewaretoken": "b" * 32}, {"csrftoken": "a" * 32}, {}),
            (mark, {}, {}),
            (mark, {"csrftoken": "a" * 32}, {"origin": "https://evil.example"}),
            (mark, {"csrftoken": "a" * 32}, {"origin": "null"}),
        ):
            reply = house.ask("POST", path, body, cookies | more, **headers)
            house.held(
                "forged requests", reply.status in (403, 404, 405), f"POST {path} {headers}", reply
            )
    for path in (
        "/subscribe/",
        f"/feedback/{house.public.tracking_id}/",
        "/service-health/sign-in/",
        "/service-health/sign-out/",
    ):
        for headers in (
            {"sec_fetch_site": "cross-site"},
            {"origin": "https://evil.example"},
            {"sec_fetch_site": "same-site"},
            {},
        ):
            reply = house.ask(
                "POST", path, {"address": "a@example.com", "form_token": "x"}, None, **headers
            )
            # Leaving asks for no mark, and leads elsewhere when another site's page asks for it.
            led_away = reply.status == 302 and path.endswith("sign-out/")
            if path.endswith("sign-out/") and not headers:
                continue  # no browser sends it so
            house.held(
                "forged requests",
                led_away or reply.status in (403, 404, 422, 429),
                f"POST {path} {headers}",
                reply,
            )


# Where nothing of ours may go.
INSIDE = (
    "127.0.0.1", "127.1", "0.0.0.0", "0", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "localhost",  # noqa: S104 - where we must not go
    "LOCALHOST.", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]",
    "100.64.0.1", "168.63.129.16", "198.18.0.1", "224.0.0.1", "255.255.255.255", "metadata.google.internal",
    "192.0.2.1", "[2001:db8::1]", "[ff02::1]", "①②⑦.⓪.⓪.①", "127。0。0。1",
)  # fmt: skip
SHAPES = (
    "https://{}/", "http://{}/", "https://{}:443/x", "https://{}:8443/", "https://{}:22/", "https://a@{}/", "https://a:b@{}/",
    "https://example.com@{}/", "https://{}#@example.com/", "https://{}\\@example.com/", "//{}/", "gopher://{}/", "file://{}/etc/passwd",
)  # fmt: skip


def inside(house: House) -> None:
    """Addresses of our own network, wherever one may be typed: webhooks, rooms, a page that moves over."""
    owner, told = house.tenants[0].ref, set()
    for host in INSIDE:
        for shape in SHAPES:
            address = shape.format(host)
            for channel in WEB:
                body = {"channel": channel.value, "address": address}
                reply = house.api("POST", f"/api/v1/tenants/{owner}/endpoints", body)
                house.held("our own network", reply.status == 422, f"{channel} {address}", reply)
            if shape in SHAPES[:3]:
                reply = house.form(
                    "/admin/desk/moving-over/",
                    {"step": "read", "address": address, "format": "auto"},
                    "root",
                )
                house.held(
                    "our own network",
                    reply.status in (422, 302) and "root:" not in reply.body,
                    f"moving over {address}",
                    reply,
                )
                problem = re.search(r'class="errorlist[^>]*>(.*?)</ul>', reply.body, re.DOTALL)
                told.add(re.sub(r"https?://\S+|'[^']*'|“[^”]*”", "", problem[1] if problem else ""))
    house.held(
        "our own network", len(told) <= 2, f"a page that moves over tells what is inside: {told}"
    )
    house.held(
        "our own network",
        not Endpoint.objects.filter(tenant=house.tenants[0], channel__in=WEB).exists(),
        "one was stored",
    )


POISON = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/p.png)",
    "<iframe src=//evil.example>",
    "&lt;script&gt;",
    "{{133713*7007}}",
    "{% debug %}",
    "${133713*7007}",
    "#{133713*7007}",
    "%(settings)s",
    "{0.__class__}",
    "__SECRET__",
    "' OR '1'='1",
    "'; DROP TABLE incidents_incident; --",
    "1) UNION SELECT 1,2,3 --",
    "\\' OR 1=1 --",
    "%' OR '%'='",
    "a\r\nX-Injected: yes",
    "a%0d%0aX-Injected:%20yes",
    "a\nBcc: x@evil.example",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    ";=1+1",
    "x;=1+1",
    "|calc",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "\u202egnp.exe",
    "A" * 3000,
)
QUERIES = (
    "/status/?q=",
    "/status/history/?q=",
    "/status/history/?service=",
    "/status/history/?region=",
    "/status/history/?month=",
    "/status/history/?trackingId=",
    "/status/feed/?service=",
    "/history.atom?region=",
    "/feed.json?q=",
    "/maintenance.ics?service=",
    "/api/v2/summary.json?region=",
    "/api/v2/incidents.json?pairs=",
    "/badge/",
    "/status/history/",
    "/ja/status/?services=",
    "/subscribe/?service=",
    "/subscribe/confirm/",
    "/subscribe/leave/",
    "/feedback/",
    "/service-health/?next=",
    "/admin/login/?next=",
)
SEARCHED = (
    "/admin/desk/?q=",
    "/admin/desk/search/?q=",
    "/admin/desk/told/?q=",
    "/admin/desk/suppressed/?q=",
    "/admin/desk/audit/?tracking_id=",
    "/admin/desk/audit/trail/?actor=",
    "/admin/desk/audit/trail/?what=",
    "/admin/desk/audit/trail/?format=csv&actor=",
    "/admin/desk/new/find/?q=",
    "/admin/desk/new/moment/?at=",
    "/admin/desk/deliveries/?from=",
    "/admin/notifications/tenant/?q=",
    "/admin/notifications/endpoint/?q=",
    "/admin/notifications/endpoint/?o=",
    "/admin/incidents/service/?q=",
    "/admin/auth/user/?q=",
    "/admin/notifications/endpoint/?secret__startswith=",
    "/admin/notifications/endpoint/?address__startswith=",
)


def injection(house: House) -> None:
    for text in POISON:
        for path, who in (
            *((each, "") for each in QUERIES),
            *((each, "root") for each in SEARCHED),
        ):
            reply = house.ask("GET", path + quote(text, safe=""), None, house.sessions[who])
            house.held(
                "injection by queries", _clean(reply, text), f"GET {path}{text!r:.60}", reply
            )
    owner = house.tenants[0].ref
    for text in POISON:
        incident = {
            "kind": "service-issue",
            "level": "warning",
            "public_title": f"t {text}",
            "internal_title": f"i {text}",
            "impacts": [
                {
                    "service": Service.objects.order_by("pk")[0].slug,
                    "region": Region.objects.order_by("pk")[0].slug,
                }
            ],
            "audience": "estimated",
            "public_text": f"p {text}",
            "targeted_text": f"x {text}",
        }
        for method, path, body in (
            ("POST", "/api/v1/incidents?dry_run=1", incident),
            ("PUT", f"/api/v1/tenants/{owner}", {"name": text, "contact": f"{owner}@example.com"}),
            ("PUT", f"/api/v1/tenants/{quote(text, safe='')}", {"name": "x"}),
            ("PUT", f"/api/v1/tenants/{owner}/rules/{quote(text, safe='')}", {}),
            ("POST", f"/api/v1/tenants/{owner}/endpoints", {"address": text}),
            (
                "POST",
                "/api/v1/ingest/json?dry_run=1",
                {"key": text, "status": "firing", "title": text, "service": text},
            ),
        ):
            reply = house.api(method, path, body)
            house.held(
                "injection by bodies",
                reply.status < 500 and "x-injected" not in reply.headers,
                f"{method} {path} {text!r:.60}",
                reply,
            )
        for path, values in (
            (
                f"/admin/desk/{house.hidden.tracking_id}/update/",
                {
                    "stage": "identified",
                    "public_text": text,
                    "targeted_text": text,
                    "step": "preview",
                },
            ),
            (
                "/admin/desk/new/",
                {
                    "public_title": text,
                    "internal_title": text,
                    "where": text,
                    "level": "error",
                    "step": "preview",
                },
            ),
            ("/admin/desk/sending/", {"reason": "", "x": text}),
            ("/admin/desk/policies/", {"text": text, "reason": text, "step": "look"}),
        ):
            reply = house.form(path, values, "root")
            house.held(
                "injection by bodies", _clean(reply, text), f"POST {path} {text!r:.60}", reply
            )
        for path in (
            f"/admin/desk/told/?q={owner}",
            "/admin/notifications/tenant/",
            "/admin/desk/audit/trail/?format=csv",
        ):
            reply = house.ask("GET", path, None, house.sessions["root"])
            house.held(
                "what was typed, shown again",
                _clean(reply, text),
                f"GET {path} after {text!r:.60}",
                reply,
            )
            if "csv" in path:
                bad = re.search(r'(?m)(?:^|,|;)"?[=+@]', reply.body)
                house.held(
                    "what was typed, shown again",
                    bad is None,
                    f"a formula in {path}: {bad and bad[0]!r}",
                    reply,
                )


def _clean(reply: Reply, text: str) -> bool:
    """Nothing typed comes back as markup, result, or header."""
    if reply.status >= 500 or "x-injected" in reply.headers:
        return False
    if "html" not in reply.headers.get("content-type", ""):
        return "936926991" not in reply.body
    raw = "<" in text and len(text) > 6 and text in reply.body
    link = re.search(r'(?:href|src)="\s*javascript:', reply.body) or "<img src=x" in reply.body
    return not raw and not link and "936926991" not in reply.body and "root:x:0" not in reply.body


def tenants(house: House) -> None:
    """Someone of one customer asks for all that another has, and strangers for all of both."""

    mine, theirs = house.tenants
    token = secrets.token_urlsafe(32)
    PersonSession.objects.create(
        digest=session_digest(token), person=house.people[0], created_at=datetime.now(UTC)
    )
    cookie = {COOKIE: signing.get_cookie_signer(salt=COOKIE + _SALT).sign(token)}
    home = house.ask("GET", f"/service-health/of/{mine.ref}/", None, cookie)
    house.held(
        "other customers", home.status == 200, "one's own page opens (a check of the check)", home
    )
    ids = [
        house.hidden.tracking_id,
        UNKNOWN,
        *Incident.objects.values_list("tracking_id", flat=True)[:15],
    ]
    refs = [
        theirs.ref,
        theirs.ref.upper(),
        f"{mine.ref}/../{theirs.ref}",
        f"{mine.ref}%2f..%2f{theirs.ref}",
        quote(f"{theirs.ref} "),
        "nobody",
    ]
    patterns = [
        each.removeprefix("service-health/")
        for each in addresses()
        if each.startswith("service-health/of/")
    ]
    for pattern in patterns:
        for ref in refs:
            for tracking_id in ids if "tracking_id" in pattern else ids[:1]:
                values = {"tenant": ref, "tracking_id": tracking_id, "tab": "history"}
                path = "/service-health/" + pattern
                for name in re.findall(r"<\w+:(\w+)>", pattern):
                    path = re.sub(rf"<\w+:{name}>", values.get(name, "1"), path)
                for cookies in (cookie, {}, {COOKIE: cookie[COOKIE] + "x"}, house.sessions["root"]):
                    for method in ("GET", "POST"):
                        reply = house.ask(method, path, {} if method == "POST" else None, cookies)
                        ok = reply.status != 200 and theirs.name not in reply.body
                        house.held("other customers", ok, f"{method} {path}", reply)


def scopes(house: House) -> None:
    """Every operation of the API with a token for each other act."""
    from tests.api.test_scopes_of_the_api import OPERATIONS

    made = {scope: house.issue([scope]) for scope in access.SCOPES}
    for method, path, guard in OPERATIONS:
        auth = cast("Bearer", guard)
        address = re.sub(r"\{[^}]+\}", "nowhere", path)
        for scope, token in made.items():
            reached = any if auth.any_of else all
            if reached(access.in_scope([scope], each) for each in auth.permissions):
                continue
            reply = house.api(method, address, {}, token)
            house.held(
                "scopes of tokens", reply.status == 403, f"{method} {path} with {scope}", reply
            )
    for token in ("", "desk_" + "a" * 43, house.token[:-1], house.token.upper(), f"{house.token}x"):
        for method, path, *_ in operations():
            reply = house.api(method, re.sub(r"\{[^}]+\}", "nowhere", path), {}, token or "x")
            house.held(
                "scopes of tokens",
                reply.status in (401, 429),
                f"{method} {path} with a bad token",
                reply,
            )


def floods(house: House) -> None:
    """Twelve at a time ask for what costs; the public page is looked at meanwhile."""

    def guess(number: int) -> Reply:
        return house.form(
            "/admin/login/", {"username": "operator", "password": f"wrong {number}"}, ""
        )

    def subscribe(number: int) -> Reply:
        return house.ask(
            "POST", "/subscribe/", {"address": f"x{number}@example.com", "form_token": "x"}
        )

    def no_token(number: int) -> Reply:
        return house.api("GET", "/api/v1/incidents", {}, f"desk_{number:043d}")

    def search(number: int) -> Reply:
        return house.ask(
            "GET", "/status/history/?" + urlencode({"q": f"word{number}", "region": "x" * 50})
        )

    def ask_code(number: int) -> Reply:
        return house.ask("POST", "/service-health/sign-in/", {"address": f"x{number}@example.com"})

    for flood in (guess, subscribe, no_token, search, ask_code):
        with ThreadPoolExecutor(12) as crowd:
            waiting = [crowd.submit(flood, number) for number in range(120)]
            took = []
            while not all(each.done() for each in waiting):
                start = time.monotonic()
                reply = house.ask("GET", "/status/")
                took.append(time.monotonic() - start)
                house.held(
                    "floods",
                    reply.status == 200 and took[-1] < 3,
                    f"/status/ in {took[-1]:.1f} s during {flood.__name__}",
                    reply,
                )
                time.sleep(0.1)
        for each in waiting:
            reply = each.result()
            # Read without limit: what costs no more than a page does.
            held = flood is search or reply.status in (200, 401, 403, 422, 429)
            house.held("floods", held and reply.status != 302, f"{flood.__name__}", reply)
        limited = sum(each.result().status == 429 for each in waiting)
        if flood in (guess, no_token):
            house.held(
                "floods", limited > 60, f"{flood.__name__}: only {limited} of 120 were told to wait"
            )


ALL = [confidentiality, roles, forgery, inside, injection, tenants, scopes, floods]
