"""Triggers: they mark the tenants whose part of the target index is behind."""

from django.db import migrations

# Table, and the tenants that a change of its rows concerns; `changed` holds the rows before or after.
CONCERNED = {
    "footprint": "SELECT s.tenant_id FROM changed c"
    " JOIN notifications_customersubscription s ON s.id = c.subscription_id",
    "customersubscription": "SELECT c.tenant_id FROM changed c",
    "tenant": "SELECT c.id FROM changed c",
    "alertrule": "SELECT c.tenant_id FROM changed c",
    "alertrule_services": "SELECT r.tenant_id FROM changed c"
    " JOIN notifications_alertrule r ON r.id = c.alertrule_id",
    "alertrule_regions": "SELECT r.tenant_id FROM changed c"
    " JOIN notifications_alertrule r ON r.id = c.alertrule_id",
    "alertrule_subscriptions": "SELECT r.tenant_id FROM changed c"
    " JOIN notifications_alertrule r ON r.id = c.alertrule_id",
    "alertrule_action_groups": "SELECT r.tenant_id FROM changed c"
    " JOIN notifications_alertrule r ON r.id = c.alertrule_id",
    "alertrule_categories": "SELECT r.tenant_id FROM changed c"
    " JOIN notifications_alertrule r ON r.id = c.alertrule_id",
    "alertrule_geographies": "SELECT r.tenant_id FROM changed c"
    " JOIN notifications_alertrule r ON r.id = c.alertrule_id",
    "actiongroup_endpoints": "SELECT r.tenant_id FROM changed c"
    " JOIN notifications_alertrule_action_groups g ON g.actiongroup_id = c.actiongroup_id"
    " JOIN notifications_alertrule r ON r.id = g.alertrule_id",
}
# Names and languages decide about no target: an UPDATE counts where one of these has changed.
DECISIVE = {"customersubscription": "tenant_id", "tenant": "contact_id"}

FUNCTION = """
CREATE FUNCTION notifications_mark_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO notifications_staletenant (tenant_id) SELECT DISTINCT * FROM ({concerned}) AS found;
  RETURN NULL;
END $$;
"""
TRIGGER = """
CREATE TRIGGER {table}_{event}_marks{more} AFTER {event} ON notifications_{table}
  REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION notifications_{function}();
"""

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
    for table, concerned in CONCERNED.items():
        yield FUNCTION.format(table=table, concerned=concerned)
        wanted = [("insert", "NEW"), ("delete", "OLD")]
        if column := DECISIVE.get(table):
            both = " UNION ALL ".join(
                f"SELECT {side}.* FROM former JOIN latter USING (id)"
                f" WHERE former.{column} IS DISTINCT FROM latter.{column}"
                for side in ("former", "latter")
            )
            body = FUNCTION.format(
                table=f"updated_{table}", concerned=f"WITH changed AS ({both}) {concerned}"
            )
            yield body
            yield TRIGGER.format(
                table=table, event="update", more="", function=f"mark_updated_{table}",
                tables="OLD TABLE AS former NEW TABLE AS latter",
            )
        else:
            wanted += [("update", "OLD"), ("update", "NEW")]
        for event, side in wanted:
            yield TRIGGER.format(
                table=table, event=event, more=f"_{side.lower()}", function=f"mark_{table}",
                tables=f"{side} TABLE AS changed",
            )
    for table, column, concerned in MOVED:
        yield CATALOGUE.format(table=table, column=column, concerned=concerned)
    yield DEPENDENTS


def release():
    for table in CONCERNED:
        yield f"DROP FUNCTION notifications_mark_{table}() CASCADE;"
    for table in DECISIVE:
        yield f"DROP FUNCTION notifications_mark_updated_{table}() CASCADE;"
    for name in ("moved_service", "moved_region", "dependents"):
        yield f"DROP FUNCTION notifications_mark_{name}() CASCADE;"


# Told who acts as the audit trail is; nobody of the tenant's people: the operator. A row for each subscription and
# statement; 20 cells of it are named.
NOTE_FOOTPRINT = """
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
  LEFT JOIN notifications_person p ON p.id = substring(actor FROM '^person ([0-9]+)$')::bigint
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
FORGET_FOOTPRINT = """
DROP FUNCTION notifications_note_footprint() CASCADE;
DROP FUNCTION notifications_forget_footprint_changes() CASCADE;
"""

# Changes of these stand in the audit trail.
FOLLOWED = (
    "tenant", "customersubscription", "footprint", "alertrule", "alertrule_services", "alertrule_regions",
    "alertrule_subscriptions", "alertrule_action_groups", "actiongroup", "actiongroup_endpoints", "endpoint",
    "audienceversion", "killswitch", "operatoract", "alertrule_categories", "alertrule_geographies",
    "tenanttoken", "membership",
    "passkey",
    "tenantprovider",
    "claimeddomain",
    "person",
    "eventanswer",
    "publictopic",
    "followedincident",
    "endpointproposal",
)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial"), ("incidents", "0002_triggers")]

    operations = [
        migrations.RunSQL(list(triggers()), list(release())),
        *[
            migrations.RunSQL(f"SELECT incidents_audit_follow('notifications_{each}')", migrations.RunSQL.noop)
            for each in FOLLOWED
        ],
        migrations.RunSQL(NOTE_FOOTPRINT, FORGET_FOOTPRINT),
    ]
