import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

# Changes of these stand in the audit trail, too.
FOLLOWED = ("tenanttoken", "membership")


class Migration(migrations.Migration):

    dependencies = [('notifications', '0003_readers_choose')]

    operations = [
        migrations.CreateModel(
            name='TenantToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
                ('issued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='notifications.person')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='notifications.tenant')),
            ],
            options={
                'abstract': False,
            },
        ),
        *[
            migrations.RunSQL(f"SELECT incidents_audit_follow('notifications_{each}')", migrations.RunSQL.noop)
            for each in FOLLOWED
        ],
    ]
