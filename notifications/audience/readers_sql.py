"""The statements that select public readers, and plan deliveries for them; parts of `selection_sql`'s chain."""

from __future__ import annotations

# A topic names a service, a region, both or neither: four looks into the index of topics, instead of a
# comparison of every topic with every cell.
_TOPICS = " UNION ALL ".join(
    f"""
    SELECT t.endpoint_id FROM notifications_publictopic t
    JOIN (SELECT DISTINCT {columns} FROM scope) s ON {match}
    WHERE t.endpoint_id > %(after)s"""
    for columns, match in (
        ("1 AS one", "t.service_id IS NULL AND t.region_id IS NULL"),
        ("service_id", "t.service_id = s.service_id AND t.region_id IS NULL"),
        ("region_id", "t.service_id IS NULL AND t.region_id = s.region_id"),
        ("service_id, region_id", "t.service_id = s.service_id AND t.region_id = s.region_id"),
    )
)
# Kinds and levels say what a topic begins with: whoever was told of the beginning hears of the end. Who follows an
# incident is told of it by that alone; that it was told before counts only for what is taken back.
READERS = f"""
readers AS MATERIALIZED (
  SELECT t.endpoint_id AS id, 'topic' AS reason FROM ({_TOPICS}) t WHERE %(matching)s
  UNION
  SELECT f.endpoint_id, CASE WHEN f.ends_only THEN 'followed-end' ELSE 'followed' END
  FROM notifications_followedincident f
  WHERE %(matching)s AND f.incident_id = ANY (%(line)s) AND f.endpoint_id > %(after)s
    AND (%(end)s OR NOT f.ends_only)
  UNION
  SELECT d.endpoint_id, 'told-before'
  FROM notifications_delivery d
  WHERE d.incident_id = ANY (%(line)s) AND d.communication_id < %(communication)s
    AND d.endpoint_id > %(after)s AND d.audience = 'public'
    AND (d.state <> 'skipped' OR d.skip_reason = 'in_digest')
    AND (%(takes_back)s OR d.reason NOT IN ('followed', 'followed-end'))
),
wanting AS MATERIALIZED (
  SELECT e.id, e.post_cadence AS cadence,
    bool_or(r.reason = 'told-before') AS told,
    bool_or(r.reason = 'followed') AS followed,
    bool_or(r.reason = 'followed-end') AS followed_end,
    bool_or(r.reason = 'topic') AND (e.post_kinds = '{{}}' OR %(kind)s = ANY (e.post_kinds))
      AND e.post_least_level = ANY (%(levels)s) AS on_topic
  FROM readers r JOIN notifications_endpoint e ON e.id = r.id
  WHERE e.confirmed_at IS NOT NULL AND e.left_posts_at IS NULL
    AND (e.posts_paused_until IS NULL OR e.posts_paused_until <= statement_timestamp())
  GROUP BY e.id
),
posted AS MATERIALIZED (
  SELECT *, (on_topic OR told) AND NOT (cadence = 'ends' AND %(in_between)s AND told) AS by_topic
  FROM wanting
),
chosen AS MATERIALIZED (
  SELECT id, CASE
      WHEN followed THEN 'followed'
      WHEN NOT by_topic THEN 'followed-end'
      WHEN %(takes_back)s AND told THEN 'told-before'
      WHEN cadence = 'ends' THEN 'topic-ends'
      WHEN cadence = 'daily' AND NOT %(takes_back)s THEN 'topic-daily'
      WHEN on_topic THEN 'topic'
      ELSE 'told-before'
    END AS reason
  FROM posted WHERE by_topic OR followed OR followed_end
  ORDER BY id LIMIT %(most)s
)
"""

# A daily summary waits for its hour, which is another one in each zone.
ADD_READERS = """,
added AS (
  INSERT INTO notifications_delivery (incident_id, communication_id, endpoint_id, channel, audience,
    relevance, reason, priority, state, skip_reason, attempts, next_attempt_at, created_at, deferred)
  SELECT %(incident)s, %(communication)s, e.id, e.channel, 'public', 'public', chosen.reason,
    CASE WHEN daily THEN %(patient)s ELSE %(priority)s END, 'pending', '', 0,
    CASE WHEN daily THEN coalesce(summary.at, now()) ELSE now() END, now(), CASE WHEN daily THEN 'daily' ELSE '' END
  FROM chosen CROSS JOIN LATERAL (SELECT chosen.reason = 'topic-daily' AS daily) AS at_once
  JOIN notifications_endpoint e ON e.id = chosen.id
  LEFT JOIN unnest(%(zones)s::text[], %(summaries)s::timestamptz[]) AS summary(zone, at)
    ON daily AND summary.zone = e.time_zone
  ORDER BY e.id
  ON CONFLICT (incident_id, endpoint_id, communication_id) DO NOTHING RETURNING 1
)
SELECT (SELECT max(id) FROM chosen), (SELECT count(*) FROM chosen), (SELECT count(*) FROM added)
"""

COUNT_READERS = """
SELECT count(*) FROM chosen JOIN notifications_endpoint e USING (id) WHERE e.suppressed_at IS NULL
"""
