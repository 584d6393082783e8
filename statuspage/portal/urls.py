"""Addresses of Service Health. Below `of/<tenant>/` every page asks `access.member` whether one is of it."""

from __future__ import annotations

from django.urls import path

from statuspage.portal import (
    calendar,
    entering,
    events,
    events_file,
    evidence,
    footprint,
    other_ways,
    people,
    rules,
    tokens,
    where,
)

app_name = "portal"
urlpatterns = [
    path("", entering.home, name="home"),
    path("sign-in/", entering.ask, name="sign-in"),
    path("sign-in/passkey/", other_ways.by_passkey, name="by-passkey"),
    path("sign-in/provider/", other_ways.provider_back, name="provider-back"),
    path("code/<uuid:key>/", entering.type_code, name="code"),
    path("sign-out/", entering.leave, name="sign-out"),
    path("evidence-key/", evidence.published_key, name="evidence-key"),
    path("calendar/<str:secret>.ics", calendar.feed, name="calendar"),
    path("events/<str:tracking_id>/", events.linked, name="event-linked"),
    path("of/<str:tenant>/", events.now_page, name="now"),
    path("of/<str:tenant>/events.csv", events_file.as_csv, name="events-csv"),
    path("of/<str:tenant>/events.json", events_file.as_json, name="events-json"),
    path("of/<str:tenant>/events/<str:tracking_id>/", events.one, name="event"),
    path("of/<str:tenant>/events/<str:tracking_id>/evidence/", evidence.shown, name="evidence"),
    path(
        "of/<str:tenant>/events/<str:tracking_id>/evidence.json",
        evidence.document,
        name="evidence-json",
    ),
    path("of/<str:tenant>/rules/", rules.listed, name="rules"),
    path("of/<str:tenant>/rules/new/", rules.new, name="rule-new"),
    path("of/<str:tenant>/rules/coverage/", rules.coverage, name="coverage"),
    path("of/<str:tenant>/rules/<int:pk>/", rules.one, name="rule"),
    path("of/<str:tenant>/people/", people.listed, name="people"),
    path("of/<str:tenant>/you/", other_ways.you, name="you"),
    path("of/<str:tenant>/footprint/", footprint.listed, name="footprint"),
    path("of/<str:tenant>/footprint.csv", footprint.as_csv, name="footprint-csv"),
    path("of/<str:tenant>/tokens/", tokens.listed, name="tokens"),
    path("of/<str:tenant>/where/", where.listed, name="where"),
    path("of/<str:tenant>/where/new/", where.new, name="endpoint-new"),
    path("of/<str:tenant>/where/confirm/<uuid:key>/", where.confirm, name="endpoint-confirm"),
    path("of/<str:tenant>/where/endpoints/<int:pk>/", where.endpoint, name="endpoint"),
    path("of/<str:tenant>/where/groups/new/", where.new_group, name="group-new"),
    path("of/<str:tenant>/where/groups/<int:pk>/", where.group, name="group"),
    path("of/<str:tenant>/where/log/", where.log, name="deliveries"),
    path("of/<str:tenant>/<str:tab>/", events.tab, name="events"),
]
