"""What is typed at 3 a.m. finds what is meant, and nothing else is taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.importers.catalogue_file import read_catalogue
from incidents.texts.name_search import How, Named, certain, pasted, search, words_of

SHIPPED = Path(__file__).parents[2] / "incidents" / "data" / "catalogue.yaml"


def shipped() -> tuple[list[Named], list[Named]]:
    catalogue = read_catalogue(SHIPPED.read_text(encoding="utf-8"))
    services = [
        Named("service", each.slug, each.name, tuple(each.aliases)) for each in catalogue.services
    ]
    places = [
        Named("geography", each.slug, each.name, tuple(each.aliases))
        for each in catalogue.geographies
    ]
    places += [
        Named("region", each.slug, each.name, tuple(each.aliases)) for each in catalogue.regions
    ]
    return services, places


SERVICES, PLACES = shipped()


def meant(text: str, among: list[Named]) -> str:
    found = certain(search(text, among))
    return found.name if found else ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("storage", "Storage"),
        ("keyvault", "Key Vault"),
        ("key va", "Key Vault"),
        ("Azure Key-Vault", "Key Vault"),
        ("vm", "Virtual Machines"),
        ("aks", "Azure Kubernetes Service"),
        ("arm", "Azure Resource Manager"),
    ],
)
def test_a_service_is_found_by_name_spelling_and_abbreviation(text: str, name: str) -> None:
    assert name.removeprefix("Azure ") in meant(text, SERVICES)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("europe", "Europe"),
        ("weu", "West Europe"),
        ("neu", "North Europe"),
        ("westeurope", "West Europe"),
        ("west  EUROPE", "West Europe"),
        ("eastus", "East US"),
        ("eastus2", "East US 2"),
        ("scus", "South Central US"),
        ("uks", "UK South"),
    ],
)
def test_a_place_is_found_and_a_geography_is_no_region(text: str, name: str) -> None:
    assert meant(text, PLACES) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("storrage", "Storage"), ("key valut", "Key Vault"), ("virtual machnes", "Virtual Machines")],
)
def test_a_slip_of_the_fingers_is_offered_and_never_taken(text: str, name: str) -> None:
    found = search(text, SERVICES)
    assert found[0].named.name == name
    assert found[0].how is How.CLOSE
    assert certain(found) is None


def test_the_shortest_of_names_that_go_on_from_it_is_meant() -> None:
    found = search("key va", SERVICES)
    assert [each.named.name for each in found[:2]] == ["Key Vault", "Key Vault Managed HSM"]
    assert search("k8s", SERVICES)[0].named.name.startswith("Azure Kubernetes Service")


def test_what_nothing_is_called_finds_nothing() -> None:
    assert search("qqqqqq", SERVICES) == []
    assert search("  \x00 ", SERVICES) == []
    assert search("", PLACES) == []


def test_what_several_are_called_is_not_decided() -> None:
    found = search("west", PLACES)
    assert len([each for each in found if each.how is How.BEGINS]) > 1
    assert certain(found) is None


def test_a_pasted_list_is_read_piece_by_piece() -> None:
    read = pasted(
        "- Storage\n* keyvault; West Europe, weu\nFrobnicator\n\nEurope", [*SERVICES, *PLACES]
    )
    assert [each.name for each in read.found] == ["Storage", "Key Vault", "West Europe", "Europe"]
    assert read.unknown == ("Frobnicator",)


@settings(max_examples=300)
@given(each=st.sampled_from([*SERVICES, *PLACES]), data=st.data())
def test_every_name_and_alias_finds_its_own_first(each: Named, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([each.name, *each.aliases]))
    spelled = data.draw(st.sampled_from([name, name.upper(), name.replace(" ", ""), f"  {name} "]))
    among = SERVICES if each.kind == "service" else PLACES
    found = search(spelled, among, most=500)
    assert each in [match.named for match in found if match.how is How.EXACT]
    assert sorted(found, key=lambda match: match.how) == found


@settings(max_examples=200)
@given(text=st.text(max_size=300))
def test_whatever_is_typed_or_pasted_is_survived(text: str) -> None:
    for match in search(text, PLACES):
        assert words_of(text)
        assert match.named in PLACES
    pasted(text, PLACES)
