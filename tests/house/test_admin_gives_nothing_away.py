"""The admin: what is shown is all that can be learned there, and every act asks for its permission."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection, models
from django.test import Client

from incidents import access
from incidents.admin import Guarded
from incidents.models import ApiToken
from incidents.sealing import MARK, SealedField, unseal
from notifications.channels import endpoints, outbound
from notifications.models import ActionGroup, Channel, Endpoint, Tenant
from tests.notifications.cast import tenant

pytestmark = pytest.mark.django_db
admin.autodiscover()  # whichever test comes first
CLASSES = [pytest.param(each, id=model.__name__) for model, each in admin.site._registry.items()]
# Whatever opens something, or may be shown in part only.
SECRETS = {"address", "secret", "former_secret", "digest", "key", "password", "token"}
ROOM = "https://hooks.example.com/services/T000/B000/abcdefghijklmnop"


def person(role: str) -> Client:
    user = User.objects.create(username=role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> tuple[Endpoint, str]:
    monkeypatch.setattr(outbound, "_resolve", lambda *_: ["93.184.216.34"])
    made, secret = endpoints.create(
        channel="webhook", address=ROOM, tenant=None, now=datetime.now(UTC)
    )
    Endpoint.objects.update(suppressed_at=datetime.now(UTC), suppressed_because="410")
    return made, secret


# ---- every act asks for its permission


@pytest.mark.parametrize("shown", CLASSES)
def test_every_action_says_what_it_needs(shown: admin.ModelAdmin[models.Model]) -> None:
    functions = [
        getattr(type(shown), each) for each in shown.actions or () if isinstance(each, str)
    ]
    assert [
        each.__name__ for each in functions if not getattr(each, "allowed_permissions", ())
    ] == []


@pytest.mark.parametrize("role", [*access.ROLES, "nothing"])
def test_only_who_keeps_addresses_rotates_secrets_and_lifts_suppressions(
    role: str, webhook: tuple[Endpoint, str]
) -> None:
    endpoint, secret = webhook
    if role == "nothing":
        Group.objects.create(name=role)
    client = person(role)
    for action in ("rotate_secrets", "lift_suppression", "send_test_messages", "delete_selected"):
        form = {"action": action, "_selected_action": endpoint.pk}
        answer = client.post("/admin/notifications/endpoint/", form, follow=True)
        assert secret not in answer.content.decode()
        assert role == access.CUSTOMER_MANAGER or "whsec_" not in answer.content.decode()
    endpoint.refresh_from_db()
    keeps = role == access.CUSTOMER_MANAGER
    assert (unseal(endpoint.secret) != secret) == keeps
    assert (endpoint.suppressed_at is None) == keeps


@pytest.mark.parametrize("shown", CLASSES)
def test_every_inline_asks_for_the_rights_of_its_own_rows(
    shown: admin.ModelAdmin[models.Model], rf: object
) -> None:
    user = User.objects.create(username="anna", is_staff=True)
    request = type("Request", (), {"user": user})()
    for kind in shown.inlines:
        inline = kind(shown.model, admin.site)
        assert not inline.has_view_permission(request)
        assert not inline.has_add_permission(request, None)
        assert not inline.has_change_permission(request)
        assert not inline.has_delete_permission(request)


# ---- no question about what is not shown


def fields_of(model: type[models.Model], depth: int = 2) -> list[str]:
    """Paths to every column of a model and of what it points to."""
    found = []
    for field in model._meta.get_fields():
        if isinstance(field, models.Field):
            found.append(field.name)
            if field.related_model and depth > 1 and isinstance(field.related_model, type):
                found += [
                    f"{field.name}__{each}" for each in fields_of(field.related_model, depth - 1)
                ]
    return found


@pytest.mark.parametrize("shown", CLASSES)
def test_no_field_can_be_asked_whether_it_begins_with_something(
    shown: Guarded,
) -> None:
    asked = [
        f"{path}__{how}"
        for path in fields_of(shown.model)
        for how in ("startswith", "contains", "regex", "gt", "exact", "in")
        if set(path.split("__")) & SECRETS or how in ("startswith", "contains", "regex")
    ]
    assert [each for each in asked if shown.lookup_allowed(each, "x", None)] == []


@pytest.mark.parametrize("shown", CLASSES)
def test_no_search_and_no_order_goes_over_a_secret(shown: admin.ModelAdmin[models.Model]) -> None:
    used = [
        *shown.search_fields,
        *(each if isinstance(each, str) else "" for each in shown.ordering or ()),
        *(
            getattr(getattr(shown, str(each), None), "admin_order_field", "")
            for each in shown.list_display
        ),
        *(str(each) for each in shown.list_display),
    ]
    assert [each for each in used if set(each.strip("-=^@").split("__")) & SECRETS] == []


@pytest.mark.parametrize(
    "query",
    ["secret__startswith=whsec", "address__startswith=https", "former_secret__contains=a", "key__gt=0",
     "q=abcdef", "q=T000", "q=services"],
)  # fmt: skip
def test_a_question_about_a_hidden_address_is_answered_like_any_other(
    query: str, webhook: tuple[Endpoint, str]
) -> None:
    client = person(access.AUDITOR)
    found = client.get(f"/admin/notifications/endpoint/?{query}", follow=True)
    other = client.get(f"/admin/notifications/endpoint/?{query}zz", follow=True)
    assert found.content.count(b"field-label") == other.content.count(b"field-label")
    assert found.redirect_chain == other.redirect_chain or b"hooks.example.com" not in found.content


def test_a_room_is_found_by_its_host_and_a_mailbox_by_its_address(
    webhook: tuple[Endpoint, str],
) -> None:
    Endpoint.objects.create(
        channel=Channel.MAIL, address="ops@example.org", created_at=datetime.now(UTC)
    )
    client = person(access.AUDITOR)
    for word in ("hooks.example", "ops@exam"):
        page = client.get(f"/admin/notifications/endpoint/?q={word}").content
        assert page.count(b"field-label") == 1


def test_no_sealed_field_is_searched_by_anybody() -> None:
    for field in Endpoint._meta.get_fields():
        if isinstance(field, SealedField):
            with pytest.raises(Exception, match="can't be searched"):
                Endpoint.objects.filter(**{f"{field.name}__startswith": "w"}).exists()


# ---- at rest


def test_a_dump_of_the_database_signs_nothing(webhook: tuple[Endpoint, str]) -> None:
    endpoint, secret = webhook
    new = endpoints.rotate(endpoint_id=endpoint.pk, now=datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, former_secret FROM notifications_endpoint")
        ((stored, former),) = cursor.fetchall()
    assert stored.startswith(MARK)
    assert former.startswith(MARK)
    assert (unseal(stored), unseal(former)) == (new, secret)


def test_a_token_is_kept_as_its_digest_alone() -> None:
    assert {"secret", "token"}.isdisjoint(field.name for field in ApiToken._meta.get_fields())


# ---- whose is it?


@pytest.fixture
def foreign(catalogue: None) -> tuple[Tenant, Endpoint]:
    one, other = tenant("contoso"), tenant("fabrikam")
    address = Endpoint.objects.create(
        channel=Channel.MAIL, address="ops@fabrikam.com", tenant=other, created_at=datetime.now(UTC)
    )
    return one, address


def test_an_address_of_another_tenant_is_refused_in_a_group_and_as_a_contact(
    foreign: tuple[Tenant, Endpoint],
) -> None:
    one, address = foreign
    client = person(access.CUSTOMER_MANAGER)

    form = {"tenant": one.pk, "name": "on call", "endpoints": [address.pk]}
    answer = client.post("/admin/notifications/actiongroup/add/", form)
    assert "belongs to another tenant" in answer.content.decode()
    assert not ActionGroup.objects.filter(endpoints=address).exists()

    form = {"name": one.name, "ref": one.ref, "contact": address.pk, "time_zone": "UTC"}
    empty = {f"subscriptions-{each}": "0" for each in ("TOTAL_FORMS", "INITIAL_FORMS")}
    answer = client.post(f"/admin/notifications/tenant/{one.pk}/change/", form | empty)
    assert "belongs to another tenant" in answer.content.decode()
    assert not Tenant.objects.filter(contact=address).exists()


def test_saving_an_address_does_not_tell_which_names_there_are_inside(
    monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    client = person(access.CUSTOMER_MANAGER)
    told = set()
    for found in (
        ["10.0.0.5"],
        ["169.254.169.254"],
        outbound.Unreachable("its name cannot be found"),
    ):

        def resolve(*_: object, found: object = found) -> list[str]:
            if isinstance(found, Exception):
                raise found
            assert isinstance(found, list)
            return found

        monkeypatch.setattr(outbound, "_resolve", resolve)
        form = {
            "channel": "webhook",
            "address": "https://db.internal/x",
            "language": "en",
            "time_zone": "UTC",
        }
        empty = {f"topics-{each}": "0" for each in ("TOTAL_FORMS", "INITIAL_FORMS")}
        page = client.post("/admin/notifications/endpoint/add/", form | empty).content.decode()
        start = page.index('class="errorlist"')
        told.add(page[start : page.index("</ul>", start)])
    assert len(told) == 1
    assert "not found or not public" in told.pop()
