"""Alert rules of a tenant: made, changed, removed."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest
from ninja import Body, Query, Status
from pydantic import BaseModel

from notifications.customers import records
from notifications.customers.rules.alert_rules import in_names
from notifications.models import AlertRule
from statuspage.api.answers import pagination
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer
from statuspage.api.customers.lookup import Number, router, tenant_row
from statuspage.api.once import all_or_nothing
from statuspage.api.schemas.requests import Look
from statuspage.api.schemas.rules import RuleConditions, ToldConditions, conditions_of

SEE_RULES = Bearer("notifications.view_alertrule")
KEEP_RULES = Bearer("notifications.add_alertrule", "notifications.change_alertrule")


class NewRule(RuleConditions):
    """What is left empty matches everything. `endpoints`: numbers of the tenant's endpoints."""

    endpoints: list[Number] = []


class ToldRule(ToldConditions):
    name: str
    endpoints: list[int]


class RulePage(BaseModel):
    items: list[ToldRule]
    next: str | None


@router.get("/tenants/{ref}/rules", auth=SEE_RULES, response=reads(RulePage))
def list_rules(request: HttpRequest, ref: str, asked: Query[pagination.PageAsked]) -> RulePage:
    """A tenant's alert rules, and the endpoints they lead to."""
    rules = tenant_row(ref).alert_rules.prefetch_related(
        "services",
        "categories",
        "regions",
        "geographies",
        "subscriptions",
        "action_groups__endpoints",
    )
    rows, after = pagination.page_of_texts(
        sorted(rules, key=lambda each: each.name), asked, lambda each: each.name
    )
    return RulePage(items=[_rule(each) for each in rows], next=after)


@router.put("/tenants/{ref}/rules/{name}", auth=KEEP_RULES, response=writes(ToldRule, 200))
def save_rule(
    request: HttpRequest, ref: str, name: str, new: Body[NewRule], asked: Query[Look]
) -> ToldRule:
    """Make an alert rule, or change it to exactly this."""
    tenant = tenant_row(ref)
    with all_or_nothing(asked.dry_run):
        made = records.save_rule(
            tenant=tenant,
            conditions=conditions_of(new, tenant=tenant, name=name),
            endpoints=new.endpoints,
        )
        return _rule(made)


@router.delete(
    "/tenants/{ref}/rules/{name}",
    auth=Bearer("notifications.delete_alertrule"),
    response=writes(None, 204),
)
def remove_rule(request: HttpRequest, ref: str, name: str, asked: Query[Look]) -> Status[None]:
    """Remove an alert rule. A tenant without any is told at its contact."""
    with all_or_nothing(asked.dry_run):
        records.remove_rule(tenant=tenant_row(ref), name=name)
    return Status(HTTPStatus.NO_CONTENT, None)


def _rule(each: AlertRule) -> ToldRule:
    return ToldRule(
        **in_names(each),
        name=each.name,
        endpoints=sorted(
            {row.pk for group in each.action_groups.all() for row in group.endpoints.all()}
        ),
    )
