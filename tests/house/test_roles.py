"""Every address of the product, every role, looking and writing: cell by cell, as typed here.

An address without a row fails, and so does a row without an address.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from incidents import access
from incidents.models import BacktestRun, Incident, Proposal, TextTemplate
from incidents.services.incident import declare
from notifications.models import AlertRule, Channel, Endpoint, Tenant
from tests.conftest import declaration
from tests.notifications.cast import tenant

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db

# Who: R reporter, O operator, A approver, C customer manager, U auditor. None: there is no such method.
# (who may look, who may write); `write` is a POST without fields, so that nothing happens.
LETTERS = dict(zip("ROACU", access.ROLES, strict=True))
Cell = str | None
SCREENS: dict[str, tuple[Cell, Cell]] = {
    "": ("ROAU", None),
    "new/": ("ROA", "ROA"),
    "new/verdict/": (None, "ROA"),
    "wall/": ("ROAU", None),
    "search/": ("ROAU", None),
    "<tracking_id:tracking_id>/review/comments/": (None, "ROA"),
    "<tracking_id:tracking_id>/review/live/": (None, "ROA"),
    "<tracking_id:tracking_id>/head/": ("ROAU", None),
    "drafts/": (None, "ROA"),
    "new/find/": ("ROAU", None),
    "new/moment/": ("ROAU", None),
    "templates/": ("ROAU", "O"),
    "templates/<int:pk>/": ("ROAU", "O"),
    "preview/mail/": (None, "ROA"),
    "undo/": ("ROAU", "ROA"),
    "scheduled/<int:pk>/": (None, "ROA"),
    "backtest/": ("ROAU", "ROAU"),  # decides old cases again and stores nothing
    "backtest/recordings/": ("ROAU", "A"),
    "backtest/recordings/<int:pk>/": ("ROAU", "A"),
    "policies/": ("ROAU", "ROAU"),  # a look at what another one would change; adopting: see below
    "monitors/": ("ROAU", "O"),
    "moving-over/": ("ROAU", "A"),
    "sending/": ("ROAU", "OA"),
    "audit/": ("OAU", None),
    "audit/trail/": ("U", None),
    "proposals/": ("ROAU", None),
    "proposals/<int:pk>/": ("ROAU", "ROA"),
    "deliveries/": ("ROACU", None),
    "how-fast/": ("ROACU", "A"),
    "repairs/": ("ROAU", "A"),
    "insight/": ("ROACU", None),
    "insight/<str:month>/": ("ROACU", None),
    "told/": ("ROACU", None),
    "customers/": ("OACU", "C"),
    "customers/new/": ("C", "C"),
    "customers/<str:ref>/": ("OACU", None),
    "customers/<str:ref>/export.csv": ("OACU", None),
    "customers/<str:ref>/rules/": ("C", "C"),
    "customers/<str:ref>/rules.yaml": ("OACU", None),
    "customers/<str:ref>/rules/new/": ("C", "C"),
    "customers/<str:ref>/rules/<int:pk>/": ("C", "C"),
    "customers/<str:ref>/look/": ("OACU", None),
    "customers/<str:ref>/look/<path:rest>": ("OACU", None),
    "erase/<int:pk>/": ("C", "C"),
    "erase/tenant/<str:ref>/": ("C", "C"),
    "suppressed/": ("ROACU", None),
    "suppressed/<int:pk>/": ("C", "C"),
    "<tracking_id:tracking_id>/": ("ROAU", None),
    "<tracking_id:tracking_id>/update/": ("ROA", "ROA"),
    "<tracking_id:tracking_id>/recover/": (None, "O"),
    "<tracking_id:tracking_id>/audience/": (None, "O"),
    "<tracking_id:tracking_id>/level/": (None, "O"),
    "<tracking_id:tracking_id>/list/": ("ROAU", "O"),
    "<tracking_id:tracking_id>/confirm/": (None, "A"),
    "<tracking_id:tracking_id>/override/": (None, "A"),
    "<tracking_id:tracking_id>/withdraw/": (None, "A"),
    "<tracking_id:tracking_id>/review/": ("ROA", "ROA"),
    "<tracking_id:tracking_id>/feedback/": ("ROAU", None),
    "<tracking_id:tracking_id>/retract/": ("A", "A"),
    "<tracking_id:tracking_id>/times/": ("O", "O"),
    "<tracking_id:tracking_id>/merge/": ("A", "A"),
    "<tracking_id:tracking_id>/unmerge/": (None, "A"),
    "<tracking_id:tracking_id>/deliveries/": ("ROACU", None),
    "<tracking_id:tracking_id>/deliveries/progress/": ("ROACU", None),
    "<tracking_id:tracking_id>/deliveries/retry/": ("O", "O"),
    "<tracking_id:tracking_id>/replay/": ("ROAU", None),
}
# Of the admin: who may look at a model's rows, change one, add one, delete one.
MODELS: dict[str, tuple[str, str, str, str]] = {
    "auth/user": ("U", "", "", ""),
    "auth/group": ("U", "", "", ""),
    "incidents/incident": ("ROAU", "", "", ""),
    "incidents/decision": ("ROAU", "", "", ""),
    "incidents/communication": ("ROAU", "", "", ""),
    "incidents/service": ("ROACU", "A", "", ""),
    "incidents/region": ("ROACU", "A", "", ""),
    "incidents/geography": ("ROACU", "A", "", ""),
    "incidents/servicecategory": ("ROACU", "A", "", ""),
    "incidents/apitoken": ("U", "", "", ""),
    "notifications/tenant": ("CU", "C", "C", "C"),
    "notifications/customersubscription": ("CU", "C", "C", "C"),
    "notifications/endpoint": ("CU", "C", "C", "C"),
    "notifications/actiongroup": ("CU", "C", "C", "C"),
    "notifications/alertrule": ("CU", "C", "C", "C"),
    "notifications/person": ("CU", "C", "C", "C"),
    "notifications/tenantprovider": ("CU", "C", "C", "C"),
    "notifications/fanout": ("OACU", "", "", ""),
    "notifications/delivery": ("OACU", "", "", ""),
    "notifications/attempt": ("OACU", "", "", ""),
    "notifications/bounce": ("OACU", "", "", ""),
    "notifications/operatoract": ("OACU", "", "", ""),
    "notifications/deliverystatistics": ("OACU", "", "", ""),
}
# Open to everybody, with locks of their own that have tests of their own: a signed form token, a mailed
# link, a bearer token, a provider's password, `only in the demo`.
OPEN = (
    "subscribe/",
    "feedback/",
    "<slug:language>/feedback/",
    "report/",
    "<slug:language>/report/",
    "hooks/",
    "webhooks/",
    "-/metrics",
    "demo/mailbox/",
    "api/",
    "service-health/",  # the customers' realm, which knows nobody of ours: tests/portal
)
# The admin's own pages: for all staff, or for whoever signs in.
ADMIN_PAGES = ("", "login/", "logout/", "password_change/", "password_change/done/", "jsi18n/", "autocomplete/",
               "r/<path:content_type_id>/<path:object_id>/",
               "(?P<url>.*)$")  # fmt: skip


# Of one's own account, whatever one's role: their locks are tested in tests/sign_in.
OWN_ACCOUNT = {
    f"admin/account/{each}"
    for each in (
        "inactive/", "reauthenticate/", "password/set/", "sessions/", "2fa/", "2fa/authenticate/",
        "2fa/reauthenticate/", "2fa/totp/activate/", "2fa/totp/deactivate/", "2fa/recovery-codes/",
        "2fa/recovery-codes/generate/", "2fa/recovery-codes/download/", "2fa/webauthn/", "2fa/webauthn/add/",
        "2fa/webauthn/reauthenticate/", "2fa/webauthn/keys/<int:pk>/remove/", "2fa/webauthn/keys/<int:pk>/edit/",
        "2fa/webauthn/login/", "oidc/^(?P<provider_id>[^/]+)/login/", "oidc/^(?P<provider_id>[^/]+)/login/callback/",
        "provider/", "provider/login/cancelled/", "provider/login/error/", "provider/signup/",
    )
}  # fmt: skip


def addresses(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    for each in (resolver or get_resolver()).url_patterns:
        here = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from addresses(each, here)
        elif isinstance(each, URLPattern):
            yield here


def expected() -> set[str]:
    screens = {f"admin/desk/{name}" for name in SCREENS}
    pages = {f"admin/{name}" for name in ADMIN_PAGES}
    row = "<path:object_id>/"
    models = {
        f"admin/{model}/{rest}"
        for model in MODELS
        for rest in ("", "add/", row, f"{row}change/", f"{row}delete/", f"{row}history/")
    }
    return screens | pages | models | OWN_ACCOUNT | {"admin/auth/user/<id>/password/"}


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    found = {each for each in addresses() if not each.startswith(OPEN)}
    # The front page of an app, whose pattern lists the apps in no order.
    found = {each for each in found if not each.startswith("admin/^(?P<app_label>")}
    assert found == expected()


def person(role: str) -> Client:
    """Somebody with a role; `nothing`: staff without one; `no staff`: all rights, but no staff."""
    user = User.objects.create(username=role, is_staff=role != "no staff")
    if role in access.ROLES:
        user.groups.add(Group.objects.get(name=role))
    if role == "no staff":
        user.groups.set(Group.objects.all())
        user.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def incident(catalogue: None, operator: User) -> Incident:
    return declare(declaration=declaration(), now=datetime.now(UTC), actor=operator)


@pytest.fixture
def suppressed(incident: Incident, operator: User) -> Endpoint:
    """An address, and a proposal and a comparison with the same number."""
    tenant("contoso")
    endpoint = Endpoint.objects.create(
        channel=Channel.MAIL,
        address="gone@example.com",
        created_at=datetime.now(UTC),
        suppressed_at=datetime.now(UTC),
        suppressed_because="unknown mailbox",
    )
    Proposal.objects.create(
        pk=endpoint.pk, act="draft", path="/", fields={}, by=operator, at=datetime.now(UTC)
    )
    TextTemplate.objects.create(
        pk=endpoint.pk,
        name="First",
        language="en",
        changed_by=operator,
        changed_at=datetime.now(UTC),
    )
    AlertRule.objects.create(pk=endpoint.pk, tenant=Tenant.objects.get(ref="contoso"), name="First")
    BacktestRun.objects.create(
        pk=endpoint.pk, file_name="a", policies=[], actor=operator, handed_in_at=datetime.now(UTC)
    )
    return endpoint


WHO = (*access.ROLES, "nothing", "no staff")


@pytest.mark.parametrize("who", WHO)
def test_a_screen_answers_whom_its_row_names(
    who: str, incident: Incident, suppressed: Endpoint
) -> None:
    client, wrong = person(who), []
    for name, (look, write) in SCREENS.items():
        path = f"/admin/desk/{name}"
        for part, value in (
            ("<tracking_id:tracking_id>", incident.tracking_id),
            ("<int:pk>", str(suppressed.pk)),
            ("<str:ref>", "contoso"),
            ("<str:month>", "2026-01"),
            ("<path:rest>", "rules/"),
        ):
            path = path.replace(part, value)
        for method, cell in (("get", look), ("post", write)):
            status = getattr(client, method)(path).status_code
            lets_in = any(LETTERS[letter] == who for letter in cell or "")
            # Where there is no such method, no is said by 405 or 403, depending on who asks.
            if status in (401, 404) or status >= 500 or (lets_in == (status in (403, 405))):
                wrong.append((method, path, status, cell))
    assert wrong == []


@pytest.mark.parametrize("who", WHO)
def test_the_admin_opens_a_model_for_whom_its_row_names(who: str, incident: Incident) -> None:
    client, wrong = person(who), []
    for model, (view, change, add, _) in MODELS.items():
        for path, cell in ((f"/admin/{model}/", view + change), (f"/admin/{model}/add/", add)):
            status = client.get(path).status_code
            lets_in = any(LETTERS[letter] == who for letter in cell)
            # Who is no staff at all is sent to the login.
            if status != (200 if lets_in else 302 if who == "no staff" else 403):
                wrong.append((path, status))
    assert wrong == []


@pytest.mark.parametrize("who", WHO)
def test_the_rights_behind_the_admins_forms_are_those_of_the_row(
    who: str, rf: object, incident: Incident
) -> None:
    from django.contrib import admin

    person(who)
    request = type("Request", (), {"user": User.objects.get(username=who)})()
    wrong = []
    for model, shown in admin.site._registry.items():
        row = MODELS[f"{model._meta.app_label}/{model._meta.model_name}"]
        view, change, add, delete = (
            any(LETTERS[letter] == who for letter in cell) and who != "no staff" for cell in row
        )
        got = (
            shown.has_view_permission(request),
            shown.has_change_permission(request),
            shown.has_add_permission(request),
            shown.has_delete_permission(request),
        )
        if got != (view or change, change, add, delete) and who != "no staff":
            wrong.append((model.__name__, got))
    assert wrong == []


def test_an_auditor_with_every_right_to_look_sees_everything(incident: Incident) -> None:
    """Also one whose rights were ticked one by one instead of given by the role."""
    user = User.objects.create(username="ulla", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    for name, (look, _) in SCREENS.items():
        made = "<int:pk>" in name or "<str:" in name
        if look and "U" in look and not made:
            path = f"/admin/desk/{name}".replace("<tracking_id:tracking_id>", incident.tracking_id)
            assert client.get(path).status_code == 200, path


def test_who_declares_or_updates_overrides_the_policy_only_as_an_approver(
    incident: Incident,
) -> None:
    client = person(access.OPERATOR)
    form = {"stage": "investigating", "public_text": "Now.", "override": "public", "step": "post"}
    answer = client.post(f"/admin/desk/{incident.tracking_id}/update/", form)
    assert answer.status_code == 403
    assert incident.communications.count() == 1


def test_a_policy_is_looked_at_by_many_and_adopted_by_approvers(catalogue: None) -> None:
    form = {"text": "name: trial\nbroad:\n  services: 3\n", "reason": "calmer", "step": "adopt"}
    assert person(access.OPERATOR).post("/admin/desk/policies/", form).status_code == 403
    assert person(access.APPROVER).post("/admin/desk/policies/", form).status_code == 302


def test_groups_have_exactly_what_the_table_says_after_every_migrate() -> None:
    group = Group.objects.get(name=access.AUDITOR)
    group.permissions.add(Permission.objects.get(codename="change_incident"))

    access.keep_groups()

    for role in access.ROLES:
        found = Group.objects.get(name=role).permissions.values_list(
            "content_type__app_label", "codename"
        )
        assert {f"{app}.{name}" for app, name in found} == access.permissions_of(role)


def test_an_auditor_may_look_and_nothing_else() -> None:
    verbs = {act.verb for act in access.TABLE if access.AUDITOR in act.roles}
    assert verbs == {"view"}


def test_every_permission_of_the_table_exists() -> None:
    known = {
        f"{app}.{name}"
        for app, name in Permission.objects.values_list("content_type__app_label", "codename")
    }
    assert {each for act in access.TABLE for each in act.permissions} <= known


def test_the_documentation_prints_the_table() -> None:
    assert access.as_markdown() in (ROOT / "docs" / "roles.md").read_text()
