"""Creates the demo's operator once, with a random password that is kept in the state folder."""

from __future__ import annotations

import os
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

NAME = "operator"


class Command(BaseCommand):
    help = "Makes sure that the demo's operator can sign in, and prints the login."

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()
        path = settings.STATE / "operator-password"
        user = users.objects.filter(username=NAME).first()
        password = path.read_text().strip() if path.exists() else ""
        if not user or not password:
            password = password or secrets.token_urlsafe(12)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(password + "\n")
            user = user or users(username=NAME, is_staff=True, is_superuser=True)
            user.set_password(password)
            user.save()
        self.stdout.write(f"login {NAME} {password}")
