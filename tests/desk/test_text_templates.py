"""Texts to begin with: kept at the desk, put into a form, filled in from the facts of what is sent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client

from incidents.models import Communication, Incident, TextTemplate
from incidents.services.desk import text_templates
from tests.desk.conftest import NEW, Form, publish, sent_by, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
PAGE = "/admin/desk/templates/"


@pytest.fixture
def first(operator: User) -> TextTemplate:
    return text_templates.keep(
        template_id=None,
        name="First word",
        kind="service-issue",
        stage="",
        language="en",
        public_text="{services} in {regions} {effect} since {since}.",
        targeted_text="Quote {tracking_id}.",
        now=datetime.now(UTC),
        actor=operator,
    )


def test_kept_changed_and_thrown_away_at_the_desk(desk: Client) -> None:
    form = {"name": "First word", "kind": "", "language": "en", "public_text": "{cells}: {level}."}
    assert desk.post(PAGE, form).status_code == 302
    page = f"{PAGE}{TextTemplate.objects.get().pk}/"
    desk.post(page, form | {"public_text": "{title}."})
    assert TextTemplate.objects.get().public_text == "{title}."
    assert "First word" in text_of(desk.get(PAGE))
    desk.post(page, {"discard": "1"})
    assert not TextTemplate.objects.exists()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"public_text": "Since {sinse}."}, "{sinse} is no placeholder; known: {cells}, {effect}, {level}"),
        ({"public_text": ""}, "is empty, as is the targeted text; write one of them."),
        ({"name": "x" * 81}, "80"),
        ({"language": "tlh"}, "tlh"),
    ],
)  # fmt: skip
def test_what_nobody_could_fill_in_is_refused_and_stays_typed(
    desk: Client, fields: Form, says: str
) -> None:
    form = {"name": "First word", "language": "en", "public_text": "Something."} | fields
    answer = desk.post(PAGE, form)
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert form["name"] in answer.content.decode()
    assert not TextTemplate.objects.exists()


def test_put_into_a_declaration_it_says_what_is_hit(
    desk: Client, form: Form, first: TextTemplate
) -> None:
    typed = form | {"step": "template", "template": str(first.pk), "public_text": "Good morning."}
    page = desk.post(NEW, typed)
    fields = sent_by(page, NEW)
    assert fields["public_text"] == [f"Good morning.\n\n{first.public_text}"]
    assert fields["services"] == ["key-vault"], "nothing else that was typed is lost"
    publish(desk, fields)
    said = Communication.objects.get()
    incident = Incident.objects.get()
    assert "Key Vault in West Europe is failing or unavailable since " in said.public_text
    assert said.targeted_text.endswith(f"Quote {incident.tracking_id}.")
    assert "{" not in said.public_text + said.targeted_text


def test_in_another_language_names_are_joined_as_it_does(
    desk: Client, form: Form, first: TextTemplate
) -> None:
    first.language, first.public_text = "de", "{services}: {effect}."
    first.save()
    choice = {"step": "template", "template": str(first.pk), "public_text": ""}
    two = form | {"services": ["key-vault", "storage"]}
    publish(desk, sent_by(desk.post(NEW, two | choice), NEW))
    said = Communication.objects.get()
    assert said.language == "de"
    assert " und " in said.public_text


def test_put_into_an_update(desk: Client, targeted: Incident, first: TextTemplate) -> None:
    page = f"/admin/desk/{targeted.tracking_id}/update/"
    form = sent_by(desk.get(page), page)
    fields = sent_by(desk.post(page, form | {"step": "template", "template": str(first.pk)}), page)
    assert desk.post(page, fields | {"step": "post"}).status_code == 302
    assert "Key Vault in West Europe" in targeted.communications.get(number=2).public_text


def test_a_window_that_nobody_has_planned_is_asked_for(desk: Client, form: Form) -> None:
    answer = desk.post(NEW, form | {"public_text": "In {window}."})
    assert answer.status_code == 422
    assert "no window is planned; take it out" in text_of(answer)


def test_other_braces_are_left_alone(desk: Client, form: Form) -> None:
    publish(desk, form | {"public_text": "GET /v1/{id} fails."})
    assert Communication.objects.get().public_text == "GET /v1/{id} fails."


def test_only_what_fits_the_kind_is_offered(
    desk: Client, targeted: Incident, first: TextTemplate
) -> None:
    here = f"/admin/desk/{targeted.tracking_id}/"
    assert "First word" in text_of(desk.get(here))
    first.kind = "planned-maintenance"
    first.save()
    assert "First word" not in text_of(desk.get(here))
