"""Alert rules: the list, the builder with its tester, and which cells reach whom."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from incidents.models import Region, Service
from incidents.services.errors import EntryError
from incidents.vocabulary import Kind
from notifications.customers.rules import alert_rules, rule_form, rule_sentence, rule_tester
from notifications.customers.rules.alert_rules import Conditions
from notifications.customers.rules.rule_sentence import Choices
from notifications.customers.rules.rule_warnings import warnings_of
from notifications.models import AlertRule, Endpoint
from statuspage import rule_results
from statuspage.portal.access import UNPROCESSABLE, Visitor, editing, member, show
from statuspage.portal.pages import paged
from statuspage.public.render.layout import fragment

A_NEW_ONE = Conditions(name="", kinds=(Kind.SERVICE_ISSUE.value,))
A_PAGE, CELLS = 25, 100
LOADED = (*alert_rules.MANY, "action_groups__endpoints")


@member
def listed(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    tenant = visitor.tenant
    choices = Choices.of(tenant)
    rows = tenant.alert_rules.prefetch_related(*LOADED).order_by("name")
    shown = paged(request, rows, A_PAGE)
    said = [Conditions.of(rule) for rule in shown.rows]
    sentences = [rule_sentence.sentence(each, choices) for each in said]
    context = {
        "paged": shown,
        "rules": list(zip(shown.rows, sentences, warnings_of(tenant, *said), strict=True)),
        "leading": alert_rules.leads_anywhere(tenant),
        "contact": tenant.contact,
        "section": "rules",
    }
    return show(request, "rules", context, visitor=visitor)


def _new(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    return _build(request, visitor, None)


new = member(_new, edits=True)


@member
@editing
def one(request: HttpRequest, visitor: Visitor, pk: int) -> HttpResponse:
    rules = visitor.tenant.alert_rules.prefetch_related(*LOADED)
    rule = rules.filter(pk=pk).first() if pk < 2**63 else None
    if rule is None:
        raise Http404
    return _build(request, visitor, rule)


def _build(request: HttpRequest, visitor: Visitor, rule: AlertRule | None) -> HttpResponse:
    tenant, choices = visitor.tenant, Choices.of(visitor.tenant)
    saved = Conditions.of(rule) if rule else None
    said, problem, tested = saved or A_NEW_ONE, "", rule_results.NOT_TESTED
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act == "delete" and rule:
            rule.delete()
            return HttpResponseRedirect(f"{visitor.home}rules/")
        try:
            said, wrong = rule_form.read(request.POST, tenant, choices)
            if wrong:
                raise wrong
            if act == "save":
                alert_rules.save(tenant=tenant, conditions=said, rule_id=rule.pk if rule else None)
                return HttpResponseRedirect(f"{visitor.home}rules/")
            if act == "test":
                tested = rule_results.tested(
                    tenant, said, saved, rule_id=rule.pk if rule else None,
                    security=visitor.membership.sees_security, now=visitor.now,
                )  # fmt: skip
        except EntryError as error:
            problem = str(error)
    context = {
        "rule": rule,
        "said": said,
        "typed": request.POST,
        "refs": rule_form.refs(request.POST, said, tenant, choices),
        "sentence": rule_sentence.sentence(said, choices),
        "warnings": warnings_of(tenant, said)[0],
        "differences": rule_sentence.differences(saved, said, choices) if saved else [],
        "choices": choices,
        **rule_form.OFFERED,
        "zone": tenant.time_zone,
        "problem": problem,
        "locked": not visitor.may_edit,
        "form_token": visitor.form_token(),
        "section": "rules",
        **tested,
    }
    act = request.POST.get("act", "")
    if act == "read":
        return HttpResponse(fragment("portal/_rule_reading.html", context))
    if act == "test" and "HX-Request" in request.headers:
        # The form has hundreds of boxes, and none of them has changed.
        return HttpResponse(fragment("portal/_rule_answer.html", {"visitor": visitor, **context}))
    status = UNPROCESSABLE if problem else 200
    return show(request, "rule", context, visitor=visitor, status=status)


@member
def coverage(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """For every cell of the tenant's footprint: whom a service issue of level Error there would reach.

    Those that would reach nobody first.
    """
    reach = rule_tester.reach_of(visitor.tenant)
    services = Service.objects.in_bulk({service for service, _ in reach})
    regions = Region.objects.in_bulk({region for _, region in reach})
    cells = sorted(
        (bool(found), services[service].name, regions[region].name, sorted(found))
        for (service, region), found in reach.items()
    )
    shown = paged(request, cells, CELLS)
    ends = Endpoint.objects.in_bulk({end for *_, found in shown.rows for end in found})
    context = {
        "paged": shown,
        "rows": [
            (service, region, sorted(ends[end].label for end in found))
            for _, service, region, found in shown.rows
        ],
        "silent": sum(not found for *_, found in cells),
        "cells": len(cells),
        "section": "rules",
    }
    return show(request, "coverage", context, visitor=visitor)
