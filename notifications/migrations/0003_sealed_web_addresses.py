"""Addresses of the web are sealed from now on; those that are there already, when they are saved or by `reseal`."""

from django.db import migrations, models
from django.db.models import Case, F, When

from incidents.sealing import SealedWebAddressField


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_triggers")]

    operations = [
        # A column that another one is generated from can't change its type.
        migrations.RemoveField("endpoint", "shown"),
        migrations.AlterField("endpoint", "address", SealedWebAddressField(max_length=1400)),
        migrations.AddField(
            "endpoint",
            "shown",
            models.GeneratedField(
                expression=Case(When(channel="mail", then=F("address")), default=F("host")),
                output_field=models.CharField(max_length=1000),
                db_persist=True,
            ),
        ),
    ]
