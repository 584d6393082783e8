"""The library's forms, where ours differ: names that browsers and scripts expect, and passkeys that strangers send."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError
from fido2.webauthn import AuthenticationResponse, RegistrationResponse

from notifications.customers.sign_in.passkey_answers import read_answer


class PasskeyField(forms.JSONField):
    """What a browser answered about a passkey; the library that takes it breaks at most of what is none."""

    widget = forms.HiddenInput

    def __init__(self, kind: type[AuthenticationResponse] | type[RegistrationResponse]) -> None:
        super().__init__()
        self.kind = kind

    def to_python(self, value: Any) -> Any:
        if value not in self.empty_values:
            try:
                read_answer(self.kind, str(value))
            except ValueError as error:
                raise ValidationError("This passkey cannot be read; begin again.") from error
        return super().to_python(value)


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # the library ships no types
    credential = PasskeyField(RegistrationResponse)


class AuthenticatePasskeyForm(AuthenticateWebAuthnForm):  # type: ignore[misc]
    credential = PasskeyField(AuthenticationResponse)


class LoginPasskeyForm(LoginWebAuthnForm):  # type: ignore[misc]
    credential = PasskeyField(AuthenticationResponse)


class ReauthenticatePasskeyForm(ReauthenticateWebAuthnForm):  # type: ignore[misc]
    credential = PasskeyField(AuthenticationResponse)


class NameAndPasswordForm(LoginForm):  # type: ignore[misc]  # the library ships no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def add_prefix(self, field_name: str) -> str:
        return str(super().add_prefix("username" if field_name == "login" else field_name))
