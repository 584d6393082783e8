"""Pages for readers without account. A token is a whole path: one cut off or mangled is answered, too."""

from __future__ import annotations

from django.urls import path

from notifications.subscribers import push_views, views

app_name = "notifications"
urlpatterns = [
    path("", views.subscribe, name="subscribe"),
    path("confirm/<path:token>/", views.confirm, name="confirm"),
    path("push/", push_views.push, name="push"),
    path("code/<path:token>/", views.confirm_by_code, name="code"),
    path("manage/<path:token>/", views.manage, name="manage"),
    path("leave/<path:token>/", views.leave, name="leave"),
    path("end-alerts/<path:token>/", views.end_alerts, name="end-alerts"),
    path("come-back/<path:token>/", views.come_back, name="come-back"),
]
