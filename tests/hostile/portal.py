"""Service Health and visitors' reports: foreign objects, roles, forged forms, codes, sessions that ended."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.core import signing

from notifications.customers.sign_in.sessions import session_digest
from notifications.models import (
    ActionGroup,
    Endpoint,
    EndpointProposal,
    MemberRole,
    Membership,
    Person,
    PersonSession,
    Tenant,
)
from notifications.subscribers import form_guard
from statuspage.portal.access import _SALT, COOKIE, _purpose
from tests.hostile.door import House, Reply
from tests.house.test_roles import addresses
from tests.notifications.cast import rule

KIND = "Service Health"
UNKNOWN = "ZZZZ-ZZZ"
ACTS = (
    "",
    "save",
    "delete",
    "test",
    "rotate",
    "replay",
    "stop",
    "read",
    "invite",
    "change 1",
    "remove 1",
)
HOSTILE = ("'; DROP TABLE x; --", "<script>alert(1)</script>", "%00", "../../etc/passwd", "{{7*7}}", "x" * 5000,
           "a@b.example\r\nBcc: evil@evil.example", "=1+1", "9" * 40, "\u202e")  # fmt: skip


class Someone:
    """Signed in: the cookie, and a good mark for forms."""

    def __init__(self, person: Person) -> None:
        self.token = secrets.token_urlsafe(32)
        PersonSession.objects.create(
            digest=session_digest(self.token), person=person, created_at=datetime.now(UTC)
        )
        self.cookie = {COOKIE: signing.get_cookie_signer(salt=COOKIE + _SALT).sign(self.token)}

    def mark(self) -> dict[str, str]:
        return {"form_token": form_guard.issue(_purpose(self.token), now=datetime.now(UTC))}


def portal(house: House) -> None:
    mine, theirs = house.tenants
    people = {role: _member(house, mine, role) for role in MemberRole.values}
    _own(house, mine)
    foreign = _own(house, theirs)
    before = _state(theirs)
    _foreign(house, mine, theirs, people["owner"], foreign)
    house.held(KIND, _state(theirs) == before, "what another customer has was changed")
    own = _state(mine)
    _roles(house, mine, people)
    _forged(house, mine, people["owner"])
    house.held(KIND, _state(mine) == own, "a reader or another site's page changed something")
    _codes(house, mine)
    _typed(house, mine, people["owner"])
    _ended(house, mine)
    _reports(house)


def _member(house: House, tenant: Tenant, role: str) -> Someone:
    made = Person.objects.create(email=f"{role}-{house.mark}@example.com")
    Membership.objects.create(person=made, tenant=tenant, role=role)
    return Someone(made)


def _own(house: House, tenant: Tenant) -> dict[str, str]:
    """A rule, a group, an address and a proposal of this tenant, by the names that addresses have for them."""
    address = f"ops-{secrets.token_hex(4)}@example.com"
    made = rule(tenant, address)
    Endpoint.objects.filter(address=address).update(tenant=tenant)
    proposal = EndpointProposal.objects.create(
        tenant=tenant, channel="mail", address=f"new-{address}", requested_at=datetime.now(UTC)
    )
    return {
        "rules/<int:pk>": f"rules/{made.pk}",
        "endpoints/<int:pk>": f"endpoints/{Endpoint.objects.get(address=address).pk}",
        "groups/<int:pk>": f"groups/{made.action_groups.get().pk}",
        "<uuid:key>": str(proposal.key),
        "<str:tracking_id>": house.hidden.tracking_id,
        "<str:tab>": "history",
    }


def _state(tenant: Tenant) -> list[object]:
    """All that a form could have changed."""
    groups = ActionGroup.objects.filter(tenant=tenant)
    return [
        list(tenant.alert_rules.order_by("pk").values()),
        list(groups.order_by("pk").values("pk", "name", "endpoints")),
        list(tenant.endpoints.order_by("pk").values("pk", "address", "suppressed_at", "secret")),
        list(tenant.memberships.order_by("pk").values("pk", "role", "security")),
        list(tenant.endpoint_proposals.order_by("pk").values("key", "digest")),
    ]


def _pages(tenant: Tenant, things: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each address below a tenant, as it is in the code and filled in."""
    for pattern in addresses():
        if pattern.startswith("service-health/of/"):
            path = pattern.replace("<str:tenant>", tenant.ref)
            for name, thing in things.items():
                path = path.replace(name, thing)
            yield pattern, f"/{path}"


def _foreign(
    house: House, mine: Tenant, theirs: Tenant, owner: Someone, things: Mapping[str, str]
) -> None:
    """Their rules, groups and addresses below our name, and their numbers in our forms."""
    for pattern, path in _pages(mine, things):
        if "<int:pk>" not in pattern and "<uuid:key>" not in pattern:
            continue
        house.held(KIND, house.ask("GET", path, None, owner.cookie).status == 404, f"GET {path}")
        for act in ACTS:
            reply = house.ask("POST", path, {**owner.mark(), "act": act, "code": "1"}, owner.cookie)
            house.held(KIND, reply.status == 404, f"POST {path} {act}", reply)
    numbers = {
        "action_groups": [each.pk for each in ActionGroup.objects.filter(tenant=theirs)],
        "endpoints": list(theirs.endpoints.values_list("pk", flat=True)),
        "subscriptions": list(theirs.subscriptions.values_list("pk", flat=True)),
    }
    for page in ("rules/new/", "where/groups/new/"):
        for field, values in numbers.items():
            for act in ("save", "test", "read"):
                fields = {**owner.mark(), "act": act, "name": f"{field} {act}"}
                body = urlencode([*fields.items(), *((field, value) for value in values)])
                reply = house.ask(
                    "POST", f"/service-health/of/{mine.ref}/{page}", body, owner.cookie,
                    content_type="application/x-www-form-urlencoded",
                )  # fmt: skip
                house.held(KIND, theirs.name not in reply.body, f"{page} {field} {act}", reply)
    for member in theirs.memberships.all():
        for act in (f"change {member.pk}", f"remove {member.pk}"):
            fields = {**owner.mark(), "act": act, "role": "owner"}
            reply = house.ask(
                "POST", f"/service-health/of/{mine.ref}/people/", fields, owner.cookie
            )
            house.held(KIND, reply.status == 404, f"people {act}", reply)
    used = ActionGroup.objects.filter(tenant=mine, endpoints__tenant=theirs).exists()
    led = mine.alert_rules.filter(action_groups__tenant=theirs).exists()
    about = mine.alert_rules.filter(subscriptions__tenant=theirs).exists()
    house.held(KIND, not (used or led or about), "a rule or group has what another customer owns")


def _roles(house: House, tenant: Tenant, people: Mapping[str, Someone]) -> None:
    own = {
        "rules/<int:pk>": f"rules/{tenant.alert_rules.all()[0].pk}",
        "endpoints/<int:pk>": f"endpoints/{tenant.endpoints.all()[0].pk}",
        "groups/<int:pk>": f"groups/{tenant.action_groups.all()[0].pk}",
        "<uuid:key>": str(tenant.endpoint_proposals.all()[0].key),
        "<str:tracking_id>": house.hidden.tracking_id,
        "<str:tab>": "history",
    }
    reader, editor = people[MemberRole.READER], people[MemberRole.EDITOR]
    for _, path in _pages(tenant, own):
        if path.endswith("/you/"):  # one's own passkeys, whatever one's role
            continue
        for act in ACTS:
            fields = {**reader.mark(), "act": act, "name": "taken", "role": "owner"}
            reply = house.ask("POST", path, fields, reader.cookie)
            # Pages that only show answer a POST as a GET.
            house.held(
                KIND, reply.status in (200, 403, 404, 405), f"reader POST {path} {act}", reply
            )
    for act in (
        "invite",
        *(f"{each} {m.pk}" for each in ("change", "remove") for m in tenant.memberships.all()),
    ):
        fields = {**editor.mark(), "act": act, "role": "owner", "address": "evil@example.com"}
        reply = house.ask("POST", f"/service-health/of/{tenant.ref}/people/", fields, editor.cookie)
        house.held(KIND, reply.status == 403, f"editor POST people/ {act}", reply)


def _forged(house: House, tenant: Tenant, owner: Someone) -> None:
    """Another site's page with an owner's cookie; a mark of somebody else, of another form, of none."""
    things = {
        "rules/<int:pk>": f"rules/{tenant.alert_rules.all()[0].pk}",
        "endpoints/<int:pk>": f"endpoints/{tenant.endpoints.all()[0].pk}",
        "groups/<int:pk>": f"groups/{tenant.action_groups.all()[0].pk}",
        "<uuid:key>": str(tenant.endpoint_proposals.all()[0].key),
        "<str:tracking_id>": UNKNOWN,
        "<str:tab>": "history",
    }
    now = datetime.now(UTC)
    marks: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}),
        ({"form_token": "x"}, {}),
        ({"form_token": form_guard.issue("service-health ask", now=now)}, {}),
        ({"form_token": form_guard.issue(_purpose("another"), now=now)}, {}),
        (owner.mark(), {"sec_fetch_site": "cross-site"}),
        (owner.mark(), {"sec_fetch_site": "same-site"}),
        (owner.mark(), {"origin": "https://evil.example"}),
    ]
    for _, path in _pages(tenant, things):
        for mark, headers in marks:
            for act in ("delete", "invite", "stop", "rotate"):
                reply = house.ask("POST", path, {**mark, "act": act}, owner.cookie, **headers)
                house.held(
                    KIND, reply.status in (403, 404), f"forged {path} {act} {headers}", reply
                )


# What differs between any two answers: tokens, challenges of passkeys, seconds to wait.
_TOLD_EACH = re.compile(r'value="[^"]{20,}"|data-options="[^"]*"|wait \d+')


def _codes(house: House, tenant: Tenant) -> None:
    """Known and unknown addresses are answered alike; codes are not guessed, nor used elsewhere."""
    known = tenant.memberships.select_related("person")[0].person.email
    answers = []
    for address in (known, f"nobody-{house.mark}@example.com", known.upper()):
        mark = {"form_token": form_guard.issue("service-health ask", now=datetime.now(UTC))}
        reply = house.ask("POST", "/service-health/sign-in/", {**mark, "address": address})
        answers.append(
            (
                reply.status,
                re.sub(r"[0-9a-f-]{36}", "KEY", reply.headers.get("location", "")),
                _TOLD_EACH.sub("", reply.body.replace(address, "")),
            )
        )
        key = re.search(r"[0-9a-f-]{36}", reply.headers.get("location", ""))
        for digits in ("", "0", "00000000", "1234 5678", "٠٠٠٠٠٠٠٠", "9" * 40, "' OR 1=1 --"):
            mark = {"form_token": form_guard.issue("service-health code", now=datetime.now(UTC))}
            page = f"/service-health/code/{key[0] if key else uuid.uuid4()}/"
            tried = house.ask("POST", page, {**mark, "code": digits})
            house.held(
                KIND,
                tried.status in (422, 429) and "set-cookie" not in tried.headers,
                f"code {digits!r}",
                tried,
            )
    house.held(KIND, len(set(answers)) == 1, f"known and unknown addresses differ: {answers}")
    for path in (
        "https://evil.example/",
        "//evil.example",
        "/admin/",
        "/service-health/../admin/",
        "\\evil",
    ):
        query = urlencode({"next": path})
        reply = house.ask("GET", f"/service-health/sign-in/?{query}")
        house.held(
            KIND, "evil.example" not in reply.headers.get("location", ""), f"next={path}", reply
        )


def _typed(house: House, tenant: Tenant, owner: Someone) -> None:
    """What cannot be right, in every field of every form."""
    home = f"/service-health/of/{tenant.ref}/"
    forms = {
        "people/": ("address", "role", "security", "act"),
        "rules/new/": (
            "name",
            "levels",
            "services",
            "regions",
            "subscription_refs",
            "act",
            "categories",
        ),
        "where/new/": ("channel", "address", "name"),
        "where/groups/new/": ("name", "endpoints", "act"),
        "rules/coverage/": ("page",),
        "where/log/": ("endpoint", "before"),
    }
    for page, fields in forms.items():
        for field in fields:
            for text in HOSTILE:
                given = {"act": "invite", "channel": "webhook", "role": "reader", field: text}
                reply = house.ask("POST", home + page, {**owner.mark(), **given}, owner.cookie)
                asked = house.ask(
                    "GET", f"{home}{page}?{urlencode({field: text})}", None, owner.cookie
                )
                for each in (reply, asked):
                    clean = "<script>alert(1)" not in each.body
                    house.held(
                        KIND, each.status < 500 and clean, f"{page} {field}={text[:30]!r}", each
                    )


def _ended(house: House, tenant: Tenant) -> None:
    """A session that was left, a member who was removed, a cookie that was changed."""
    gone, left = (
        _member_named(tenant, f"gone-{house.mark}"),
        _member_named(tenant, f"left-{house.mark}"),
    )
    Membership.objects.filter(person__email=f"gone-{house.mark}@example.com").delete()
    house.ask("POST", "/service-health/sign-out/", {}, left.cookie, sec_fetch_site="same-origin")
    things = {
        "<str:tracking_id>": UNKNOWN,
        "<str:tab>": "history",
        "<int:pk>": "1",
        "<uuid:key>": str(uuid.uuid4()),
    }
    for _, path in _pages(tenant, things):
        for who, cookie in (
            ("removed", gone.cookie),
            ("left", left.cookie),
            ("unsigned", {COOKIE: gone.token}),
            ("signed for another", {COOKIE: signing.get_cookie_signer(salt="x").sign(gone.token)}),
        ):
            reply = house.ask("GET", path, None, cookie)
            house.held(KIND, _shut(reply), f"{who} GET {path}", reply)


def _member_named(tenant: Tenant, name: str) -> Someone:
    made = Person.objects.create(email=f"{name}@example.com")
    Membership.objects.create(person=made, tenant=tenant, role=MemberRole.OWNER)
    return Someone(made)


def _shut(reply: Reply) -> bool:
    return reply.status == 404 or (reply.status == 302 and "/sign-in/" in reply.headers["location"])


def _reports(house: House) -> None:
    """Visitors' reports: from elsewhere, with nonsense, and more than a network may send."""
    kind = "visitors' reports"
    good = {"service": "storage", "region": "west-europe"}
    for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}):
        reply = house.ask("POST", "/report/", good, None, **headers)
        house.held(kind, reply.status == 403, f"from elsewhere {headers}", reply)
    for text in HOSTILE[:-2]:  # what follows could be a name
        for field in good:
            reply = house.ask("POST", "/report/", {**good, field: text})
            house.held(
                kind,
                reply.status in (422, 429) and text not in reply.body,
                f"{field}={text[:30]!r}",
                reply,
            )
    answers = [house.ask("POST", "/report/", {**good, "region": f"r-{n}"}) for n in range(40)]
    for reply in answers:
        house.held(
            kind, reply.status in (200, 429) and "set-cookie" not in reply.headers, "a flood", reply
        )
    house.held(kind, answers[-1].status == 429, "forty of one network are not held up", answers[-1])
    for method in ("GET", "PUT", "DELETE"):
        reply = house.ask(method, "/report/")
        house.held(kind, reply.status == 405, f"{method} /report/", reply)
