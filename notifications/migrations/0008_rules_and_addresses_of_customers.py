"""Conditions of alert rules, whose triggers mark tenants, too; addresses that wait to be confirmed; a role."""

import uuid
from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

import incidents.sealing
import notifications.models.choices

_former = import_module("notifications.migrations.0002_triggers")

BY_RULE = "SELECT r.tenant_id FROM changed c JOIN notifications_alertrule r ON r.id = c.alertrule_id"
TABLES = ("alertrule_categories", "alertrule_geographies")
# The catalogue: what a rule by category, geography or dependency stands for has changed.
OF_CATEGORIES = "SELECT r.tenant_id FROM notifications_alertrule r JOIN notifications_alertrule_categories x ON x.alertrule_id = r.id"
OF_GEOGRAPHIES = "SELECT r.tenant_id FROM notifications_alertrule r JOIN notifications_alertrule_geographies x ON x.alertrule_id = r.id"
OF_DEPENDENTS = "SELECT r.tenant_id FROM notifications_alertrule r WHERE r.dependents"
MOVED = (
    ("service", "category_id", f"{OF_CATEGORIES} JOIN changed c ON x.servicecategory_id IN (c.before, c.after)"),
    ("region", "geography_id", f"{OF_GEOGRAPHIES} JOIN changed c ON x.geography_id IN (c.before, c.after)"),
)
CATALOGUE = """
CREATE FUNCTION notifications_mark_moved_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO notifications_staletenant (tenant_id)
  WITH changed AS (
    SELECT former.{column} AS before, latter.{column} AS after FROM former JOIN latter USING (id)
    WHERE former.{column} IS DISTINCT FROM latter.{column})
  SELECT DISTINCT * FROM ({concerned}) AS found;
  RETURN NULL;
END $$;
CREATE TRIGGER {table}_moved_marks AFTER UPDATE ON incidents_{table}
  REFERENCING OLD TABLE AS former NEW TABLE AS latter
  FOR EACH STATEMENT EXECUTE FUNCTION notifications_mark_moved_{table}();
"""
DEPENDENTS = f"""
CREATE FUNCTION notifications_mark_dependents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO notifications_staletenant (tenant_id) SELECT DISTINCT * FROM ({OF_DEPENDENTS}) AS found;
  RETURN NULL;
END $$;
CREATE TRIGGER dependency_marks AFTER INSERT OR UPDATE OR DELETE ON incidents_dependency
  FOR EACH STATEMENT EXECUTE FUNCTION notifications_mark_dependents();
CREATE TRIGGER offering_marks AFTER INSERT OR DELETE ON incidents_offering
  FOR EACH STATEMENT EXECUTE FUNCTION notifications_mark_dependents();
"""


def triggers():
    for table in TABLES:
        yield _former.FUNCTION.format(table=table, concerned=BY_RULE)
        for event, side in (("insert", "NEW"), ("delete", "OLD"), ("update", "OLD"), ("update", "NEW")):
            yield _former.TRIGGER.format(
                table=table, event=event, more=f"_{side.lower()}", function=f"mark_{table}",
                tables=f"{side} TABLE AS changed",
            )
    for table, column, concerned in MOVED:
        yield CATALOGUE.format(table=table, column=column, concerned=concerned)
    yield DEPENDENTS


def release():
    for name in (*TABLES, "moved_service", "moved_region", "dependents"):
        yield f"DROP FUNCTION notifications_mark_{name}() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_triggers"), ("notifications", "0007_what_was_sent")]

    operations = [
        migrations.AddField(
            model_name='alertrule',
            name='categories',
            field=models.ManyToManyField(blank=True, related_name='+', to='incidents.servicecategory'),
        ),
        migrations.AddField(
            model_name='alertrule',
            name='certainty',
            field=models.CharField(blank=True, choices=[('estimated', 'Estimated only, while it emerges'), ('confirmed', 'Confirmed only')], db_default='', default='', max_length=9),
        ),
        migrations.AddField(
            model_name='alertrule',
            name='dependents',
            field=models.BooleanField(db_default=False, default=False, verbose_name='also what may be affected by dependency'),
        ),
        migrations.AddField(
            model_name='alertrule',
            name='ends_only',
            field=models.BooleanField(db_default=False, default=False, verbose_name='first and last statements only'),
        ),
        migrations.AddField(
            model_name='alertrule',
            name='geographies',
            field=models.ManyToManyField(blank=True, related_name='+', to='incidents.geography'),
        ),
        migrations.AddField(
            model_name='alertrule',
            name='least_level',
            field=models.CharField(blank=True, choices=[('informational', 'Informational'), ('warning', 'Warning'), ('error', 'Error')], db_default='', default='', max_length=13),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='reason',
            field=models.CharField(choices=[('alert-rule', 'Alert rule'), ('default-contact', 'Default contact'), ('first-and-last', 'First and last'), ('told-before', 'Told before'), ('topic', 'Topic')], max_length=15),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='relevance',
            field=models.CharField(choices=[('impacted', 'Impacted'), ('related', 'Related'), ('partially-related', 'Partially related'), ('not-impacted', 'Not impacted'), ('dependent', 'Dependent'), ('public', 'Public')], max_length=17),
        ),
        migrations.AlterField(
            model_name='target',
            name='kinds',
            field=models.IntegerField(),
        ),
        migrations.AddConstraint(
            model_name='alertrule',
            constraint=models.CheckConstraint(condition=models.Q(('least_level__in', ['', 'informational', 'warning', 'error'])), name='alert_rule_level_known'),
        ),
        migrations.AddConstraint(
            model_name='alertrule',
            constraint=models.CheckConstraint(condition=models.Q(('certainty__in', ['', 'estimated', 'confirmed'])), name='alert_rule_certainty_known'),
        ),
        migrations.AddField(
            model_name='membership',
            name='security',
            field=models.BooleanField(db_default=False, default=False, verbose_name='sees security events'),
        ),
        migrations.CreateModel(
            name='EndpointProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('channel', models.CharField(choices=notifications.models.choices.channels, max_length=10)),
                ('address', incidents.sealing.SealedWebAddressField(max_length=1400)),
                ('format', models.CharField(blank=True, max_length=30)),
                ('name', models.CharField(blank=True, max_length=100)),
                ('secret', incidents.sealing.SealedField(blank=True, default='', editable=False)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('requested_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='endpoint_proposals', to='notifications.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['requested_at'], name='endpoint_proposal_age')],
            },
        ),
        migrations.RunSQL(list(triggers()), list(release())),
        # Every row of the index has other bits now.
        migrations.RunSQL(
            "INSERT INTO notifications_staletenant (tenant_id) SELECT id FROM notifications_tenant",
            migrations.RunSQL.noop,
        ),
        *[
            migrations.RunSQL(f"SELECT incidents_audit_follow('notifications_{each}')", migrations.RunSQL.noop)
            for each in TABLES
        ],
    ]
