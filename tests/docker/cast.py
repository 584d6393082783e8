"""What the operator of the composed product does, each in a process of its own: `python -m tests.docker.cast`.

Prints the tracking IDs of an open public incident, of one merged into it, and of one withdrawn, as JSON.
"""

from __future__ import annotations

import json
import os
import sys

import django


def main() -> None:
    from django.contrib.auth.models import User
    from django.utils import timezone

    from incidents.importers.catalogue_file import read_catalogue
    from incidents.services.imports.catalogue import apply_catalogue
    from incidents.services.incident import declare
    from incidents.services.inputs import Override, Statement
    from incidents.services.merge import merge
    from incidents.services.visibility import withdraw
    from tests.conftest import CATALOGUE, declaration, hit
    from tests.notifications.cast import reader, tenant

    now = timezone.now()
    apply_catalogue(catalogue=read_catalogue(CATALOGUE), now=now)
    olga = User.objects.create(username="olga", is_staff=True, is_superuser=True)
    tenant("alice", ("key-vault", "west-europe"))
    tenant("bob", ("storage", "east-us"))
    reader("dora@example.org")
    public = Override(public=True, reason="everybody sees it")

    def declared(title: str, targeted_text: str = "") -> int:
        made = declare(
            declaration=declaration(
                hit("key-vault", "west-europe", extent="region"),
                public_title=title,
                statement=Statement(public_text=f"{title}.", targeted_text=targeted_text),
                started_at=now,
            ),
            now=now,
            actor=olga,
            override=public,
        )
        return made.pk

    advice = "Your vaults are slow; a restart helps."
    opened = declared("Key Vault requests fail", advice)
    absorbed, withdrawn = declared("Vaults cannot be opened"), declared("A disk is full")
    # The advice once more: of two statements at once the later one may be all that is sent.
    both = Statement(public_text="We continue here.", targeted_text=advice)
    merge(absorbed_id=absorbed, into_id=opened, reason="same", now=now, actor=olga, statement=both)
    withdraw(incident_id=withdrawn, reason="The review went to the affected.", now=now)

    from incidents.models import Incident

    ids = Incident.objects.in_bulk((opened, absorbed, withdrawn))
    sys.stdout.write(json.dumps([ids[pk].tracking_id for pk in (opened, absorbed, withdrawn)]))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statuspage.settings")
    django.setup()
    main()
