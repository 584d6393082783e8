"""A folder says how the house is set up: `plan` shows the difference, `apply` makes it so, `--check` asks in CI."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from incidents.models import PolicyVersion, Service, TextTemplate
from incidents.services.desk import text_templates
from notifications.models import AlertRule
from tests.conftest import CATALOGUE, NOW
from tests.notifications.cast import rule, tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue", "operator")]
RULES = """
tenant: contoso
rules:
  - {name: night, services: [storage], kinds: [service-issue], endpoints: [contoso@example.com]}
"""
TEXTS = """
texts:
  - {name: First words, language: en, stage: investigating, public_text: We look.}
  - {name: Erste Worte, language: de, public_text: "Wir sehen uns {title} an."}
"""


def run(command: str, folder: Path, *more: str) -> str:
    out = StringIO()
    call_command(command, str(folder), *more, stdout=out)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tenant("contoso", ("storage", "west-europe"))
    made.contact.tenant = made  # type: ignore[union-attr]  # it has one
    made.contact.save()  # type: ignore[union-attr]
    rule(made, "contoso@example.com")
    (tmp_path / "catalogue.yaml").write_text(
        CATALOGUE.replace("      - Key Vault\n", "      - Queues\n")
    )
    (tmp_path / "policy.yaml").write_text("name: ours\npublic_deadline_minutes: 9\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "contoso.yaml").write_text(RULES)
    (tmp_path / "texts.yaml").write_text(TEXTS)
    for name in ("First words", "Old words"):
        text_templates.keep(
            template_id=None, name=name, kind="", stage="", language="en", public_text="We look.",
            targeted_text="", now=NOW, actor=User.objects.get(),
        )  # fmt: skip
    return tmp_path


def test_plan_names_every_difference_and_stores_nothing(folder: Path) -> None:
    told = run("plan", folder)
    for line in (
        "catalogue: + service queues",
        "catalogue: - service key-vault",
        "-> ours",
        "policy: public_deadline_minutes: 15 -> 9",
        "rules: contoso: + night",
        "rules: contoso: - rule 1",
        "texts: First words (en): stage: '' -> 'investigating'",
        "texts: + Erste Worte (de)",
        "texts: - Old words (en)",
    ):
        assert line in told
    assert Service.objects.current().filter(slug="key-vault").exists()
    assert not PolicyVersion.objects.exists()
    assert AlertRule.objects.get().name == "rule 1"


def test_apply_makes_it_so_and_then_nothing_differs(folder: Path, operator: User) -> None:
    with pytest.raises(CommandError, match="not as the files say"):
        run("plan", folder, "--check")

    run("apply", folder, "--reason", "the review of May")

    assert PolicyVersion.objects.get().reason == "the review of May"
    assert AlertRule.objects.get().name == "night"
    assert list(map(str, TextTemplate.objects.all())) == ["Erste Worte (de)", "First words (en)"]
    assert run("plan", folder, "--check") == "Everything is as the files say.\n"
    assert run("apply", folder) == "Everything is as the files say.\n"


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("catalogue.yaml", "- 1", "catalogue"),
        ("policy.yaml", "name: ours\ncolour: red\n", "colour"),
        ("policy.yaml", "[", "policy.yaml"),
        ("texts.yaml", "texts: [{name: a, public_text: '{colour}'}]", "colour"),
        ("texts.yaml", "texts: [{name: a, stage: began, public_text: a}]", "'began' is not known"),
        ("rules/contoso.yaml", "tenant: nobody\n", "'nobody' is not there"),
        ("rules/contoso.yaml", "tenant: contoso\nrules: [{name: x, services: [mars]}]", "'mars'"),
        ("rules/contoso.yaml", "tenant: contoso\nrules: [{name: x, colour: 1}]", "'colour'"),
        (
            "rules/contoso.yaml",
            "tenant: contoso\nrules: [{name: x, endpoints: [a@b.example]}]",
            "a@b",
        ),
    ],
)
def test_one_fault_and_nothing_is_changed(folder: Path, file: str, text: str, words: str) -> None:
    (folder / file).write_text(text)
    with pytest.raises(CommandError, match=words):
        run("apply", folder)
    assert AlertRule.objects.get().name == "rule 1"
    assert not PolicyVersion.objects.exists()
    assert Service.objects.current().filter(slug="key-vault").exists()
