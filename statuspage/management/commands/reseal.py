"""`reseal`: after SECRET_KEY was changed, whatever an earlier key has sealed is sealed with the one in force."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import transaction
from django.db.models import Model

from incidents.management.acting import ActingCommand
from incidents.sealing import MARK, SealedField, SealedWebAddressField, seal, unseal


class Command(ActingCommand):
    help = (
        "Seals all secrets with the SECRET_KEY in force. Afterwards the former one can be taken out of"
        " SECRET_KEY_FALLBACKS. All or nothing; safe to run twice."
    )
    permissions = ("auth.change_user", "notifications.change_endpoint")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        count = sum(_reseal(model) for model in apps.get_models()) + _reseal_factors()
        self.stdout.write(f"{count} rows are sealed with the key in force.")


def _reseal(model: type[Model]) -> int:
    """Read and written as they are: fields open and seal by themselves what is theirs."""
    sealed = [
        each for each in model._meta.fields if isinstance(each, SealedField | SealedWebAddressField)
    ]
    count = 0
    for row in model._default_manager.select_for_update().iterator() if sealed else ():
        for each in sealed:
            stored = str(getattr(row, each.attname))
            setattr(row, each.attname, unseal(stored))
        row.save(update_fields=[each.name for each in sealed])
        count += 1
    return count


def _reseal_factors() -> int:
    """Seeds of codes, which the library keeps among other things."""
    count = 0
    for row in Authenticator.objects.select_for_update():
        sealed = {
            name: seal(unseal(value))
            for name, value in row.data.items()
            if isinstance(value, str) and value.startswith(MARK)
        }
        if sealed:
            row.data |= sealed
            row.save(update_fields=["data"])
            count += 1
    return count
