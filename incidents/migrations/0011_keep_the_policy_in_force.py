"""An installation that has decided by the preset azure, as shipped before, goes on with it."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

from incidents.policy import PRESETS

WHY = "It was in force as shipped; new installations begin with the preset recommended."


def keep_azure(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    decision = apps.get_model("incidents", "Decision")
    version = apps.get_model("incidents", "PolicyVersion")
    if decision.objects.exists() and not version.objects.exists():
        version.objects.create(
            name="azure",
            version=PRESETS["azure"].version,
            document=PRESETS["azure"].as_dict(),
            reason=WHY,
            in_force_from=timezone.now(),
        )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0010_impacted_version")]

    operations = [migrations.RunPython(keep_azure, migrations.RunPython.noop, elidable=True)]
