from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from incidents import access

PASSWORD = "correct horse battery staple"


@pytest.fixture
def olga(db: None) -> User:
    """An operator with a password."""
    user = User.objects.create_user("olga", password=PASSWORD, is_staff=True)
    user.groups.set(Group.objects.filter(name=access.OPERATOR))
    return user
