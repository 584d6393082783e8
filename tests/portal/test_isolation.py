"""Every address of Service Health, every role, one's own tenant and another's: generated from the addresses."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from notifications.models import Endpoint, EndpointProposal, MemberRole
from statuspage.portal.urls import urlpatterns
from tests.notifications.cast import endpoint, rule, tenant
from tests.portal.people import person, signed_in
from tests.portal.test_events import WEST, declared

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
# Open to whoever comes; each has tests of its own.
OPEN = {
    "",
    "sign-in/",
    "sign-in/passkey/",
    "sign-in/provider/",
    "code/<uuid:key>/",
    "sign-out/",
    "calendar/<str:secret>.ics",
    "evidence-key/",
    "events/<str:tracking_id>/",
}
PAGES = [str(each.pattern) for each in urlpatterns]
PRIVATE = [each for each in PAGES if each not in OPEN]


def test_every_address_that_is_not_open_names_its_tenant() -> None:
    assert [each for each in PRIVATE if not each.startswith("of/<str:tenant>/")] == []
    assert len(PRIVATE) >= 7


@pytest.mark.parametrize("role", MemberRole.values)
def test_own_pages_answer_by_role_and_those_of_others_are_not_there(
    role: str, operator: User
) -> None:
    mine, other = tenant("mine", WEST), tenant("other", ("key-vault", "north-europe"))
    person("me@mine.example.com", mine, role=role)
    person("you@other.example.com", other, role="owner")
    incident = declared(operator)
    own_rule = rule(mine, "ops@mine.example.com")
    own_endpoint = endpoint("ops@mine.example.com")
    Endpoint.objects.filter(pk=own_endpoint.pk).update(tenant=mine)
    proposal = EndpointProposal.objects.create(
        tenant=mine, channel="mail", address="new@mine.example.com", requested_at=timezone.now()
    )
    things = {
        "<str:tracking_id>": incident.tracking_id,
        "rules/<int:pk>": f"rules/{own_rule.pk}",
        "endpoints/<int:pk>": f"endpoints/{own_endpoint.pk}",
        "groups/<int:pk>": f"groups/{own_rule.action_groups.get().pk}",
        "<uuid:key>": str(proposal.key),
        "<str:tab>": "history",
    }
    me, you = signed_in("me@mine.example.com"), signed_in("you@other.example.com")
    nothing = me.get("/service-health/of/mine/events/ZZZZ-ZZZ/").content
    for page in PRIVATE:
        for value, thing in things.items():
            page = page.replace(value, thing)
        assert "<" not in page.replace("<str:tenant>", ""), (
            "a thing of the tenant has no example here"
        )
        edits = "/new/" in page or "/confirm/" in page
        path = "/service-health/" + page.replace("<str:tenant>", "mine")
        assert me.get(path).status_code == (403 if edits and role == "reader" else 200), path
        # Without a form of ours nothing is written, whoever posts.
        assert me.post(path).status_code in (403, 405), path
        assert Client().get(path).status_code == 302, path
        # Another tenant's people: by its address, and by their own tenant's address with its things.
        tried = [path]
        if any(thing in path for name, thing in things.items() if name != "<str:tab>"):
            tried.append(path.replace("/of/mine/", "/of/other/"))
        for foreign in tried:
            for answer in (you.get(foreign), you.post(foreign)):
                assert answer.status_code in (403, 404), foreign
                assert answer.status_code == 404 or answer.wsgi_request.method == "POST"
                if answer.status_code == 404:
                    assert answer.content == nothing, foreign
