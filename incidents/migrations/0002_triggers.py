"""Triggers: what was decided and said is final in the database."""

from django.db import migrations

# A decision is evidence: what was decided of which facts. Not even the shell changes it.
DECISIONS = """
CREATE FUNCTION incidents_decision_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'decisions are append-only: record a new one'
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER decision_is_final BEFORE UPDATE OR DELETE ON incidents_decision
  FOR EACH ROW EXECUTE FUNCTION incidents_decision_is_final();
"""
DECISIONS_RELEASE = """
DROP TRIGGER decision_is_final ON incidents_decision;
DROP FUNCTION incidents_decision_is_final();
"""

# What was said and when is evidence, like what was decided. The other columns say what became of a
# statement (when it was posted), and may still be filled in. What was read from a text can be removed
# and read again.
STATEMENTS = """
CREATE FUNCTION incidents_statement_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: add a correction', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER communication_text_is_final
  BEFORE UPDATE OF incident_id, number, stage, public_text, targeted_text, at, actor_id
  ON incidents_communication
  FOR EACH ROW EXECUTE FUNCTION incidents_statement_is_final();
CREATE TRIGGER communication_stays BEFORE DELETE ON incidents_communication
  FOR EACH ROW WHEN (NOT OLD.backfilled) EXECUTE FUNCTION incidents_statement_is_final();
CREATE TRIGGER time_version_is_final BEFORE UPDATE OR DELETE ON incidents_timeversion
  FOR EACH ROW EXECUTE FUNCTION incidents_statement_is_final();
"""
STATEMENTS_RELEASE = """
DROP TRIGGER time_version_is_final ON incidents_timeversion;
DROP TRIGGER communication_stays ON incidents_communication;
DROP TRIGGER communication_text_is_final ON incidents_communication;
DROP FUNCTION incidents_statement_is_final();
"""

# A decision cites name and version; what they stand for must never change.
POLICIES = """
CREATE TRIGGER policy_version_is_final BEFORE UPDATE OR DELETE ON incidents_policyversion
  FOR EACH ROW EXECUTE FUNCTION incidents_statement_is_final();
"""
POLICIES_RELEASE = """
DROP TRIGGER policy_version_is_final ON incidents_policyversion;
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]

    operations = [
        migrations.RunSQL(DECISIONS, DECISIONS_RELEASE),
        migrations.RunSQL(STATEMENTS, STATEMENTS_RELEASE),
        migrations.RunSQL(POLICIES, POLICIES_RELEASE),
    ]
