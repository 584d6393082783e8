"""The audit trail, and the triggers that write it: whoever changes a row, by whatever way."""

from django.db import migrations, models

FUNCTIONS = """
-- What must not be read here: secrets, and what erasing a customer has to take away everywhere.
CREATE FUNCTION incidents_audit_shown(source text, row_ jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_object_agg(key, CASE
    WHEN value = 'null'::jsonb OR value = '""'::jsonb THEN value
    WHEN key IN ('password', 'secret', 'former_secret', 'digest', 'key', 'address', 'shown', 'data', 'token', 'session_key')
      OR (left(source, 14) = 'notifications_' AND key IN ('name', 'ref', 'suppressed_because'))
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
RELEASE = """
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
        "policyversion", "apitoken", "monitorsource",
    )),
    "auth_user", "auth_group", "auth_user_groups", "auth_group_permissions", "auth_user_user_permissions",
    "mfa_authenticator", "socialaccount_socialaccount",
)


class Migration(migrations.Migration):

    dependencies = [
        ("incidents", "0015_imports"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("mfa", "0001_initial"),
        ("socialaccount", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("what", models.CharField(max_length=63)),
                ("row", models.CharField(blank=True, max_length=40)),
                ("verb", models.CharField(max_length=20)),
                ("rows", models.PositiveBigIntegerField(default=1)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("incident", models.BigIntegerField(null=True)),
                ("actor", models.CharField(blank=True, max_length=150)),
                ("via", models.CharField(blank=True, max_length=100)),
                ("address", models.CharField(blank=True, max_length=60)),
                ("session", models.CharField(blank=True, max_length=16)),
                ("token", models.CharField(blank=True, max_length=40)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["incident", "id"], name="audit_incident"),
                    models.Index(fields=["actor", "id"], name="audit_actor"),
                    models.Index(fields=["what", "id"], name="audit_what"),
                    models.Index(fields=["at"], name="audit_at"),
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, RELEASE),
        *[
            migrations.RunSQL(f"SELECT incidents_audit_follow('{table}')", migrations.RunSQL.noop)
            for table in FOLLOWED
        ],
    ]
