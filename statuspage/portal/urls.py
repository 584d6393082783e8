"""Addresses of Service Health. Below `of/<tenant>/` every page asks `access.member` whether one is of it."""

from __future__ import annotations

from django.urls import path

from statuspage.portal import entering, events, evidence

app_name = "portal"
urlpatterns = [
    path("", entering.home, name="home"),
    path("sign-in/", entering.ask, name="sign-in"),
    path("code/<uuid:key>/", entering.type_code, name="code"),
    path("sign-out/", entering.leave, name="sign-out"),
    path("evidence-key/", evidence.published_key, name="evidence-key"),
    path("of/<str:tenant>/", events.now_page, name="now"),
    path("of/<str:tenant>/events.csv", events.as_csv, name="events-csv"),
    path("of/<str:tenant>/events.json", events.as_json, name="events-json"),
    path("of/<str:tenant>/events/<str:tracking_id>/", events.one, name="event"),
    path("of/<str:tenant>/events/<str:tracking_id>/evidence/", evidence.shown, name="evidence"),
    path(
        "of/<str:tenant>/events/<str:tracking_id>/evidence.json",
        evidence.document,
        name="evidence-json",
    ),
    path("of/<str:tenant>/<str:tab>/", events.tab, name="events"),
]
