from django.db import migrations, models

COLUMNS = "incident_id, number, stage, public_text, targeted_text, at, actor_id"
GUARD = """
DROP TRIGGER communication_text_is_final ON incidents_communication;
CREATE TRIGGER communication_text_is_final
  BEFORE UPDATE OF {columns}
  ON incidents_communication
  FOR EACH ROW EXECUTE FUNCTION incidents_statement_is_final();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0007_the_gate_without_merged'),
    ]

    operations = [
        migrations.AddField(
            model_name='communication',
            name='written_from',
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
        # What other languages are written from is as final as the text.
        migrations.RunSQL(
            GUARD.format(columns=f"{COLUMNS}, written_from"), GUARD.format(columns=COLUMNS)
        ),
    ]
