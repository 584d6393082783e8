"""A folder that says how the house is set up, compared with how it is, and put into force.

`catalogue.yaml` as `load_catalogue` takes it; `policy.yaml`; `rules/*.yaml`, one tenant each::

    tenant: contoso
    rules:
      - {name: night, services: [storage], kinds: [service-issue], endpoints: [ops@contoso.example]}

and `texts.yaml`, the texts to begin with::

    texts:
      - {name: First words, stage: investigating, language: en, public_text: "We look into {title}."}

What is not in the folder is left alone; rules of a tenant with a file, and texts beside a file, that it does not
name are removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from incidents.importers.catalogue_file import CatalogueError, read_catalogue_file
from incidents.models import TextTemplate
from incidents.policy import load_yaml
from incidents.policy.documents import decode_text
from incidents.services.decisions.policies import adopt_policy, changes_by
from incidents.services.desk import text_templates
from incidents.services.errors import EntryError
from incidents.services.imports.catalogue_document import apply_in_lines
from incidents.validation import RefusedError
from incidents.vocabulary import Kind, Stage
from notifications.customers.rules import rules_file
from notifications.customers.rules.rules_file import RulesFileError

LARGEST = 1024 * 1024  # bytes
TEXT_KEYS = ("name", "kind", "stage", "language", "public_text", "targeted_text")


class FolderError(ValueError):
    """What of the folder cannot be put into force; the message names file, place and remedy."""


@transaction.atomic
def apply_folder(
    *, folder: Path, actor: User, reason: str, now: datetime, dry_run: bool
) -> list[str]:
    """Put the folder into force, all or nothing; the differences, a line each. Raises FolderError."""
    if not folder.is_dir():
        raise FolderError(
            f"{folder}: is no folder; name one with catalogue.yaml, policy.yaml, rules/ or texts.yaml."
        )
    changes: list[str] = []
    if (file := folder / "catalogue.yaml").exists():
        changes += _catalogue(file, now)
    if (file := folder / "policy.yaml").exists():
        changes += _policy(file, actor, reason, now)
    for file in sorted((folder / "rules").glob("*.yaml")):
        changes += _rules(file)
    if (file := folder / "texts.yaml").exists():
        changes += _texts(file, actor, now)
    if dry_run:
        transaction.set_rollback(True)
    return changes


def _catalogue(file: Path, now: datetime) -> Iterator[str]:
    try:
        catalogue = read_catalogue_file(file)
    except CatalogueError as error:
        raise FolderError(str(error)) from error
    for line in apply_in_lines(catalogue=catalogue, now=now):
        yield f"catalogue: {line}"


def _policy(file: Path, actor: User, reason: str, now: datetime) -> Iterator[str]:
    document = _mapping(file)
    try:
        changes = changes_by(document)
        if changes:
            adopt_policy(document=document, reason=reason, now=now, actor=actor)
    except EntryError as error:
        raise FolderError(f"{file}: {error}") from error
    for line in changes:
        yield f"policy: {line}"


def _rules(file: Path) -> Iterator[str]:
    try:
        yield from rules_file.apply(given=_mapping(file), place=str(file))
    except RulesFileError as error:
        raise FolderError(str(error)) from error


def _texts(file: Path, actor: User, now: datetime) -> Iterator[str]:
    given = _mapping(file)
    rows = given.get("texts", [])
    if not isinstance(rows, list) or set(given) - {"texts"}:
        raise FolderError(f"{file}: write texts: with a list, and nothing else.")
    before = {(text.name, text.language): text for text in TextTemplate.objects.all()}
    for number, row in enumerate(rows, 1):
        values = _text(row, f"{file}: text {number}")
        former = before.pop((values["name"], values["language"]), None)
        changed = [name for name in TEXT_KEYS if former and getattr(former, name) != values[name]]
        if former is not None and not changed:
            continue
        try:
            kept = text_templates.keep(
                template_id=former.pk if former else None, **values, now=now, actor=actor
            )
        except EntryError as error:
            raise FolderError(f"{file}: text {number}: {error}") from error
        if former is None:
            yield f"texts: + {kept}"
        for name in changed:
            yield f"texts: {kept}: {name}: {getattr(former, name)!r} -> {values[name]!r}"
    for text in before.values():
        text_templates.throw_away(template_id=text.pk)
        yield f"texts: - {text}"


def _text(row: object, place: str) -> dict[str, str]:
    if not isinstance(row, dict):
        raise FolderError(f"{place}: is no text; write name:, language: and public_text:.")
    for key, value in row.items():
        if key not in TEXT_KEYS:
            raise FolderError(
                f"{place}: {str(key)[:40]!r} is not known; use {', '.join(TEXT_KEYS)}."
            )
        if not isinstance(value, str):
            raise FolderError(f"{place}: {key}: is no text; put it in quotes.")
    values = {name: row.get(name, "").strip() for name in TEXT_KEYS}
    values["language"] = values["language"] or settings.LANGUAGE_CODE
    for name, known in (
        ("kind", ("", *Kind)),
        ("stage", ("", *Stage)),
        ("language", dict(settings.LANGUAGES)),
    ):
        if values[name] not in known:
            raise FolderError(
                f"{place}: {name}: {values[name][:40]!r} is not known; use {', '.join(filter(None, known))}."
            )
    return values


def _mapping(file: Path) -> dict[str, Any]:
    try:
        loaded = load_yaml(
            decode_text(file.read_bytes(), LARGEST, str(file), RefusedError),
            str(file),
            RefusedError,
        )
    except RefusedError as error:
        raise FolderError(str(error)) from error
    if not isinstance(loaded, dict):
        raise FolderError(f"{file}: is no set of fields; see the shipped examples.")
    return loaded
