"""When the database is away, the forms say so in words."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client


@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_forms_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "HOST", "/nonexistent")
        answers = [
            Client().get("/subscribe/"),
            Client().post("/subscribe/", {"address": "ada@example.com"}),
        ]
        connection.close()
    for answer in answers:
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Cache-Control"] == "no-store"
        assert "please try again in a few minutes" in answer.content.decode()
