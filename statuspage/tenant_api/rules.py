"""Alert rules of the tenant."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest
from ninja import Body, Query, Router, Status
from pydantic import BaseModel, Field

from incidents.services.errors import EntryError
from notifications.customers.rules import alert_rules
from notifications.customers.rules.alert_rules import Conditions
from notifications.customers.rules.rule_warnings import warnings_of
from notifications.models import AlertRule, TenantScope
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.schemas.rules import RuleConditions, ToldConditions, conditions_of
from statuspage.tenant_api.authentication import Scoped, token_of
from statuspage.tenant_api.events import next_link

router = Router(tags=["Alert rules"])
SEE = Scoped(TenantScope.RULES)
KEEP = Scoped(TenantScope.CHANGE_RULES)


class NewTenantRule(RuleConditions):
    """What is left empty matches everything."""

    action_groups: list[str] = Field([], description="Names of the tenant's action groups.")


class TenantRule(ToldConditions):
    """`warnings`: what its author should know, as that it can never fire."""

    name: str
    action_groups: list[str]
    warnings: list[str]


class RulePage(BaseModel):
    value: list[TenantRule]
    nextLink: str | None


@router.get("/rules", auth=SEE, response=reads(RulePage))
def list_rules(request: HttpRequest, asked: Query[pagination.PageAsked]) -> RulePage:
    """The tenant's alert rules, the newest first."""
    rows = token_of(request).tenant.alert_rules.prefetch_related(*alert_rules.MANY)
    page, after = pagination.page(rows, asked, ("id",))
    return RulePage(value=_told(request, *page), nextLink=next_link(request, after))


@router.get("/rules/{name}", auth=SEE, response=reads(TenantRule))
def show_rule(request: HttpRequest, name: str) -> TenantRule:
    """One rule."""
    return _told(request, _rule(request, name))[0]


@router.put("/rules/{name}", auth=KEEP, response=writes(TenantRule, 200, 201))
def save_rule(request: HttpRequest, name: str, new: Body[NewTenantRule]) -> Status[TenantRule]:
    """Make a rule, or change it to exactly this."""
    tenant = token_of(request).tenant
    known = tenant.alert_rules.filter(name=name).first()
    saved = alert_rules.save(
        tenant=tenant,
        conditions=_conditions(request, name, new),
        rule_id=known.pk if known else None,
    )
    return Status(HTTPStatus.OK if known else HTTPStatus.CREATED, _told(request, saved)[0])


@router.delete("/rules/{name}", auth=KEEP, response=writes(None, 204))
def delete_rule(request: HttpRequest, name: str) -> Status[None]:
    """Delete a rule; without any that leads anywhere, everything goes to the tenant's contact."""
    _rule(request, name).delete()
    return Status(HTTPStatus.NO_CONTENT, None)


def _rule(request: HttpRequest, name: str) -> AlertRule:
    rows = token_of(request).tenant.alert_rules.prefetch_related(*alert_rules.MANY)
    rule = rows.filter(name=name).first()
    if rule is None:
        raise problem(HTTPStatus.NOT_FOUND, "There is no rule of this name.")
    return rule


def _conditions(request: HttpRequest, name: str, new: NewTenantRule) -> Conditions:
    tenant = token_of(request).tenant
    groups = dict(tenant.action_groups.values_list("name", "pk"))
    if strange := set(new.action_groups) - set(groups):
        raise EntryError(
            "action_groups", f"{min(strange)[:60]!r} is none of yours; see /endpoints."
        )
    return conditions_of(
        new, tenant=tenant, name=name, action_groups={groups[each] for each in new.action_groups}
    )


def _told(request: HttpRequest, *rules: AlertRule) -> list[TenantRule]:
    warned = warnings_of(token_of(request).tenant, *map(Conditions.of, rules))
    return [
        TenantRule(
            **alert_rules.in_names(rule),
            name=rule.name,
            action_groups=sorted(each.name for each in rule.action_groups.all()),
            warnings=warnings,
        )
        for rule, warnings in zip(rules, warned, strict=True)
    ]
