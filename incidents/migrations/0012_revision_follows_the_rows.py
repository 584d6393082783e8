"""Triggers: whatever row changes the public snapshot counts the revision up, whoever writes it."""

import django.db.models.deletion
from django.db import migrations, models

COUNT = """
CREATE FUNCTION incidents_count_revision(about bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  each bigint;
  counted bigint;
BEGIN
  IF cardinality(about) > 20 THEN about := ARRAY[NULL]; END IF;  -- so many are as good as anything
  FOREACH each IN ARRAY about LOOP
    INSERT INTO incidents_revision AS r (id, number, site) VALUES (1, 1, gen_random_uuid())
      ON CONFLICT (id) DO UPDATE SET number = r.number + 1 RETURNING number INTO counted;
    INSERT INTO incidents_snapshotchange (revision, incident_id) VALUES (counted, each);
    -- Who was away for so long reads everything anew.
    DELETE FROM incidents_snapshotchange WHERE revision <= counted - 1000;
    NOTIFY public_snapshot;
  END LOOP;
END $$;
"""
FUNCTION = """
CREATE FUNCTION incidents_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {body}
  RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER {event} ON incidents_{table}
  REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION incidents_{name}();
"""
ONE = """
  PERFORM incidents_count_revision(ARRAY(
    SELECT DISTINCT changed.about FROM ({changed}) AS changed
    JOIN incidents_incident i ON i.id = changed.about AND i.published_at IS NOT NULL));
"""
ANYTHING = "IF EXISTS ({changed}) THEN PERFORM incidents_count_revision(ARRAY[NULL]::bigint[]); END IF;"

# Table: the incident of a row, and when the world may read it (once the incident is public).
OF_REVIEW = "(SELECT v.incident_id FROM incidents_review v WHERE v.id = row.review_id AND v.for_public)"
INCIDENTS = {
    "incident": ("row.id", "row.published_at IS NOT NULL"),
    "communication": ("row.incident_id", "row.public_at IS NOT NULL"),
    "occurrence": ("row.incident_id", "true"),
    "impact": ("(SELECT o.incident_id FROM incidents_occurrence o WHERE o.id = row.occurrence_id)", "true"),
    "mention": ("row.incident_id", "true"),
    "review": ("row.incident_id", "row.for_public AND row.published_at IS NOT NULL"),
    "reviewsection": (OF_REVIEW, "true"),
    "timelineentry": (OF_REVIEW, "true"),
    "repairitem": (OF_REVIEW, "true"),
}
# What the world never reads of them. A new column counts as public until it is named here.
HIDDEN = {
    "incident": [
        "internal_title", "audience", "dependents", "dependents_stated", "level_because",
        "targeted_channel_available", "platform_fault",
        "alarm", "public_due_at", "updated_at",
    ],
    "communication": ["targeted_text", "actor_id", "decision_id"],
    "review": ["actor_id"],
    "repairitem": ["owner"],
}
# A change of these may be a change of every page: the catalogue, and the deadlines of reviews.
EVERYWHERE = (
    "geography", "region", "servicecategory", "service", "alias", "offering", "dependency", "policyversion",
)


def differs(table):
    hidden = "".join(f" - '{column}'" for column in HIDDEN.get(table, ()))
    return f"to_jsonb(former){hidden} IS DISTINCT FROM to_jsonb(latter){hidden}"


def bodies(table):
    """Event and what it runs."""
    both = f"FROM former JOIN latter USING (id) WHERE {differs(table)}"
    if table in EVERYWHERE:
        yield "insert", ANYTHING.format(changed="SELECT FROM latter")
        yield "delete", ANYTHING.format(changed="SELECT FROM former")
        yield "update", ANYTHING.format(changed=f"SELECT {both}")
        return
    about, public = INCIDENTS[table]

    def of(row, source):
        return f"SELECT {about.replace('row.', row + '.')} AS about {source} {public.replace('row.', row + '.')}"

    yield "insert", ONE.format(changed=of("latter", "FROM latter WHERE"))
    yield "update", ONE.format(
        changed=of("former", f"{both} AND") + " UNION ALL " + of("latter", f"{both} AND")
    )
    if table == "incident":  # nothing is left that a number could be about
        yield "delete", ANYTHING.format(changed=f"SELECT FROM former row WHERE {public}")
    else:
        yield "delete", ONE.format(changed=of("former", "FROM former WHERE"))


ROWS = {
    "insert": "NEW TABLE AS latter",
    "update": "OLD TABLE AS former NEW TABLE AS latter",
    "delete": "OLD TABLE AS former",
}
TABLES = [*INCIDENTS, *EVERYWHERE]


def triggers():
    yield COUNT
    for table in TABLES:
        for event, body in bodies(table):
            yield FUNCTION.format(
                name=f"{table}_{event}_counts", table=table, event=event, rows=ROWS[event], body=body
            )


def release():
    for table in TABLES:
        for event in ROWS:
            yield f"DROP FUNCTION incidents_{table}_{event}_counts() CASCADE;"
    yield "DROP FUNCTION incidents_count_revision(bigint[]);"


class Migration(migrations.Migration):
    dependencies = [('incidents', '0011_keep_the_policy_in_force')]

    operations = [
        migrations.AlterField(
            model_name="snapshotchange",
            name="incident",
            field=models.ForeignKey(
                db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+", to="incidents.incident",
            ),
        ),
        migrations.RemoveField(model_name="revision", name="changed_at"),
        migrations.RunSQL(list(triggers()), list(release())),
    ]
