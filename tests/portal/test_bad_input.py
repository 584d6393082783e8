"""What nobody means well: giants and hostile names in every field of the portal's forms."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import escape

from notifications.models import ActionGroup, AlertRule, CustomerSubscription, EventAnswer, Tenant
from tests.notifications.cast import endpoint
from tests.portal.people import form_token, person, signed_in
from tests.portal.test_events import HOME, declared, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
OWNER = "olga@nordwind.example.com"
MEGABYTE = "x" * 1_000_000
MARKUP = "<script>alert(1)</script>\"'&amp;"
TURNED = "Ops\u202e gro.live"
FORMULA = '=HYPERLINK("https://evil.example","Ops")'
LONG = "n" * 10_000
# The form, the button's value, what is right of it, and the fields that a giant is typed into.
FORMS: tuple[tuple[str, str, dict[str, Any], tuple[str, ...]], ...] = (
    ("rules/new/", "save", {"name": "A"}, ("name", "quiet_from", "kinds", "least_level", "services", "action_groups")),
    ("where/groups/new/", "save", {"name": "A"}, ("name", "endpoints")),
    ("where/new/", "", {"channel": "mail", "address": "a@b.example.com"}, ("name", "address", "channel")),
    ("people/", "invite", {"role": "reader", "address": "a@b.example.com"}, ("address", "role")),
    ("tokens/", "issue", {"name": "A", "scopes": "events:read", "days": "30"}, ("name", "scopes")),
    ("footprint/", "save", {}, ("places",)),
)  # fmt: skip
PROBLEM = re.compile(r'class="wrong summary"[^>]*>([^<]*)<')


@pytest.fixture
def owner(nordwind: Tenant) -> Client:
    nordwind.edits_footprint = True
    nordwind.save()
    person(OWNER, nordwind, role="owner")
    return signed_in(OWNER)


def post(client: Client, path: str, act: str, values: dict[str, Any]) -> Any:
    token = form_token(client, HOME + path)
    return client.post(HOME + path, {"form_token": token, "act": act, **values})


def problem_of(answer: Any) -> str:
    assert answer.status_code == 422, (answer.status_code, answer.get("Location"))
    found = PROBLEM.search(answer.content.decode())
    assert found
    return unescape(found[1])


@pytest.mark.parametrize(
    ("path", "act", "values", "field"),
    [(path, act, values, field) for path, act, values, fields in FORMS for field in fields],
)
def test_a_giant_in_a_field_is_refused_by_its_name_and_the_rest_is_kept(
    owner: Client, path: str, act: str, values: dict[str, Any], field: str
) -> None:
    assert post(owner, path, act, values | {field: MEGABYTE}).status_code == 413
    answer = post(owner, path, act, values | {field: LONG})
    problem = problem_of(answer)
    assert problem.startswith(f"{field}: "), problem
    assert len(problem) < 400
    page = answer.content.decode()
    for name, typed in values.items():
        if name in ("name", "address") and name != field:
            assert f'value="{typed}"' in page, name


@pytest.mark.parametrize("name", [TURNED, "Ops\x00", LONG])
@pytest.mark.parametrize(
    ("path", "act", "values"), [each[:3] for each in FORMS if "name" in each[3]]
)
def test_a_name_that_misleads_is_refused_and_shown_again(
    owner: Client, path: str, act: str, values: dict[str, Any], name: str
) -> None:
    answer = post(owner, path, act, values | {"name": name})
    assert problem_of(answer).startswith("name: ")
    assert f'value="{name}"' in answer.content.decode()


def test_markup_and_formulas_in_names_stay_text(owner: Client, nordwind: Tenant) -> None:
    for name in (MARKUP, FORMULA):
        post(owner, "where/groups/new/", "save", {"name": name})
        group = ActionGroup.objects.get(name=name)
        post(owner, "rules/new/", "save", {"name": name, "action_groups": group.pk})
        post(owner, "tokens/", "issue", {"name": name, "scopes": "events:read", "days": "30"})
        made = endpoint(f"{len(name)}@nordwind.example.com", tenant=nordwind)
        made.name = name
        made.save()
        group.endpoints.add(made)
        rule = AlertRule.objects.get(name=name)
        for path in (
            "rules/", f"rules/{rule.pk}/", "rules/coverage/", "where/", f"where/groups/{group.pk}/",
            f"where/endpoints/{made.pk}/", "where/log/", "tokens/",
        ):  # fmt: skip
            page = owner.get(HOME + path).content.decode()
            assert "<script>alert" not in page, path
            if path not in ("rules/coverage/", "where/log/"):
                assert escape(name) in page, path


def test_a_rule_of_a_thousand_conditions_is_saved_or_refused_in_words(
    owner: Client, nordwind: Tenant
) -> None:
    CustomerSubscription.objects.bulk_create(
        CustomerSubscription(tenant=nordwind, ref=f"s-{number}") for number in range(1_000)
    )
    refs = "\n".join(f"s-{number}" for number in range(1_000))
    answer = post(owner, "rules/new/", "save", {"name": "Many", "subscription_refs": refs})
    assert answer.status_code == 302
    rule = AlertRule.objects.get()
    assert rule.subscriptions.count() == 1_000
    assert owner.get(f"{HOME}rules/{rule.pk}/").status_code == 200
    services = [str(10**6 + number) for number in range(1_100)]
    answer = post(owner, "rules/new/", "save", {"name": "Strange", "services": services})
    assert problem_of(answer).startswith("services: ")
    assert 'value="Strange"' in answer.content.decode()
    answer = post(owner, "rules/new/", "save", {"name": "A", "subscription_refs": refs + " gone"})
    assert "gone is not among the subscriptions" in problem_of(answer)
    assert refs in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("note", LONG),
        ("note", TURNED),
        ("note", "Ops\x00"),
        ("hit", LONG),
        ("subscriptions", LONG),
        ("subscriptions", MARKUP),
        ("subscription_refs", " ".join(f"s-{number}" for number in range(1_000))),
    ],
)
def test_what_is_no_answer_to_an_event_is_refused_by_its_name_and_kept(
    owner: Client, operator: User, field: str, typed: str
) -> None:
    page = f"events/{declared(operator).tracking_id}/"
    values = {"hit": "hit", "note": "We saw errors."}
    assert post(owner, page, "answer", values | {field: MEGABYTE}).status_code == 413
    answer = post(owner, page, "answer", values | {field: typed})
    problem = problem_of(answer)
    assert problem.startswith(f"{field.removesuffix('_refs').rstrip('s')}"), problem
    assert len(problem) < 400
    if field != "note":
        assert "We saw errors." in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()
    assert not EventAnswer.objects.exclude(hit="", note="").exists()


def test_a_note_with_markup_stays_text_and_an_act_that_is_none_does_nothing(
    owner: Client, operator: User
) -> None:
    page = f"events/{declared(operator).tracking_id}/"
    for act in ("", "take", LONG, MARKUP):
        assert post(owner, page, act, {"hit": "hit", "note": "x"}).status_code == 302
    assert not EventAnswer.objects.exists()
    assert post(owner, page, "answer", {"hit": "hit", "note": MARKUP}).status_code == 302
    shown = text(owner, HOME + page)
    assert escape(MARKUP) in shown
    assert "<script>alert" not in shown
