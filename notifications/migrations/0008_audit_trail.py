"""Changes of customers, rules, addresses, lists and the kill switch stand in the audit trail, too."""

from django.db import migrations

FOLLOWED = (
    "tenant", "customersubscription", "footprint", "alertrule", "alertrule_services", "alertrule_regions",
    "alertrule_subscriptions", "alertrule_action_groups", "actiongroup", "actiongroup_endpoints", "endpoint",
    "audienceversion", "killswitch", "operatoract",
)


class Migration(migrations.Migration):

    dependencies = [("notifications", "0007_channels_are_named"), ("incidents", "0016_audit_trail")]

    operations = [
        migrations.RunSQL(f"SELECT incidents_audit_follow('notifications_{each}')", migrations.RunSQL.noop)
        for each in FOLLOWED
    ]
