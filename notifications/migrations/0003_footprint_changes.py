"""Who changed where a tenant runs is noted by the database, whoever writes and by whatever way."""

from django.db import migrations, models

# Told who acts as the audit trail is; nobody of the tenant's people: the operator. A row for each subscription and
# statement; 20 cells of it are named.
NOTE = """
CREATE FUNCTION notifications_note_footprint() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  actor text := coalesce(nullif(current_setting('statuspage.who', true), ''), '{}')::jsonb ->> 'actor';
  added boolean := TG_ARGV[0] = 'added';
BEGIN
  INSERT INTO notifications_footprintchange
    (tenant_id, at, person_id, by_operator, subscription, added, removed, more)
  SELECT s.tenant_id, clock_timestamp(), p.id, p.id IS NULL, s.ref,
    CASE WHEN added THEN cells[1:20] ELSE '{}' END, CASE WHEN added THEN '{}' ELSE cells[1:20] END,
    greatest(0, cardinality(cells) - 20)
  FROM (
    SELECT c.subscription_id, array_agg(v.name || ' in ' || r.name ORDER BY v.name, r.name) AS cells
    FROM changed c
    JOIN incidents_service v ON v.id = c.service_id JOIN incidents_region r ON r.id = c.region_id
    GROUP BY 1) x
  JOIN notifications_customersubscription s ON s.id = x.subscription_id
  LEFT JOIN notifications_person p ON actor = 'person ' || p.id
  ORDER BY s.ref;
  RETURN NULL;
END $$;
CREATE TRIGGER footprint_insert_is_noted AFTER INSERT ON notifications_footprint
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notifications_note_footprint('added');
CREATE TRIGGER footprint_delete_is_noted AFTER DELETE ON notifications_footprint
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notifications_note_footprint('removed');
CREATE TRIGGER footprint_update_is_noted_new AFTER UPDATE ON notifications_footprint
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notifications_note_footprint('added');
CREATE TRIGGER footprint_update_is_noted_old AFTER UPDATE ON notifications_footprint
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION notifications_note_footprint('removed');

CREATE FUNCTION notifications_forget_footprint_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM notifications_footprintchange WHERE tenant_id = OLD.id;
  RETURN OLD;
END $$;
CREATE TRIGGER tenant_takes_footprint_changes_along BEFORE DELETE ON notifications_tenant
  FOR EACH ROW EXECUTE FUNCTION notifications_forget_footprint_changes();
"""
RELEASE = """
DROP FUNCTION notifications_note_footprint() CASCADE;
DROP FUNCTION notifications_forget_footprint_changes() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_triggers")]

    operations = [
        migrations.AddField(
            "footprintchange", "by_operator", models.BooleanField(default=False, db_default=False)
        ),
        migrations.RunSQL(NOTE, RELEASE),
    ]
