"""The desk's addresses, below `/admin/desk/`."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from incidents.texts import as_typed
from statuspage.desk.views import audit, feedback, how_fast, insight
from statuspage.desk.views.deliveries import (
    customer_rules,
    customers,
    delivery_lookup,
    delivery_statistics,
    erasing,
    lists,
    proposals,
    sending,
    suppressed,
)
from statuspage.desk.views.incident import (
    corrections,
    decisions,
    declare,
    drafts,
    merges,
    picking,
    retractions,
    scheduled,
    updates,
)
from statuspage.desk.views.incident import listing as incidents
from statuspage.desk.views.review import repairs, review_comments, reviews
from statuspage.desk.views.setup import (
    monitors,
    moving_over,
    policies,
    recordings,
    replays,
    samples,
    text_templates,
)

app_name = "desk"


class TrackingIdConverter(StringConverter):
    """A tracking ID as people type it: in small letters or with a typographic hyphen, too."""

    regex = r"[\w\u00ad\u200b-\u2015\u2060\u2212 -]+"

    def to_python(self, value: str) -> str:
        return as_typed.tracking_id(value)


register_converter(TrackingIdConverter, "tracking_id")

urlpatterns = [
    path("", incidents.listing, name="list"),
    path("wall/", incidents.wall, name="wall"),
    path("search/", incidents.search, name="search"),
    path("new/", declare.new, name="new"),
    path("new/verdict/", declare.live_verdict, name="live-verdict"),
    path("new/find/", picking.find, name="find"),
    path("new/moment/", picking.moment, name="moment"),
    path("drafts/", drafts.keep, name="drafts"),
    path("templates/", text_templates.listing, name="text-templates"),
    path("templates/<int:pk>/", text_templates.text_template, name="text-template"),
    path("preview/mail/", samples.mail, name="sample"),
    path("undo/", scheduled.bar, name="undo"),
    path("scheduled/<int:pk>/", scheduled.change, name="scheduled"),
    path("backtest/", replays.backtest_screen, name="backtest"),
    path("backtest/recordings/", recordings.recordings, name="recordings"),
    path("backtest/recordings/<int:pk>/", recordings.backtest_run, name="backtest-run"),
    path("policies/", policies.policies, name="policies"),
    path("monitors/", monitors.monitors, name="monitors"),
    path("moving-over/", moving_over.moving_over, name="moving-over"),
    path("sending/", sending.sending, name="sending"),
    path("audit/", audit.audit_screen, name="audit"),
    path("proposals/", proposals.listing, name="proposals"),
    path("proposals/<int:pk>/", proposals.proposal, name="proposal"),
    path("audit/trail/", audit.trail_screen, name="audit-trail"),
    path("how-fast/", how_fast.how_fast_screen, name="how-fast"),
    path("repairs/", repairs.repairs, name="repairs"),
    path("insight/", insight.insight_screen, name="insight"),
    path("insight/<str:month>/", insight.monthly_report, name="monthly-report"),
    path("deliveries/", delivery_statistics.overview, name="delivery-statistics"),
    path("customers/", customers.listing, name="customers"),
    path("customers/new/", customers.new, name="customer-new"),
    path("customers/<str:ref>/", customers.one, name="customer"),
    path("customers/<str:ref>/rules/", customer_rules.as_file, name="customer-rules"),
    path("customers/<str:ref>/rules.yaml", customer_rules.download, name="customer-rules-file"),
    path("customers/<str:ref>/rules/new/", customer_rules.new, name="customer-rule-new"),
    path("customers/<str:ref>/rules/<int:pk>/", customer_rules.one, name="customer-rule"),
    path("customers/<str:ref>/export.csv", customers.export, name="customer-export"),
    path("told/", delivery_lookup.told, name="told"),
    path("erase/<int:pk>/", erasing.erase_endpoint, name="erase-endpoint"),
    path("erase/tenant/<str:ref>/", erasing.erase_tenant, name="erase-tenant"),
    path("suppressed/", suppressed.suppressed, name="suppressed"),
    path("suppressed/<int:pk>/", suppressed.lift, name="lift"),
    path("<tracking_id:tracking_id>/", incidents.screen, name="incident"),
    path("<tracking_id:tracking_id>/head/", incidents.head, name="head"),
    path("<tracking_id:tracking_id>/update/", updates.update, name="update"),
    path("<tracking_id:tracking_id>/recover/", updates.recover_region, name="recover"),
    path("<tracking_id:tracking_id>/audience/", decisions.audience, name="audience"),
    path("<tracking_id:tracking_id>/level/", decisions.take_level, name="level"),
    path("<tracking_id:tracking_id>/list/", lists.impacted_list, name="list-of"),
    path("<tracking_id:tracking_id>/confirm/", decisions.confirm_post, name="confirm"),
    path("<tracking_id:tracking_id>/override/", decisions.override_policy, name="override"),
    path("<tracking_id:tracking_id>/withdraw/", decisions.withdraw_entry, name="withdraw"),
    path("<tracking_id:tracking_id>/review/", reviews.review, name="review"),
    path("<tracking_id:tracking_id>/review/live/", reviews.live, name="review-live"),
    path(
        "<tracking_id:tracking_id>/review/comments/",
        review_comments.comments,
        name="review-comments",
    ),
    path("<tracking_id:tracking_id>/feedback/", feedback.feedback, name="feedback"),
    path("<tracking_id:tracking_id>/retract/", retractions.retract_incident, name="retract"),
    path("<tracking_id:tracking_id>/times/", corrections.times, name="times"),
    path("<tracking_id:tracking_id>/merge/", merges.merge_incident, name="merge"),
    path("<tracking_id:tracking_id>/unmerge/", merges.unmerge_incident, name="unmerge"),
    path(
        "<tracking_id:tracking_id>/deliveries/", delivery_statistics.deliveries, name="deliveries"
    ),
    path(
        "<tracking_id:tracking_id>/deliveries/progress/",
        delivery_statistics.progress,
        name="deliveries-progress",
    ),
    path(
        "<tracking_id:tracking_id>/deliveries/retry/",
        delivery_statistics.retry_failed,
        name="deliveries-retry",
    ),
    path("<tracking_id:tracking_id>/replay/", replays.replay_screen, name="replay"),
]
