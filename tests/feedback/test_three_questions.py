"""Feedback on a review: anonymous, guarded without a cookie, about public reviews alone; the desk sees it."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.models import Incident, ReviewFeedback
from incidents.services.errors import EntryError
from incidents.services.feedback import give_feedback
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Override
from incidents.services.reviews.review import Draft, Section, publish_review
from incidents.services.visibility import withdraw
from notifications.subscribers import form_guard
from tests.conftest import NOW, declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

GOOD = {"useful": "4", "clear": "5", "missing": "More about <West Europe>, please."}


def reviewed(*, public: bool, operator: User) -> str:
    """The tracking ID of an incident with a published review: broad and public, or targeted."""
    hits = [hit("key-vault", "west-europe", extent="zone")]
    if public:
        hits.append(hit("storage", "west-europe", extent="zone"))
    incident = declare(
        declaration=declaration(*hits), now=NOW, actor=operator,
        override=Override(public=public, reason="for the test"),
    )  # fmt: skip
    later = NOW + timedelta(hours=1)
    post_update(incident_id=incident.pk, stage="mitigated", now=later, actor=operator)
    draft = Draft(
        kind="final", sections=[Section("impact", "What happened?", "A fan stood still.")]
    )
    publish_review(incident_id=incident.pk, draft=draft, now=later, actor=operator)
    return incident.tracking_id


@pytest.fixture
def review(operator: User) -> str:
    return reviewed(public=True, operator=operator)


def token(tracking_id: str) -> str:
    return form_guard.issue(f"feedback {tracking_id}", now=timezone.now())


def send(client: Client, tracking_id: str, sender: str = "10.0.0.3", **values: str) -> Any:
    fields = {**GOOD, "form_token": token(tracking_id), "key": str(uuid.uuid4()), **values}
    return client.post(f"/feedback/{tracking_id}/", fields, REMOTE_ADDR=sender)


def test_the_answers_are_kept_without_a_trace_of_the_giver(client: Client, review: str) -> None:
    page = client.get(f"/feedback/{review}/?useful=4").content.decode()
    key = re.search(r'name="key"\s+value="([^"]+)"', page)
    sent = re.search(r'name="form_token"\s+value="([^"]+)"', page)
    assert key
    assert sent
    assert re.search(r'name="useful"\s+value="4"\s+checked', page)
    answer = send(client, review, key=key[1], form_token=sent[1])
    assert answer.status_code == 200
    assert "Thank you" in answer.content.decode()
    assert not answer.cookies
    kept = ReviewFeedback.objects.get()
    assert (kept.useful, kept.clear, kept.missing) == (4, 5, GOOD["missing"])
    columns = {column.name for column in ReviewFeedback._meta.get_fields()}
    assert columns == {"id", "review", "key", "useful", "clear", "missing", "given_on"}


def test_sending_twice_counts_once_and_looking_changes_nothing(client: Client, review: str) -> None:
    client.get(f"/feedback/{review}/", {**GOOD, "form_token": token(review)})
    assert not ReviewFeedback.objects.exists()
    key = str(uuid.uuid4())
    for _ in range(2):
        assert send(client, review, key=key).status_code == 200
    assert ReviewFeedback.objects.count() == 1


@pytest.mark.parametrize(
    ("headers", "values", "sentence"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, {}, "another site"),
        ({"Origin": "https://elsewhere.example"}, {}, "another site"),
        ({}, {"form_token": "forged"}, "more than two hours"),
        ({}, {"form_token": ""}, "more than two hours"),
        ({}, {"useful": "6"}, "Say how useful it is"),
        ({}, {"clear": ""}, "Say how clear it is"),
        ({}, {"clear": "five"}, "Say how clear it is"),
        ({}, {"missing": "x" * 1001}, "too long"),
        ({}, {"missing": "a bell \x07"}, "control character"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_typed_is_lost(
    client: Client, review: str, headers: dict[str, str], values: dict[str, str], sentence: str
) -> None:
    fields = {**GOOD, "form_token": token(review), **values}
    answer = client.post(f"/feedback/{review}/", fields, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert 'role="alert"' in page
    if "missing" not in values:
        assert "More about &lt;West Europe&gt;, please.</textarea>" in page
    assert not ReviewFeedback.objects.exists()


def test_a_targeted_review_answers_like_an_id_that_never_was(
    client: Client, operator: User
) -> None:
    targeted = reviewed(public=False, operator=operator)
    assert Incident.objects.get().reviews.count() == 1
    for method in (client.get, client.post):
        one = method(f"/feedback/{targeted}/")
        other = method("/feedback/ZZZZ-ZZZ/")
        assert one.status_code == other.status_code == 404
        assert _steady(one.content) == _steady(other.content)
    assert send(client, targeted).status_code == 404
    with pytest.raises(EntryError, match="no public review"):
        give_feedback(tracking_id=targeted, key=uuid.uuid4(), useful=1, clear=1, now=NOW)
    assert not ReviewFeedback.objects.exists()


def _steady(page: bytes) -> bytes:
    """Without the moment it was made at, should a second have passed in between."""
    return re.sub(rb"<time[^>]*>[^<]*</time>", b"", page)


def test_a_withdrawn_entry_takes_no_more_answers(client: Client, review: str) -> None:
    withdraw(incident_id=Incident.objects.get().pk, reason="It is over.", now=NOW)
    assert client.get(f"/feedback/{review}/").status_code == 404
    assert send(client, review).status_code == 404


def test_too_many_answers_from_one_network_have_to_wait(client: Client, review: str) -> None:
    answers = [send(client, review, "10.0.0.1") for _ in range(41)]  # two windows at most
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert "try again in" in refused[0].content.decode()
    assert "More about" in refused[0].content.decode()
    assert ReviewFeedback.objects.count() == 41 - len(refused)
    assert send(client, review, "10.0.0.2").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_without_a_database_it_says_so(review: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "HOST", "/nonexistent")
        answers = [Client().get(f"/feedback/{review}/"), send(Client(), review)]
        connection.close()
    for answer in answers:
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "Nothing was kept" in answer.content.decode()


def test_the_questions_are_asked_in_the_language_of_the_page(client: Client, review: str) -> None:
    assert 'lang="de"' in client.get(f"/de/feedback/{review}/").content.decode()
    assert client.get(f"/xx/feedback/{review}/").status_code == 404


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    values=st.dictionaries(
        st.sampled_from(["useful", "clear", "missing", "key", "form_token"]), st.text(max_size=30)
    ),
    path=st.text(alphabet="ABC-_/.%é\x00 ", min_size=1, max_size=12),
)
def test_nothing_that_is_sent_leads_to_an_error(
    client: Client, review: str, values: dict[str, str], path: str
) -> None:
    for address in (f"/feedback/{review}/", f"/feedback/{path}/"):
        assert client.get(address, values).status_code < 500
        assert client.post(address, values, REMOTE_ADDR="10.0.0.4").status_code < 500


def test_the_desk_shows_counts_averages_and_words(
    client: Client, operator: User, review: str
) -> None:
    client.force_login(operator)
    empty = client.get(f"/admin/desk/{review}/feedback/").content.decode()
    assert "Nobody has answered so far" in empty
    for useful, words in ((5, "<b>Thanks</b>"), (2, "")):
        give_feedback(
            tracking_id=review, key=uuid.uuid4(), useful=useful, clear=4, missing=words, now=NOW
        )
    page = client.get(f"/admin/desk/{review}/feedback/").content.decode()
    assert "2 answers" in page
    assert "<strong>3.5</strong>" in page
    assert "&lt;b&gt;Thanks&lt;/b&gt;" in page
    assert (
        f"/admin/desk/{review}/feedback/" in client.get(f"/admin/desk/{review}/").content.decode()
    )
    client.logout()
    assert client.get(f"/admin/desk/{review}/feedback/").status_code == 302
