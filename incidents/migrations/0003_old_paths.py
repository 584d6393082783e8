from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_triggers")]

    operations = [
        migrations.RenameField(model_name="importedincident", old_name="address", new_name="path"),
    ]
