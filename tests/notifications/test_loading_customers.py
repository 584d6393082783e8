"""load_customers: what is taken in, what is refused, and that nothing is half-stored."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from notifications.audience import target_index
from notifications.models import (
    CustomerSubscription,
    Endpoint,
    Footprint,
    StaleTenant,
    Target,
    Tenant,
)

pytestmark = pytest.mark.usefixtures("catalogue")

Load = Callable[..., str]  # contents of files; returns what the command printed

HEADER = "tenant,tenant_name,contact,subscription,subscription_name,service,region\n"
LINE = "contoso,Contoso,Ops@Contoso.Example,contoso-1,Production,key-vault,west-europe\n"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def run(*contents: str | bytes) -> str:
        names = []
        for number, content in enumerate(contents, start=1):
            path = tmp_path / f"{number}.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            names.append(str(path))
        out = io.StringIO()
        call_command("load_customers", *names, stdout=out)
        return out.getvalue()

    return run


def refusal(load: Load, *contents: str | bytes) -> list[str]:
    """The lines a load is refused with, without the folder; checks that nothing was stored."""
    with pytest.raises(CommandError) as caught:
        load(*contents)
    assert caught.value.returncode == 2
    assert not Tenant.objects.exists()
    assert not Endpoint.objects.exists()
    return [line.rsplit("/", 1)[-1] for line in str(caught.value).splitlines()]


def cells(ref: str) -> set[tuple[str, str]]:
    rows = Footprint.objects.filter(subscription__ref=ref)
    return set(rows.values_list("service__slug", "region__slug"))


def test_tenants_subscriptions_and_cells_are_stored(load: Load) -> None:
    more = "contoso,Contoso,ops@contoso.example,contoso-1,Production,Storage,North Europe\n"
    out = load(HEADER + LINE.replace("Ops@", "ops@") + more)
    tenant = Tenant.objects.get()
    assert tenant.contact is not None
    assert (tenant.ref, tenant.name, tenant.contact.address) == (
        "contoso",
        "Contoso",
        "ops@contoso.example",
    )
    assert tenant.contact.tenant == tenant
    assert cells("contoso-1") == {("key-vault", "west-europe"), ("storage", "north-europe")}
    assert "1 tenants (1 new or changed)" in out
    assert "cells: 2 added, 0 removed; 0 duplicate lines" in out


def test_an_incident_after_a_load_finds_the_index_up_to_date(load: Load) -> None:
    load(HEADER + LINE)
    assert not StaleTenant.objects.exists()
    assert Target.objects.get().endpoint_id == Endpoint.objects.get().pk


@pytest.mark.django_db(transaction=True)
def test_after_a_load_of_many_the_index_is_tidied(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_index, "BATCH", 2)
    load(HEADER + "".join(LINE.replace("ontoso", f"ontoso{n}") for n in range(5)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'notifications_target'")
        assert cursor.fetchone() == (5,), "as the planner knows it"


def test_loading_again_changes_nothing(load: Load) -> None:
    load(HEADER + LINE)
    before = list(Footprint.objects.values_list("id", flat=True))
    out = load(HEADER + LINE)
    assert list(Footprint.objects.values_list("id", flat=True)) == before
    assert "(0 new or changed), 1 subscriptions (0 new or changed)" in out
    assert "cells: 0 added, 0 removed" in out


def test_a_named_subscription_runs_where_the_file_says_and_others_stay(load: Load) -> None:
    other = LINE.replace("contoso-1", "contoso-2")
    load(HEADER + LINE + other)
    load(HEADER + LINE.replace("west-europe", "east-us"))
    assert cells("contoso-1") == {("key-vault", "east-us")}
    assert cells("contoso-2") == {("key-vault", "west-europe")}


def test_duplicates_are_counted_and_taken_once(load: Load) -> None:
    assert "2 duplicate lines" in load(HEADER + LINE * 2, HEADER + LINE)
    assert Footprint.objects.count() == 1


def test_columns_may_stand_in_any_order_and_the_file_may_have_a_signature(load: Load) -> None:
    load(
        "﻿region,service,subscription_name,subscription,contact,tenant_name,tenant\r\n"
        "global,azure-portal,,c-1,ops@contoso.example,Contoso,contoso\r\n"
    )
    assert cells("c-1") == {("azure-portal", "global")}


def test_a_subscription_without_a_cell_is_known_but_runs_nowhere(load: Load) -> None:
    load(HEADER + "contoso,Contoso,ops@contoso.example,c-1,,,\n")
    assert CustomerSubscription.objects.get().footprint.count() == 0


def test_an_address_that_a_reader_uses_already_becomes_the_contact_too(load: Load) -> None:
    load(HEADER + LINE)
    load(HEADER + LINE.replace("contoso", "fabrikam", 1).replace("contoso-1", "f-1"))
    assert Endpoint.objects.count() == 1
    assert Tenant.objects.values("contact").distinct().count() == 1


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (LINE.replace("key-vault", "abacus"), "1.csv:3: service: 'abacus' is not in the catalogue"),
        (LINE.replace("west-europe", "mars"), "1.csv:3: region: 'mars' is not in the catalogue"),
        (
            LINE.replace("key-vault", "databricks").replace("west-europe", "east-us"),
            "1.csv:3: service: 'databricks' is not offered in east-us",
        ),
        (
            LINE.replace("Production", "=HYPERLINK(1)"),
            "1.csv:3: subscription_name: '=HYPERLINK(1)'",
        ),
        (LINE.replace("Contoso,", "+1,"), "1.csv:3: tenant_name: '+1' starts with +"),
        (LINE.replace("Contoso,", "-1,"), "1.csv:3: tenant_name: '-1' starts with -"),
        (LINE.replace("Contoso,", "@sum,"), "1.csv:3: tenant_name: '@sum' starts with @"),
        (
            LINE.replace("Contoso,", "Con\x07toso,"),
            "1.csv:3: tenant_name: 'Con\\x07toso' has a control",
        ),
        (LINE.replace("Ops@", "Ops"), "1.csv:3: contact: 'OpsContoso.Example' has no"),
        (LINE.replace("contoso-1", ""), "1.csv:3: subscription: is empty"),
        (LINE.replace("contoso-1", "a b"), "1.csv:3: subscription: 'a b': use letters"),
        (LINE.replace("contoso-1", "c" * 65), "1.csv:3: subscription: has 65 characters"),
        (LINE.replace("west-europe", ""), "1.csv:3: service and region: give both"),
        (LINE.replace("west-europe", "???"), "1.csv:3: region: '???' is no name"),
        (LINE.replace(",key-vault", ""), "1.csv:3: has 6 values for 7 columns"),
        (LINE.replace("Contoso,", "Kontoso,"), "1.csv:3: tenant: 'contoso' has another name"),
        (
            LINE.replace("contoso,", "fabrikam,"),
            "1.csv:3: subscription: 'contoso-1' is also listed under contoso",
        ),
        ('"' + LINE, "1.csv:3: cannot be read as CSV"),
        ("\x00" + LINE, "1.csv:3: is binary"),
        ("x" * 70_000, "1.csv:3: is longer than 64 KiB"),
    ],
)
def test_a_faulty_line_is_refused_with_its_number_and_nothing_is_stored(
    load: Load, line: str, fault: str
) -> None:
    (found,) = refusal(load, HEADER + LINE + line)
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "1.csv:1: has no column names"),
        (HEADER.encode(), "1.csv: holds no customers."),
        (b"tenant,contact\n", "1.csv:1: lacks the column tenant_name, subscription,"),
        (b"tenant;contact\n", "1.csv:1: lacks the column tenant_name, subscription,"),
        (b"sep=;\ntenant;contact\n", "1.csv:2: lacks the column tenant_name, subscription,"),
        (HEADER.replace("region", "region,colour").encode(), "1.csv:1: has the column 'colour'"),
        (HEADER.replace("region", "region,tenant").encode(), "1.csv:1: has the column 'tenant'"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "1.csv:1: is not UTF-8 (byte 0x89)"),
        (
            (HEADER + LINE.replace("Contoso,", "Contosö,")).encode("latin-1"),
            "1.csv:2: is not UTF-8",
        ),
    ],
)
def test_a_file_that_is_no_customer_file_is_refused(load: Load, content: bytes, fault: str) -> None:
    (found,) = refusal(load, content)
    assert found.startswith(fault)


def saved(separator: str = ",", end: str = "\r\n", before: str = "") -> str:
    return before + (HEADER + LINE).replace(",", separator).replace("\n", end)


@pytest.mark.parametrize(
    "content",
    [
        saved(before="sep=,\r\n"),
        saved(before='"sep=,",,,\r\n'),
        saved(";", before="SEP=;\r\n"),
        saved(";"),
        saved("\t"),
        saved("|"),
        saved("\t").encode("utf-16"),
        saved(";").encode("utf-16-le"),
        saved().encode("utf-16-be"),
        saved(before="\ufeff"),
        saved(before="\ufeffsep=,\r\n"),
        saved(end="\r"),
        saved(before="\r\n,,,,,,\r\n"),
        saved() + ",,,,,,\r\n\r\n ; \r\n".replace(" ; ", " , , "),
        saved().replace("west-europe", "west-europe,,,"),
        saved().replace("region", "region,,").replace("west-europe", "west-europe,,"),
        saved().replace("tenant_name", "Tenant Name").replace("contact", " CONTACT "),
        saved()
        .replace("subscription_name", "Subscription-Name")
        .replace("key-vault", " Key Vault\xa0"),
        saved().replace("Production", '"Pro-\r\nduction"'),
    ],
)
def test_a_spreadsheets_habits_are_read(load: Load, content: str | bytes) -> None:
    load(content)
    assert cells("contoso-1") == {("key-vault", "west-europe")}
    assert Tenant.objects.get().name == "Contoso"


def test_a_line_break_within_quotes_is_a_blank_and_lines_are_counted_as_an_editor_does(
    load: Load,
) -> None:
    load(HEADER + LINE.replace("Production", '"Pro\nduction"'))
    assert CustomerSubscription.objects.get().name == "Pro duction"
    broken = LINE.replace("Production", '"Pro\nduction"') + LINE.replace("key-vault", "abacus")
    with pytest.raises(CommandError, match=r"1\.csv:5: service: 'abacus' is not"):
        load("sep=,\n" + HEADER + broken)


GUID = "0A1B2C3D-1111-4222-8333-444455556666"


@pytest.mark.parametrize(
    "other",
    [
        GUID.lower(),
        GUID.replace("-", ""),
        f"{{{GUID}}}",
        f"({GUID.lower()})",
        f"urn:uuid:{GUID.lower()}",
        f"/subscriptions/{GUID}",
        GUID.replace("-", "\N{NON-BREAKING HYPHEN}"),
        GUID.replace("-", "\N{EN DASH}"),
        f"\N{ZERO WIDTH SPACE}{GUID}\xa0",
    ],
)
def test_one_subscription_in_two_spellings_is_one_and_keeps_the_first(
    load: Load, other: str
) -> None:
    line = LINE.replace("contoso-1", GUID)
    again = line.replace(GUID, other).replace("contoso,", "CONTOSO,", 1)
    assert "1 duplicate lines" in load(HEADER + line + again)
    assert [each.ref for each in CustomerSubscription.objects.all()] == [GUID]
    load(HEADER + again.replace("west-europe", "east-us"))
    assert cells(GUID) == {("key-vault", "east-us")}
    assert [each.ref for each in Tenant.objects.all()] == ["contoso"]


def test_an_identifier_that_only_looks_alike_stays_another(load: Load) -> None:
    load(
        HEADER
        + LINE
        + LINE.replace("contoso-1", "contoso.1")
        + LINE.replace("contoso-1", "contoso1")
    )
    assert CustomerSubscription.objects.count() == 3


def test_many_faults_are_listed_and_the_rest_is_counted(load: Load) -> None:
    faults = refusal(load, HEADER + LINE.replace("Ops@", "Ops") * 150)
    assert len(faults) == 21
    assert faults[-1] == "… and 80 more faults; nothing was stored."


def test_a_fault_in_the_second_file_keeps_the_first_out(load: Load) -> None:
    assert refusal(load, HEADER + LINE, HEADER + LINE.replace("key-vault", "abacus")) == [
        "2.csv:2: service: 'abacus' is not in the catalogue;"
        " correct it or load the catalogue first."
    ]


def test_a_subscription_of_another_tenant_is_not_taken_over(load: Load) -> None:
    load(HEADER + LINE)
    with pytest.raises(CommandError, match="belongs to the tenant contoso"):
        load(HEADER + LINE.replace("contoso,", "fabrikam,", 1))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"absent\.csv: cannot be read"):
        call_command("load_customers", str(tmp_path / "absent.csv"))
