"""What the audit trail did not follow: customers' people and answers, what readers chose, addresses to be confirmed."""

from django.db import migrations

FOLLOWED = ("person", "eventanswer", "publictopic", "followedincident", "endpointproposal")


class Migration(migrations.Migration):
    # What must not be read in it is masked from there on.
    dependencies = [("notifications", "0005_ways_in_and_footprint"), ("incidents", "0005_more_on_record")]

    operations = [
        migrations.RunSQL(f"SELECT incidents_audit_follow('notifications_{each}')", migrations.RunSQL.noop)
        for each in FOLLOWED
    ]
