"""What a catalogue file may say, and what is made of it."""

from __future__ import annotations

import pytest

from incidents.importers.catalogue_file import Catalogue, derive_slug, fold_name, read_catalogue

SMALL = """\
prefix: [Azure]
geographies:
  - name: Europe
    aliases: [European]
    regions:
      - {name: West Europe, zones: [1, 2, 3], aliases: [westeurope]}
      - UK West
  - {name: Asien, slug: asia, regions: [{name: 東アジア, slug: east-asia}]}
region_sets:
  large: [West Europe, asia]
  small: {include: [all], except: [large]}
  smaller: {include: [small, West Europe], except: [Europe]}
categories:
  - name: Storage & Files
    offered: all
    depends_on: [Identity]
    services:
      - Storage
      - {name: Files, offered: [small, east-asia], depends_on: [storage]}
      - {name: Identity, slug: id, aliases: [Entra], non_regional: true}
      - {name: Portal, non_regional: yes, offered: UKWest}
"""


@pytest.fixture
def small() -> Catalogue:
    return read_catalogue(SMALL)


def test_regions_keep_the_order_of_the_file_and_their_zones(small: Catalogue) -> None:
    assert [(r.slug, r.geography, r.zones) for r in small.regions] == [
        ("west-europe", "europe", ("1", "2", "3")),
        ("uk-west", "europe", ()),
        ("east-asia", "asia", ()),
        ("global", "global", ()),
    ]


def test_the_region_for_services_without_region_is_always_there_and_last(small: Catalogue) -> None:
    assert small.regions[-1].name == "Non-regional"
    assert small.regions[-1].is_global
    assert small.geographies[-1].name == "Global"


def test_slugs_are_made_of_names_unless_given(small: Catalogue) -> None:
    assert [c.slug for c in small.categories] == ["storage-files"]
    assert [s.slug for s in small.services] == ["storage", "files", "id", "portal"]


def test_a_service_that_says_nothing_is_offered_where_its_category_is(small: Catalogue) -> None:
    assert [region for service, region in small.offerings if service == "storage"] == [
        "west-europe",
        "uk-west",
        "east-asia",
    ]


def test_a_service_is_offered_everywhere_if_nothing_says_otherwise(small: Catalogue) -> None:
    read = read_catalogue(SMALL.replace("    offered: all\n", ""))
    assert read.offerings == small.offerings


def test_a_set_takes_geographies_regions_and_sets_and_leaves_out_others(small: Catalogue) -> None:
    assert [region for service, region in small.offerings if service == "files"] == [
        "uk-west",
        "east-asia",
    ]


def test_a_non_regional_service_has_its_cell_in_the_region_global(small: Catalogue) -> None:
    assert [region for service, region in small.offerings if service == "id"] == ["global"]


def test_a_service_may_be_non_regional_and_regional_at_once(small: Catalogue) -> None:
    assert [region for service, region in small.offerings if service == "portal"] == [
        "uk-west",
        "global",
    ]


def test_a_set_may_end_up_empty_as_long_as_nothing_is_offered_there() -> None:
    assert read_catalogue(SMALL.replace("except: [Europe]", "except: [all]")) == read_catalogue(
        SMALL
    )


def test_what_a_category_needs_all_its_services_need_but_not_themselves(small: Catalogue) -> None:
    assert [(entry.service, entry.depends_on) for entry in small.dependencies] == [
        ("storage", "id"),
        ("files", "storage"),
        ("files", "id"),
        ("portal", "id"),
    ]


def test_a_bare_need_is_hard_and_of_the_data_plane(small: Catalogue) -> None:
    assert {entry[2:] for entry in small.dependencies} == {("hard", "data")}


def test_a_service_says_how_it_needs_what_its_category_needs() -> None:
    needs = "{hard: storage, soft control: [Identity]}"
    read = read_catalogue(SMALL.replace("depends_on: [storage]", f"depends_on: {needs}"))
    assert [entry for entry in read.dependencies if entry.service == "files"] == [
        ("files", "storage", "hard", "data"),
        ("files", "id", "soft", "control"),
    ]


@pytest.mark.parametrize("how", ["hard", "soft", "hard control", "soft control"])
def test_a_category_says_it_for_all_its_services(how: str) -> None:
    read = read_catalogue(
        SMALL.replace("depends_on: [Identity]", f"depends_on: {{{how}: [Identity]}}")
    )
    storage = next(entry for entry in read.dependencies if entry.service == "storage")
    assert (storage.strength, storage.plane) == (how.split()[0], (*how.split(), "data")[1])


def test_names_are_given_with_kind_slug_and_aliases(small: Catalogue) -> None:
    names = list(small.names())
    assert ("service", "id", "Identity", ("Entra",)) in names
    assert ("region", "east-asia", "東アジア", ()) in names
    assert ("geography", "europe", "Europe", ("European",)) in names


def test_the_adjective_global_is_not_a_place_to_find_in_texts(small: Catalogue) -> None:
    assert "Global" not in [named.name for named in small.names()]


def test_words_that_yaml_takes_for_other_things_stay_words() -> None:
    text = SMALL.replace("UK West", "No").replace("UKWest", "no").replace("[1, 2, 3]", "[01, 1e3]")
    read = read_catalogue(text)
    assert [region.name for region in read.regions][1] == "No"
    assert read.regions[0].zones == ("01", "1e3")


def test_a_signature_and_windows_line_ends_are_no_obstacle() -> None:
    assert read_catalogue(SMALL.replace("\n", "\r\n")) == read_catalogue(SMALL)


@pytest.mark.parametrize("spelling", ["East US", "east-us", " EAST  US. ", "East\tUS", "Ｅast US"])
def test_case_and_punctuation_do_not_tell_names_apart(spelling: str) -> None:
    assert fold_name(spelling) == "east us"


def test_folding_keeps_the_vowel_signs_of_indian_scripts() -> None:
    assert fold_name("कि") != fold_name("कु")


def test_a_slug_is_made_of_latin_letters_and_digits() -> None:
    assert derive_slug("Azure Kubernetes Service (AKS)") == "azure-kubernetes-service-aks"
    assert derive_slug("Zürich / Genève 2") == "zurich-geneve-2"
    assert derive_slug("東アジア") == ""
