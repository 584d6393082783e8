"""Whatever is sent, a parser answers within seconds: with what it read, or with an error of its own.

FUZZ= sets how often each is tried.
"""

from __future__ import annotations

import functools
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from incidents.alerts.formats import FORMATS, read_alerts
from incidents.alerts.mapping import MappingError, read_mapping
from incidents.alerts.signal import AlertFormatError
from incidents.importers.catalogue_file import CatalogueError, read_catalogue
from incidents.importers.history_text import HistoryError, NameEntry, NameIndex, read_history
from incidents.importers.site.found import SiteFileError
from incidents.importers.site.readers import READERS, format_of, front_matter
from incidents.policy import RefusedError, load_json, parse_facts
from incidents.policy.documents import decode_text
from incidents.texts import csv_rows
from incidents.texts.markdown import to_html, to_text
from notifications.channels.email.mail_answers import HARD, SOFT
from notifications.customers import customer_file, impacted_file
from notifications.inbound.reports import read_report
from tests.alerts import test_formats_of_alerts as alerts
from tests.conftest import CATALOGUE
from tests.house.garbling import TRIES, distorted, garbled
from tests.incidents import test_moving_over as moving_over
from tests.notifications import mail_reports

ROOT = Path(__file__).resolve().parents[2]
HISTORY = (ROOT / "tests" / "data" / "history").rglob("*.txt")
NAMES = NameIndex([NameEntry(kind="service", slug="storage", name="Storage", aliases=("Blob",))])
SECONDS = 5.0


def often(test: Callable[..., None]) -> Callable[..., None]:
    """Tries it TRIES times; each may take SECONDS of this thread, however busy the machine is."""

    @functools.wraps(test)
    def timed(*args: Any, **named: Any) -> None:
        start = time.thread_time()
        test(*args, **named)
        assert time.thread_time() - start < SECONDS

    return settings(
        max_examples=TRIES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(chance=st.randoms(use_true_random=False))(timed))


def says(error: Exception) -> None:
    """An error is one that a person can use: some words, no traceback, no raw control character."""
    words = str(error)
    assert len(words) > 10
    assert not any(ord(letter) < 32 and letter != "\n" for letter in words), ascii(words)


MAILS = [
    mail_reports.report("x@example.com"),
    mail_reports.report("x@example.com", encoding="base64"),
    mail_reports.report("x@example.com", encoding="quoted-printable", returned="message/rfc822"),
    mail_reports.notice("Your message to <ann@example.com> was not delivered: 550 no such user"),
    mail_reports.complaint("https://status.example.com/subscribe/leave/abc/"),
]


@often
def test_mail_that_came_back(chance: Any) -> None:
    report = read_report(garbled(chance, chance.choice(MAILS)))
    assert report.kind in (HARD, SOFT, "complaint", "", None)


PAGES = [path.read_text() for path in HISTORY]


@often
def test_a_history_text(chance: Any) -> None:
    text = garbled(chance, chance.choice(PAGES).encode()).decode(errors="replace")
    try:
        read_history(text, NAMES)
    except HistoryError as error:
        says(error)


@often
def test_a_catalogue(chance: Any) -> None:
    try:
        read_catalogue(garbled(chance, CATALOGUE.encode()).decode(errors="replace"))
    except CatalogueError as error:
        says(error)


MAPPING = (
    "- {match: {team: blob}, service: storage, region: west-europe, level: error, extent: zone}\n"
)


@often
def test_a_mapping_of_labels(chance: Any) -> None:
    try:
        read_mapping(garbled(chance, MAPPING.encode()).decode(errors="replace"))
    except MappingError as error:
        says(error)


FACTS = {
    "kind": "service-issue", "level": "error", "dependents": 4, "audience": "unknown",
    "impacts": [{"service": "storage", "region": "east-us", "zones": ["1"], "extent": "zone"}],
    "targeted_channel": "available", "platform_fault": True, "previous_scenario": None,
}  # fmt: skip


@often
def test_facts(chance: Any) -> None:
    document = json.dumps(distorted(chance, FACTS)).encode()
    if chance.random() < 0.5:
        document = garbled(chance, document)
    try:
        parse_facts(
            load_json(decode_text(document, 10**6, "facts", RefusedError), "facts", RefusedError)
        )
    except RefusedError as error:
        says(error)


ALERTS: dict[str, Any] = {
    "alertmanager": alerts.ALERTMANAGER, "grafana": alerts.ALERTMANAGER, "json": alerts.PLAIN,
    "cloudevents": alerts.CLOUDEVENT, "datadog": alerts.DATADOG, "pagerduty": alerts.PAGERDUTY,
    "statuspage": alerts.STATUSPAGE,
}  # fmt: skip


@often
def test_what_monitors_report(chance: Any) -> None:
    assert set(ALERTS) == set(FORMATS)
    name = chance.choice(sorted(ALERTS))
    try:
        read_alerts(name, distorted(chance, ALERTS[name]))
    except AlertFormatError as error:
        says(error)


SITES: dict[str, Any] = {
    "statuspage": moving_over.STATUSPAGE, "cachet": moving_over.CACHET, "google": moving_over.GOOGLE,
    "aws": moving_over.AWS,
}  # fmt: skip


@often
def test_files_of_other_pages(chance: Any) -> None:
    name = chance.choice(sorted(SITES))
    document = distorted(chance, SITES[name])
    text = garbled(chance, moving_over.CSTATE.encode()).decode(errors="replace")
    try:
        list(READERS[format_of(document)](document))
    except (SiteFileError, RefusedError) as error:
        says(error)
    try:
        front_matter(text, "a.md")
    except (SiteFileError, RefusedError) as error:
        says(error)


CUSTOMERS = (
    "tenant,tenant_name,contact,subscription,subscription_name,service,region\n"
    'contoso,"Contoso, Ltd.",ann@example.com,contoso-1,Shop,storage,west-europe\n'
)


@often
def test_customers_and_impacted_lists(chance: Any) -> None:
    raw = garbled(chance, CUSTOMERS.encode(chance.choice(("utf-8", "utf-16", "utf-8-sig"))))
    file = customer_file.CustomerFile("customers.csv", io.BytesIO(raw))
    try:
        list(file)
    except customer_file.CustomerFileError as error:
        says(error)
    faults = impacted_file.Faults()
    try:
        list(impacted_file.read_list(csv_rows.text_of(io.BytesIO(raw)), faults))
    except impacted_file.ImpactedFileError as error:
        says(error)
    except UnicodeDecodeError:
        pass  # the reader of the stream says so (see api/body.py and the desk)


TEXT = '**Storage** fails in [West](https://example.com "x").\n\n| a | b |\n|---|---|\n| 1 | `2` |\n\n> quoted\n'


@often
def test_operators_texts(chance: Any) -> None:
    text = garbled(chance, TEXT.encode()).decode(errors="replace")[:20_000]
    html = to_html(text).lower()
    to_text(text)
    assert "<script" not in html
    assert "javascript:" not in html.replace("&#x", "").partition("href=")[2][:11]
