"""Everything the desk can do, scripts can: each of its addresses beside the operations of the API."""

from __future__ import annotations

from statuspage.api.answers.ninja_api import operations_of
from statuspage.api.reference import document
from statuspage.desk.urls import urlpatterns

ROADS = {
    "list": ("list_incidents", "list_alerts"),
    "wall": ("list_incidents",),
    "search": ("list_incidents", "list_tenants", "list_services"),
    "new": ("declare_incident",),
    "live-verdict": ("declare_incident", "decide"),
    "find": ("list_services", "list_regions"),
    "text-templates": ("list_text_templates", "make_text_template"),
    "text-template": ("save_text_template", "remove_text_template"),
    "undo": ("take_scheduled_back",),
    "scheduled": ("list_scheduled", "move_scheduled", "take_scheduled_back", "send_scheduled_now"),
    "backtest": ("backtest_policy",),
    "recordings": ("compare_policies", "list_comparisons", "list_recordings"),
    "backtest-run": ("show_comparison", "drop_comparison"),
    "policies": ("show_policy", "put_policy", "list_policies"),
    "monitors": ("list_monitors", "save_monitor", "declare_what_waits", "put_alerts_aside",
                 "list_alerts", "report_alerts"),
    "moving-over": ("list_imports", "import_a_page", "undo_import"),
    "sending": ("show_sending", "set_sending"),
    "audit": ("list_decisions",),
    "audit-trail": ("list_audit_events",),
    "how-fast": ("show_how_fast", "publish_how_fast"),
    "repairs": ("list_repairs", "change_a_repair"),
    "insight": ("show_insight",),
    "monthly-report": ("show_insight",),
    "delivery-statistics": ("list_incidents", "list_deliveries"),
    "customers": ("list_tenants",),
    "customer-new": ("save_tenant", "save_subscription", "save_rule", "make_endpoint"),
    "customer": ("show_tenant", "list_subscriptions", "list_rules", "list_endpoints", "remove_rule",
                 "remove_subscription", "stop_endpoint"),
    "customer-rule": ("save_rule", "remove_rule"),
    "customer-rule-new": ("save_rule",),
    "customer-rules": ("list_rules", "save_rule", "remove_rule"),
    "customer-rules-file": ("list_rules",),
    "customer-export": ("list_subscriptions",),
    "told": ("look_up_deliveries",),
    "erase-tenant": ("erase_tenant",),
    "erase-endpoint": ("erase_endpoint",),
    "suppressed": ("list_suppressed",),
    "lift": ("lift_suppression",),
    "incident": ("show_incident", "list_decisions_of"),
    "head": ("show_incident",),
    "update": ("post_an_update",),
    "recover": ("mark_recovered",),
    "audience": ("set_the_audience",),
    "level": ("post_an_update",),
    "list-of": ("replace_the_impacted_list",),
    "confirm": ("confirm_the_public_post",),
    "override": ("override_the_policy",),
    "withdraw": ("withdraw_the_entry",),
    "review": ("publish_a_review", "list_reviews_of"),
    "review-comments": ("list_review_comments", "comment_on_the_review", "resolve_a_comment"),
    "feedback": ("show_feedback",),
    "retract": ("retract_a_false_positive",),
    "times": ("correct_the_times", "reschedule_a_maintenance"),
    "merge": ("merge_into_another",),
    "unmerge": ("unmerge_from_another",),
    "deliveries": ("list_deliveries",),
    "deliveries-progress": ("list_deliveries",),
    "deliveries-retry": ("retry_deliveries",),
    "replay": ("replay_decisions",),
}  # fmt: skip
FOR_PEOPLE = {
    "moment": "reads a time as people type it",
    "drafts": "keeps what is half typed",
    "review-live": "shows a review while it is typed",
    "sample": "shows a mail as it will look; a dry run answers with its texts",
    "proposals": "a second person confirms; a token is none",
    "proposal": "a second person confirms; a token is none",
}


def test_each_screen_of_the_desk_has_its_road_or_a_reason() -> None:
    screens = {each.name for each in urlpatterns}
    assert ROADS.keys() & FOR_PEOPLE.keys() == set()
    assert ROADS.keys() | FOR_PEOPLE.keys() == screens


def test_each_of_these_roads_is_there() -> None:
    there = {operation["operationId"] for _, _, operation in operations_of(document())}
    wanted = {name for names in ROADS.values() for name in names}
    assert wanted <= there, sorted(wanted - there)
