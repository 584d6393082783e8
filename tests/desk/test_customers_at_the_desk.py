"""Customers at the desk: added in one form, on one screen, in a file and back; and seen as they see it."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from incidents.models import AuditEvent, Region
from notifications.models import AlertRule, Footprint, Tenant
from statuspage import rule_results
from tests.desk.conftest import text_of
from tests.notifications.cast import endpoint, rule, tenant
from tests.portal.people import person
from tests.portal.test_events import SECRET, WEST, declared

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
PAGE = "/admin/desk/customers/"
NEW = {
    "ref": "contoso",
    "name": "Contoso Ltd",
    "contact": "help@contoso.example.com",
    "places": "contoso-prod, Key Vault, West Europe\r\ncontoso-dr, key-vault, north-europe",
    "tell": "ops@contoso.example.com",
    "owner": "olga@contoso.example.com",
}


@pytest.fixture
def desk() -> Client:
    keeper = User.objects.create(username="carl", is_staff=True)
    keeper.groups.add(Group.objects.get(name="customer manager"))
    client = Client()
    client.force_login(keeper)
    return client


def test_one_form_makes_a_customer_with_two_subscriptions_a_rule_and_an_owner(desk: Client) -> None:
    answer = desk.post(f"{PAGE}new/", NEW, follow=True)
    made = Tenant.objects.get()
    assert answer.request["PATH_INFO"] == f"{PAGE}contoso/"
    shown = text_of(answer)
    for words in (
        "Contoso Ltd", "Contact help@contoso.example.com", "Key Vault in West Europe", "contoso-dr",
        "about service issues of level Warning or worse in", "ops@contoso.example.com",
        "olga@contoso.example.com, owner",
    ):  # fmt: skip
        assert words in shown, words
    assert made.subscriptions.count() == 2
    assert AlertRule.objects.get().least_level == "warning"
    assert mail.outbox[-1].to == ["olga@contoso.example.com"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"places": "a, Key Vault, West Europe\nb, Keyvolt, West Europe"}, "Line 2: service: 'keyvolt'"),
        ({"places": "a, b, c, d"}, "too many commas"), ({"ref": "con toso"}, "con toso"),
        ({"tell": "nobody"}, "valid email"), ({"places": ""}, "at least one subscription"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    desk: Client, wrong: dict[str, Any], said: str
) -> None:
    answer = desk.post(f"{PAGE}new/", NEW | wrong)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert 'value="Contoso Ltd"' in answer.content.decode()
    assert not Tenant.objects.exists()
    assert not mail.outbox


def test_a_customer_that_is_there_is_not_written_over(desk: Client) -> None:
    tenant("contoso", WEST)
    assert "already" in text_of(desk.post(f"{PAGE}new/", NEW | {"ref": "CONTOSO"}))
    assert Tenant.objects.get().name == "Contoso"


def test_the_screen_warns_as_the_customers_own_pages_do(desk: Client) -> None:
    made = tenant("contoso", WEST)
    assert "everything goes to the contact" in text_of(desk.get(f"{PAGE}contoso/"))
    rule(made, "ops@contoso.example.com", regions=("north-europe",))
    shown = text_of(desk.get(f"{PAGE}Contoso/"))
    assert (
        "It covers nothing of your footprint: none of your subscriptions runs where it looks."
        in shown
    )
    tenant("silent", WEST, contact=False)
    assert "They hear nothing" in text_of(desk.get(f"{PAGE}silent/"))


def test_an_export_is_taken_in_again_and_changes_nothing(desk: Client) -> None:
    desk.post(f"{PAGE}new/", NEW)
    answer = desk.get(f"{PAGE}contoso/export.csv")
    content = answer.getvalue()
    wanted = set(
        Footprint.objects.values_list("subscription__ref", "service__slug", "region__slug")
    )
    for step, said in (("look", "Nothing is stored yet"), ("take", "Taken in")):
        form = {"step": step, "file": SimpleUploadedFile("c.csv", content)}
        shown = text_of(desk.post(PAGE, form, follow=True))
        assert said in shown
        assert (
            "customers: 1 (0 new or changed), subscriptions: 2 (0 new or changed), cells: 0 added"
            in shown
        )
    assert wanted == set(
        Footprint.objects.values_list("subscription__ref", "service__slug", "region__slug")
    )
    more = content.replace(b"contoso", b"fabrikam").replace(b"Contoso", b"Fabrikam")
    desk.post(PAGE, {"step": "look", "file": SimpleUploadedFile("c.csv", more)})
    assert Tenant.objects.count() == 1
    bad = desk.post(PAGE, {"step": "take", "file": SimpleUploadedFile("c.csv", b"tenant\nx\n")})
    assert bad.status_code == 422


def test_the_list_is_searched_and_comes_in_pages(
    desk: Client, django_assert_num_queries: Any
) -> None:
    Tenant.objects.bulk_create(
        Tenant(ref=f"t-{number:03}", name=f"Tenant {number:03}") for number in range(60)
    )
    desk.get(PAGE)
    with django_assert_num_queries(11):
        shown = text_of(desk.get(PAGE))
    assert "Tenant 049" in shown
    assert "Tenant 050" not in shown
    assert "Tenant 055" in text_of(desk.get(f"{PAGE}?page=2"))
    assert "Tenant 007" in text_of(desk.get(f"{PAGE}?q=t-007"))


def test_who_looks_sees_what_the_customer_sees_changes_nothing_and_is_noted(
    desk: Client, operator: User
) -> None:
    made, _ = tenant("contoso", WEST), tenant("other", ("key-vault", "north-europe"))
    person("anna@contoso.example.com", made, role="owner")
    incident = declared(operator)
    look = f"{PAGE}contoso/look/"
    event = f"{look}events/{incident.tracking_id}/"
    shown = desk.get(look)
    assert event in shown.content.decode()
    assert SECRET in text_of(desk.get(event))
    assert "You look at what Contoso sees" in text_of(shown)
    assert 'href="/service-health/of/' not in shown.content.decode()
    assert "service_health" not in shown.cookies
    for page in (
        "rules/",
        "where/",
        "people/",
        "tokens/",
        f"events/{incident.tracking_id}/evidence/",
    ):
        assert desk.get(look + page).status_code == 200, page
        assert desk.post(look + page).status_code == 405, page
    for page in ("rules/new/", "where/new/"):
        assert desk.get(look + page).status_code == 403, page
    assert desk.get(f"{PAGE}other/look/events/{incident.tracking_id}/").status_code == 404
    assert desk.get(f"{look}no/such/page/").status_code == 404
    # No customers' page opens because of it.
    assert desk.get("/service-health/of/contoso/").status_code == 302
    noted = AuditEvent.objects.filter(what="tenant-view", row=str(made.pk), verb="look")
    assert noted.count() >= 8
    assert set(noted.values_list("actor", flat=True)) == {"carl"}


def test_a_rule_is_built_read_back_changed_and_deleted_at_the_desk(desk: Client) -> None:
    desk.post(f"{PAGE}new/", NEW)
    made = Tenant.objects.get()
    group = made.action_groups.get()
    values = {
        "name": "Storage",
        "active": "on",
        "kinds": "service-issue",
        "action_groups": group.pk,
    }
    values |= {"quiet_from": "22:00", "quiet_until": "07:00", "quiet_level": "error"}
    page = f"{PAGE}contoso/rules/new/"
    assert "Tell nobody yet about service issues" in text_of(desk.get(page))
    read = text_of(desk.post(page, values | {"act": "read"}))
    assert "between 22:00 and 07:00 waits until 07:00, except what is of level Error" in read
    assert not made.alert_rules.filter(name="Storage").exists()
    answer = desk.post(page, values | {"act": "save"}, follow=True)
    assert "Storage is in force" in text_of(answer)
    saved = made.alert_rules.get(name="Storage")
    assert AuditEvent.objects.filter(what="notifications_alertrule", actor="carl").exists()

    page = f"{PAGE}contoso/rules/{saved.pk}/"
    assert f'href="{page}"' in desk.get(f"{PAGE}contoso/").content.decode()
    wrong = desk.post(page, values | {"act": "save", "quiet_until": "", "name": "x" * 300})
    assert wrong.status_code == 422
    nowhere = desk.post(page, values | {"act": "read", "action_groups": ""})
    assert nowhere.status_code in (200, 422)
    del values["action_groups"]
    assert "It leads nowhere" in text_of(desk.post(page, values | {"act": "read"}))
    desk.post(page, {"act": "delete"})
    assert not made.alert_rules.filter(name="Storage").exists()
    other = rule(tenant("other", WEST), "ops@other.example.com")
    assert desk.get(f"{PAGE}contoso/rules/{other.pk}/").status_code == 404


def test_a_rule_is_tried_on_the_past_at_the_desk_as_its_customer_would(
    desk: Client, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    nordwind = tenant("nordwind", WEST)
    monkeypatch.setattr(rule_results, "LOOKS_BACK", timedelta(days=3650))
    saved = rule(nordwind, "ops@nordwind.example.com")
    incident = declared(operator)
    group = saved.action_groups.get()
    page = f"{PAGE}nordwind/rules/{saved.pk}/"
    values = {"act": "test", "name": "", "active": "on", "action_groups": group.pk}
    tried = desk.post(page, values).content.decode()
    assert "It would have alerted you of 1 event in twelve months" in tried
    address = f"{PAGE}nordwind/look/events/{incident.tracking_id}/"
    assert f'href="{address}"' in tried
    assert desk.get(address).status_code == 200
    north = Region.objects.get(slug="north-europe").pk
    narrowed = desk.post(page, values | {"regions": north}).content.decode()
    assert "It would have alerted you of nothing" in narrowed
    assert "<strong>1 fewer</strong>" in narrowed
    assert not AlertRule.objects.get().regions.exists()
    # As in the view of the tenant, whoever of the staff asks.
    secret = declared(
        operator, kind="security-advisory", level="informational", stage="identified",
        public_title="Somebody holds a key",
    )  # fmt: skip
    tried = desk.post(page, values).content.decode()
    assert "It would have alerted you of 1 event in twelve months" in tried
    assert "Events about security are left out" in tried
    assert secret.public_title not in tried


def test_all_rules_go_out_as_a_file_and_a_changed_one_is_looked_at_and_put_into_force(
    desk: Client,
) -> None:
    nordwind = tenant("nordwind", WEST)
    saved = rule(nordwind, "ops@nordwind.example.com", regions=("west-europe",))
    hook = endpoint(
        "https://hooks.example/secret", channel="webhook", host="hooks.example", secret="s"
    )
    saved.action_groups.get().endpoints.add(hook)
    page = f"{PAGE}nordwind/rules/"
    text = desk.get(f"{PAGE}nordwind/rules.yaml").content.decode()
    assert "secret" not in text
    same = desk.post(page, {"step": "look", "text": text})
    assert "Everything is as the text says" in text_of(same)
    changed = (
        text.replace("west-europe", "north-europe") + "- {name: second, kinds: [service-issue]}\n"
    )
    looked = desk.post(page, {"step": "look", "text": changed})
    for words in ("regions: ['west-europe'] -> ['north-europe']", "+ second", "Put it into force"):
        assert words in text_of(looked), words
    assert AlertRule.objects.count() == 1
    assert desk.post(page, {"step": "apply", "text": changed})["Location"] == f"{PAGE}nordwind/"
    assert {each.name for each in nordwind.alert_rules.all()} == {saved.name, "second"}
    assert saved.regions.get().slug == "north-europe"
    assert saved.action_groups.get().endpoints.count() == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Write tenant: and rules:."),
        ("- a", "write tenant: and rules: with a list"),
        ("tenant: [", "not valid YAML"),
        ("tenant: other\nrules: []", "'other' is another one; write nordwind."),
        ("tenant: nordwind\nrules: [{name: a, services: [odd]}]", "rule 1: services: 'odd' is not there"),
        ("tenant: nordwind\nrules: [{name: a, groups: [Theirs]}]", "rule 1: groups: 'Theirs' is not there"),
        ("tenant: nordwind\nrules: [{name: a}, {name: b, kinds: [odd]}]", "rule 2: kinds: 'odd' is not known"),
    ],
)  # fmt: skip
def test_a_file_of_rules_that_cannot_be_taken_says_where_and_changes_nothing(
    desk: Client, text: str, said: str
) -> None:
    rule(tenant("nordwind", WEST), "ops@nordwind.example.com")
    rule(tenant("other", WEST), "ops@other.example.com").action_groups.update(name="Theirs")
    answer = desk.post(f"{PAGE}nordwind/rules/", {"step": "apply", "text": text})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert text in unescape(answer.content.decode())
    assert AlertRule.objects.count() == 2
