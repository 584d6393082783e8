"""What people change is on record: a table without the audit trail's triggers says here why it needs none."""

from __future__ import annotations

import pytest
from django.db import connection

ITSELF = "is a record itself"
MACHINE = "is written by the machine alone, out of what is on record"
PASSING = "is on its way to what is on record, and goes"
OWN = "of one person, and nobody else's business"
WITHOUT = {
    "incidents_auditevent": ITSELF,
    "incidents_backtestrun": MACHINE,
    "incidents_favourite": OWN,
    "incidents_formdraft": PASSING,
    "incidents_idempotentresponse": MACHINE,
    "incidents_importedincident": MACHINE,
    "incidents_monitoralert": ITSELF,
    "incidents_reminder": MACHINE,
    "incidents_reviewfeedback": "strangers give it, who are not recorded",
    "incidents_revision": MACHINE,
    "incidents_scopecell": "is written with its statement, for good",
    "incidents_snapshotchange": MACHINE,
    "notifications_attempt": ITSELF,
    "notifications_bounce": ITSELF,
    "notifications_breaker": MACHINE,
    "notifications_coderequest": PASSING,
    "notifications_contactnotice": ITSELF,
    "notifications_claimedbatch": MACHINE,
    "notifications_delivery": ITSELF,
    "notifications_deliverystatistics": MACHINE,
    "notifications_eventanswer_subscriptions": "goes with its answer",
    "notifications_fanout": MACHINE,
    "notifications_footprintchange": ITSELF,
    "notifications_impactedsubscription": "each version of a list is on record with its number",
    "notifications_listdraft": PASSING,
    "notifications_listpiece": PASSING,
    "notifications_listreading": PASSING,
    "notifications_mailcontent": MACHINE,
    "notifications_personsession": "signing in and leaving are on record",
    "notifications_sendingheartbeat": MACHINE,
    "notifications_sendjournal": MACHINE,
    "notifications_sentmessage": ITSELF,
    "notifications_signup": PASSING,
    "notifications_staletenant": MACHINE,
    "notifications_target": MACHINE,
}


@pytest.mark.django_db
def test_a_table_is_followed_or_says_why_not() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relname FROM pg_class
            WHERE relkind = 'r' AND relname ~ '^(incidents|notifications)_' AND relnamespace = 'public'::regnamespace
              AND (SELECT count(*) FROM pg_trigger
                   WHERE tgrelid = pg_class.oid AND tgname IN ('audit_insert', 'audit_update', 'audit_delete')) < 3
            """
        )
        unfollowed = {name for (name,) in cursor.fetchall()}
    assert unfollowed == set(WITHOUT)
