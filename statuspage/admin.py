"""People and groups in the admin, for whoever gives out rights; and nothing of what the sign-in keeps.

Seeds of codes, keys and tokens are nobody's to look at: the library's own pages for them are taken away.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest

from incidents.admin import Guarded

admin.site.unregister(
    (EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession, User, Group)
)


admin.site.site_header, admin.site.site_title = "Admin", "Admin"


@admin.register(User)
class PeopleAdmin(Guarded, UserAdmin[User]):
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")
    actions = ("remove_second_factors",)

    @admin.action(description="Remove second factors, and end all sessions", permissions=["change"])
    def remove_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """For whoever has lost theirs. They set up new ones at the next sign-in."""
        for user in queryset:
            Authenticator.objects.filter(user=user).delete()
            for session in UserSession.objects.filter(user=user):
                session.end()
        self.message_user(request, f"{queryset.count()} people sign in anew, by their password.")


@admin.register(Group)
class RolesAdmin(Guarded, GroupAdmin):
    pass
