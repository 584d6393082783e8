"""Triggers: what was decided and said is final, the revision follows the rows, and every act is on record."""

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
  BEFORE UPDATE OF incident_id, number, stage, public_text, targeted_text, at, actor_id, written_from
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
        "internal_title", "dependents", "dependents_stated", "level_because",
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
    "publishedfigures",
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


def revision_triggers():
    yield COUNT
    for table in TABLES:
        for event, body in bodies(table):
            yield FUNCTION.format(
                name=f"{table}_{event}_counts", table=table, event=event, rows=ROWS[event], body=body
            )


def revision_release():
    for table in TABLES:
        for event in ROWS:
            yield f"DROP FUNCTION incidents_{table}_{event}_counts() CASCADE;"
    yield "DROP FUNCTION incidents_count_revision(bigint[]);"



# The audit trail: whoever changes a row, by whatever way.
AUDIT = """
-- What must not be read here: secrets, and what erasing a customer has to take away everywhere.
CREATE FUNCTION incidents_audit_shown(source text, row_ jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_object_agg(key, CASE
    WHEN value = 'null'::jsonb OR value = '""'::jsonb THEN value
    WHEN key IN ('password', 'secret', 'former_secret', 'digest', 'key', 'address', 'shown', 'data', 'token', 'session_key')
      OR (left(source, 14) = 'notifications_' AND key IN ('name', 'ref', 'suppressed_because', 'email', 'note'))
      THEN '"…"'::jsonb
    WHEN length(value::text) > 2000 THEN to_jsonb(left(value::text, 2000) || '…')
    ELSE value END)
  FROM jsonb_each(row_)
$$;

CREATE FUNCTION incidents_audit_note(
  source text, operation text, number bigint, former jsonb, latter jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  who jsonb := coalesce(nullif(current_setting('statuspage.who', true), ''), '{}')::jsonb;
  either jsonb := coalesce(latter, former);
BEGIN
  INSERT INTO incidents_auditevent
    (at, what, "row", verb, rows, before, after, incident, actor, via, address, session, token)
  VALUES (
    clock_timestamp(), source, coalesce(either ->> 'id', ''), lower(operation), number,
    incidents_audit_shown(source, former), incidents_audit_shown(source, latter),
    coalesce((either ->> 'incident_id')::bigint,
             CASE WHEN source = 'incidents_incident' THEN (either ->> 'id')::bigint END),
    coalesce(who ->> 'actor', ''),
    left(coalesce(who ->> 'via', current_setting('application_name', true), ''), 100),
    coalesce(who ->> 'address', ''), coalesce(who ->> 'session', ''), coalesce(who ->> 'token', ''));
END $$;

-- One event for each row; of more than a hundred at once one for all, with their number.
CREATE FUNCTION incidents_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  number bigint;
  former_ jsonb;
  latter_ jsonb;
  ignored text[] := ARRAY['last_used_at', 'last_login', 'last_heard_at'];
  changed text[];
BEGIN
  IF TG_OP = 'DELETE' THEN SELECT count(*) INTO number FROM former;
  ELSE SELECT count(*) INTO number FROM latter; END IF;
  IF number > 100 THEN
    PERFORM incidents_audit_note(TG_TABLE_NAME, TG_OP, number, NULL, NULL);
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    FOR latter_ IN SELECT to_jsonb(l) FROM latter l LOOP
      PERFORM incidents_audit_note(TG_TABLE_NAME, TG_OP, 1, NULL, latter_);
    END LOOP;
  ELSIF TG_OP = 'DELETE' THEN
    FOR former_ IN SELECT to_jsonb(f) FROM former f LOOP
      PERFORM incidents_audit_note(TG_TABLE_NAME, TG_OP, 1, former_, NULL);
    END LOOP;
  ELSE
    FOR former_, latter_ IN SELECT to_jsonb(f), to_jsonb(l) FROM former f JOIN latter l USING (id) LOOP
      SELECT array_agg(n.key) INTO changed FROM jsonb_each(latter_) n
        WHERE n.value IS DISTINCT FROM former_ -> n.key AND n.key <> ALL (ignored);
      IF changed IS NOT NULL THEN
        changed := changed || ARRAY['id', 'incident_id'];
        PERFORM incidents_audit_note(TG_TABLE_NAME, TG_OP, 1,
          (SELECT jsonb_object_agg(key, value) FROM jsonb_each(former_) WHERE key = ANY (changed)),
          (SELECT jsonb_object_agg(key, value) FROM jsonb_each(latter_) WHERE key = ANY (changed)));
      END IF;
    END LOOP;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION incidents_audit_follow(source text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %I
    REFERENCING NEW TABLE AS latter FOR EACH STATEMENT EXECUTE FUNCTION incidents_audit()', source);
  EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %I
    REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION incidents_audit()', source);
  EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %I
    REFERENCING OLD TABLE AS former NEW TABLE AS latter FOR EACH STATEMENT EXECUTE FUNCTION incidents_audit()', source);
END $$;

CREATE FUNCTION incidents_audit_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER audit_event_is_final BEFORE UPDATE OR DELETE ON incidents_auditevent
  FOR EACH ROW EXECUTE FUNCTION incidents_audit_is_final();
"""
AUDIT_RELEASE = """
DROP FUNCTION incidents_audit() CASCADE;
DROP FUNCTION incidents_audit_is_final() CASCADE;
DROP FUNCTION incidents_audit_follow(text);
DROP FUNCTION incidents_audit_note(text, text, bigint, jsonb, jsonb);
DROP FUNCTION incidents_audit_shown(text, jsonb);
"""
FOLLOWED = (
    *(f"incidents_{each}" for each in (
        "geography", "region", "servicecategory", "service", "alias", "offering", "dependency",
        "incident", "occurrence", "impact", "communication", "decision", "timeversion", "review",
        "policyversion", "apitoken", "monitorsource", "proposal", "publishedfigures",
        "scheduledpost", "texttemplate", "repairitem", "reviewcomment",
        "reviewsection",
        "timelineentry",
        "mention",
        "importbatch",
    )),
    "auth_user", "auth_group", "auth_user_groups", "auth_group_permissions", "auth_user_user_permissions",
    "mfa_authenticator", "socialaccount_socialaccount",
)


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("mfa", "0001_initial"),
        ("socialaccount", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(DECISIONS, DECISIONS_RELEASE),
        migrations.RunSQL(STATEMENTS, STATEMENTS_RELEASE),
        migrations.RunSQL(POLICIES, POLICIES_RELEASE),
        migrations.RunSQL(list(revision_triggers()), list(revision_release())),
        migrations.RunSQL(AUDIT, AUDIT_RELEASE),
        *[
            migrations.RunSQL(f"SELECT incidents_audit_follow('{table}')", migrations.RunSQL.noop)
            for table in FOLLOWED
        ],
    ]
