"""The form to sign in with: a user name and a password, called what browsers and scripts expect."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm


class NameAndPasswordForm(LoginForm):  # type: ignore[misc]  # the library ships no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def add_prefix(self, field_name: str) -> str:
        return str(super().add_prefix("username" if field_name == "login" else field_name))
