"""What the library asks us: who may try, where to go afterwards, how secrets are kept, who is in which group."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from incidents.access import VIEW, may
from incidents.sealing import seal, unseal
from notifications.subscribers.request_rate_limits import sender
from statuspage.sign_in import limits
from statuspage.sign_in.realms import DESK, realm_of

# What a form had in it when its sender was found to be signed out: a field of the page to sign in with.
TYPED = "typed"
WAITING = "typed-before-signing-in"  # the same, in the session


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # an address that none can be read as, such as http://[
            return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return sender(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            limits.count_try(request, str(credentials.get("username", "")))
        except limits.TooManyError as error:
            raise ImmediateHttpResponse(too_many(request, error)) from error
        super().pre_authenticate(request, **credentials)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        if typed := request.POST.get(TYPED):
            request.session[WAITING] = typed  # until the second factor is there, too
        return super().pre_login(request, user, **kwargs)  # type: ignore[no-any-return]

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        realm = realm_of(request)
        if realm is DESK and not may(request.user, VIEW):
            return reverse("admin:index")
        return reverse(realm.home)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        limits.remember_browser(request, response, user)
        return response

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """What is changed about an account stands in the audit trail; mails are for incidents."""


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # the library ships no types
    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)

    def get_totp_issuer(self) -> str:
        return str(settings.SITE_NAME)


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # the library ships no types
    """OpenID Connect: whoever the provider puts into a group that is mapped comes in, with those groups."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return bool(roles_of(sociallogin))

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Each time: what the provider says now is what counts, and nothing of before."""
        if not roles_of(sociallogin):
            name = sociallogin.user.get_username()
            user_login_failed.send(__name__, credentials={"username": name}, request=request)
            raise ImmediateHttpResponse(
                render(request, "account/no_role.html", {"group": settings.OIDC_GROUPS}, status=403)
            )
        if sociallogin.is_existing:
            give_roles(sociallogin.user, roles_of(sociallogin))

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        sociallogin.user.is_staff = True
        user: User = super().save_user(request, sociallogin, form)
        give_roles(user, roles_of(sociallogin))
        return user


def roles_of(sociallogin: Any) -> set[str]:
    """Our groups that the provider's claim of groups leads to."""
    data = sociallogin.account.extra_data
    found: set[str] = set()
    # Of the ID token and of the user information, where the library keeps them apart.
    for claims in (data, data.get("id_token") or {}, data.get("userinfo") or {}):
        groups = claims.get(settings.OIDC_GROUPS_CLAIM) or []
        found |= {groups} if isinstance(groups, str) else set(map(str, groups))
    return {role for group, role in settings.OIDC_GROUPS.items() if group in found}


def give_roles(user: User, roles: set[str]) -> None:
    user.is_staff = bool(roles)
    user.save(update_fields=["is_staff"])
    user.groups.set(Group.objects.filter(name__in=roles))


def too_many(request: HttpRequest, error: limits.TooManyError) -> HttpResponse:
    """429, and when it is worth trying again."""
    response = render(request, "429.html", {"seconds": error.seconds}, status=429)
    response.headers["Retry-After"] = str(error.seconds)
    return response
