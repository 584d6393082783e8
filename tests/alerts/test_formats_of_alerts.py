"""What monitors and other pages send, read: each format's own example, its end, and nonsense."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.alerts.formats import FORMATS, read_alerts
from incidents.alerts.mapping import MappingError, NamedPlaces, map_labels, read_mapping
from incidents.alerts.signal import AlertFormatError

PLACE = {"service": "storage", "region": "west-europe"}
ALERTMANAGER: dict[str, Any] = {
    "version": "4",
    "groupKey": "{}:{alertname='High'}",
    "status": "firing",
    "receiver": "statuspage",
    "commonLabels": {"alertname": "High"},
    "alerts": [
        {
            "status": "firing",
            "labels": PLACE | {"alertname": "High", "severity": "critical"},
            "annotations": {"summary": "Storage fails"},
            "startsAt": "2026-03-01T09:00:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "c6eadffa33fcdf37",
        }
    ],
}
DATADOG: dict[str, Any] = {
    "id": "42",
    "alert_id": "7",
    "alert_title": "[Triggered] Storage fails",
    "alert_transition": "Triggered",
    "alert_type": "error",
    "date": 1772355600000,
    "tags": "service:storage,region:west-europe,team:blob",
}
PAGERDUTY: dict[str, Any] = {
    "event": {
        "event_type": "incident.triggered",
        "occurred_at": "2026-03-01T09:00:00Z",
        "data": {
            "id": "PGR0VU2",
            "title": "Storage fails",
            "status": "triggered",
            "urgency": "high",
            "created_at": "2026-03-01T09:00:00Z",
            "service": {"id": "P1", "summary": "storage"},
            "priority": {"summary": "P1"},
            "custom_details": {"region": "west-europe"},
        },
    }
}
STATUSPAGE: dict[str, Any] = {
    "page": {"id": "p"},
    "incident": {
        "id": "abc",
        "name": "Storage fails",
        "status": "investigating",
        "impact": "major",
        "created_at": "2026-03-01T09:00:00Z",
        "components": [{"id": "c1", "name": "storage", "status": "major_outage"}],
    },
}
CLOUDEVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "type": "com.example.alert.firing",
    "source": "/probes",
    "subject": "storage/weu",
    "time": "2026-03-01T09:00:00Z",
    "data": PLACE,
}
PLAIN: dict[str, Any] = {"key": "k", "status": "firing", "at": "2026-03-01T09:00:00Z"} | PLACE


def changed(payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    return payload | more


@pytest.mark.parametrize(
    ("name", "begins", "ends"),
    [
        ("alertmanager", ALERTMANAGER,
         changed(ALERTMANAGER, alerts=[ALERTMANAGER["alerts"][0] | {"status": "resolved"}])),
        ("grafana", ALERTMANAGER,
         changed(ALERTMANAGER, alerts=[ALERTMANAGER["alerts"][0] | {"status": "resolved"}])),
        ("json", PLAIN, [changed(PLAIN, status="ok")]),
        ("cloudevents", CLOUDEVENT, [changed(CLOUDEVENT, type="com.example.alert.resolved")]),
        ("datadog", DATADOG, changed(DATADOG, alert_transition="Recovered", alert_type="success")),
        ("pagerduty", PAGERDUTY,
         {"event": PAGERDUTY["event"] | {"event_type": "incident.resolved"}}),
        ("statuspage", STATUSPAGE,
         {"incident": STATUSPAGE["incident"] | {"status": "resolved"}}),
    ],
)  # fmt: skip
def test_a_format_is_read_and_its_end_has_the_key_of_its_beginning(
    name: str, begins: object, ends: object
) -> None:
    first, last = read_alerts(name, begins)[0], read_alerts(name, ends)[0]
    assert (first.firing, last.firing) == (True, False)
    assert first.key == last.key
    assert first.labels["service"] == "storage"
    assert name == "statuspage" or first.labels["region"] == "west-europe"
    assert first.at is not None
    assert (first.at.hour, first.at.year) == (9, 2026)


def test_the_first_row_that_matches_says_what_the_labels_mean() -> None:
    rows = read_mapping(
        """
        - match: {alertname: "kv*", env: prod}
          service: key-vault
          region: "{dc}"
          zones: ["{az}"]
          extent: zone
          level: warning
        - match: {alertname: "*"}
        """
    )
    labels = {"alertname": "KVErrors", "env": "prod", "dc": "weu", "az": "2"}
    assert map_labels(rows, labels) == NamedPlaces("key-vault", "weu", "zone", ("2",), "warning")
    other = map_labels(rows, {"alertname": "x", "severity": "page"} | PLACE)
    assert other == NamedPlaces("storage", "west-europe", "subset", (), "error")


@pytest.mark.parametrize(
    "text",
    ["a: b", "- 7", "- {mach: {a: b}}", "- {match: 7}", "- {match: {}, extent: planet}",
     "- {match: {}, level: grave}", "- {match: {a: [1]}}", "- [", "- {match: {}, service: true}"],
)  # fmt: skip
def test_a_mapping_that_cannot_be_used_is_refused_by_name(text: str) -> None:
    with pytest.raises(MappingError, match=r"^(mapping|row 1)"):
        read_mapping(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda each: st.lists(each, max_size=3)
    | st.dictionaries(
        st.sampled_from(["alerts", "event", "data", "incident", "labels", "status", "tags", "date",
                         "component", "components", "id", "specversion"]) | st.text(max_size=5),
        each, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60)
@given(st.sampled_from(sorted(FORMATS)), JSON)
def test_nonsense_is_refused_in_words_or_read(name: str, payload: object) -> None:
    try:
        signals = read_alerts(name, payload)
    except AlertFormatError:
        return
    for signal in signals:
        assert 0 < len(signal.key) <= 200
        assert all(value.isprintable() for value in signal.labels.values())
