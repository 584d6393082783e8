"""What the audit trail did not follow: the texts of reviews, what an incident mentions, batches that were moved over."""

import importlib

from django.db import migrations

FOLLOWED = ("reviewsection", "timelineentry", "mention", "importbatch")
SHOWN = importlib.import_module("incidents.migrations.0002_triggers").AUDIT.partition("CREATE FUNCTION incidents_audit_note")[0]
MASKED = "AND key IN ('name', 'ref', 'suppressed_because'))"
assert MASKED in SHOWN
WIDER = SHOWN.replace(MASKED, "AND key IN ('name', 'ref', 'suppressed_because', 'email', 'note'))")


def replacing(text):
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("incidents", "0004_scheduled_posts_turn_public")]

    operations = [
        migrations.RunSQL(replacing(WIDER), replacing(SHOWN)),
        *[
            migrations.RunSQL(f"SELECT incidents_audit_follow('incidents_{each}')", migrations.RunSQL.noop)
            for each in FOLLOWED
        ],
    ]
