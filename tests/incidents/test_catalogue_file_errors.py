"""A faulty catalogue file is refused with one line: file, line, fault, remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidents.importers.catalogue_file import (
    MAX_BYTES,
    RESERVED_SLUGS,
    CatalogueError,
    read_catalogue,
    read_catalogue_file,
)

GOOD = """\
prefix: Azure
geographies:
  - name: Europe
    regions:
      - {name: West Europe, zones: [1, 2]}
      - {name: UK West}
region_sets:
  large: [West Europe]
  small: {include: [Europe], except: [large]}
categories:
  - name: Storage
    offered: large
    services:
      - {name: Storage, aliases: [Blobs]}
      - {name: Files, depends_on: [Storage]}
      - {name: Identity, non_regional: true}
"""


def fault_of(text: str) -> CatalogueError:
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(text)
    message = str(caught.value)
    assert "\n" not in message
    assert " — " in message
    return caught.value


# old text, new text, line, words of the message
FAULTS = [
    # keys and shapes
    ("zones:", "zone:", 5, "regions[0].zone: unknown key with value a list — known are"),
    ("prefix:", "vendor:", 1, 'vendor: unknown key with value "Azure" — known are geo'),
    ("non_regional: true", "non_regional: maybe", 16, 'non_regional: "maybe" is not true or false'),
    ("offered: large", "offered: {a: b}", 12, "categories[0].offered[0]: an object is not a text"),
    ("aliases: [Blobs]", "aliases: [[Blobs]]", 14, "services[0].aliases[0]: a list is not a name"),
    ("aliases: [Blobs]", "aliases: ['']", 14, 'services[0].aliases[0]: "" is not a name'),
    (
        "  large: [West Europe]",
        "  large: []",
        8,
        "large.include: an empty list is not a list of places",
    ),
    (
        "  large: [West Europe]",
        "  large: {except: [UK West]}",
        8,
        "region_sets.large.include: missing — give a list",
    ),
    ("{name: UK West}", "{slug: uk-west}", 6, "regions[1].name: missing — give a name"),
    ("{name: UK West}", "[UK West]", 6, "regions[1].name: a list is not a name"),
    ("{name: UK West}", "{name: UK West, name: UK}", 6, "repeats the key “name” of line 6"),
    ("{name: UK West}", "{[UK, West]: name}", 6, "has a list or mapping as a key"),
    ("{name: UK West}", "{name: '…'}", 6, "is not a name that people can say: a letter or digit"),
    ("{name: UK West}", "{name: " + "x" * 121 + "}", 6, 'regions[1].name: "xxx'),
    ("region_sets:\n", "region_sets: []\nother:\n", 8, "other: unknown key"),
    ("depends_on: [Storage]", "depends_on: {hard control: [[x]]}", 15, '"hard control"[0]: a list'),
    # slugs
    ("{name: UK West}", "{name: UK West, slug: UK_West}", 6, '"UK_West" is not a slug: a-z, 0-9'),
    ("{name: UK West}", "{name: 東アジア}", 6, "no slug can be made of the name “東アジア”"),
    ("{name: UK West}", "{name: UK West, slug: west-europe}", 6, "belongs to the region of line 5"),
    ("name: Europe\n", "name: History\n", 3, "the geography slug “history” is a word"),
    ("{name: UK West}", "{name: Global}", 6, "the region “Global” stands for services without"),
    ("{name: UK West}", "{name: Non-Regional}", 6, "stands for services without region"),
    # names
    ("{name: UK West}", "{name: westeurope}", 6, "already belongs to the region of line 5"),
    ("{name: UK West}", "{name: UK, aliases: [Europe]}", 6, "belongs to the geography of line 3"),
    ("{name: Files,", "{name: blobs,", 15, "already belongs to the service of line 14"),
    ("{name: Files,", "{name: Azure Storage,", 15, "already belongs to the service of line 14"),
    ("{name: Files,", "{name: UK West,", 15, "already belongs to the region of line 6"),
    ("aliases: [Blobs]", "aliases: [STORAGE]", 14, "repeats another name of “Storage”"),
    ("zones: [1, 2]", "zones: [1, 1]", 5, "the zone “1” is listed twice"),
    (
        "zones: [1, 2]",
        "zones: [a-label-of-21-letters]",
        5,
        "is not the label of a zone: 1 to 20 characters",
    ),
    # references
    ("offered: large", "offered: lagre", 12, "region set “lagre” — did you mean `large`?"),
    ("offered: large", "offered: West Europa", 12, "“West Europa” — did you mean `west-europe`?"),
    ("offered: large", "offered: Mars", 12, "unknown region or region set “Mars” — name a region"),
    ("except: [large]", "except: [UK Vest]", 9, "unknown region or region set “UK Vest”"),
    ("[West Europe]\n", "[small]\n", 9, "refer to each other: large → small → large"),
    ("  small:", "  europe:", 9, "region set “europe” has the name of something else"),
    ("  small:", "  all:", 9, "region set “all” has the name of something else"),
    ("offered: large", "offered: []", 14, "the service “Storage” is offered nowhere"),
    (
        "offered: large",
        "offered: small\n    depends_on: Strage",
        13,
        "“Strage” in depends_on — did",
    ),
    ("depends_on: [Storage]", "depends_on: [Files]", 15, "“files” depends on itself"),
    ("depends_on: [Storage]", "depends_on: [Storage, storage]", 15, "is listed twice"),
    ("depends_on: [Storage]", "depends_on: {hard: storage, soft: Storage}", 15, "is listed twice"),
    (
        "depends_on: [Storage]",
        "depends_on: {hart: [Storage]}",
        15,
        "soft control; did you mean hard?",
    ),
    ("aliases: [Blobs]", "depends_on: [Files]", 15, "in a circle: storage → files → storage"),
    # YAML that is more or less than we read
    ("  - name: Europe", "  - &e\n    name: Europe", 3, "uses an anchor or alias"),
    ("{name: UK West}", "*e", 6, "uses an anchor or alias"),
    ("{name: UK West}", "!!python/name:os.system x", 6, "uses a tag"),
    ("categories:", "---\ncategories:", 10, "starts a second document"),
    ("{name: UK West}", "{name: UK West", 7, "is not YAML"),
    ("{name: UK West}", "[" * 40 + "]" * 40, 6, "is nested too deeply"),
    # characters that hide or break
    ("UK West", "UK\x07West", 6, "control or invisible character U+0007"),
    ("UK West", '"UK\\0West"', 6, "control or invisible character U+0000"),
    ("UK West", "UK\u202eWest", 6, "control or invisible character U+202E"),
    ("UK West", "UK\u2028West", 6, "control or invisible character U+2028"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), FAULTS)
def test_a_fault_is_named_with_its_line(old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    error = fault_of(GOOD.replace(old, new, 1))
    assert error.line == line, error
    assert words in str(error)
    assert str(error).startswith(f"catalogue.yaml:{line}: ")


@pytest.mark.parametrize("section", ["geographies", "categories"])
def test_a_missing_section_is_named(section: str) -> None:
    kept = [part for part in ("geographies", "categories") if part != section]
    start = GOOD.index(f"{kept[0]}:")
    end = GOOD.index("region_sets:") if section == "categories" else len(GOOD)
    assert f"{section}: missing — give a list of {section}" in str(fault_of(GOOD[start:end]))


def test_the_file_is_a_mapping() -> None:
    assert "the file: a list is not an object — give geographies" in str(fault_of("- a\n- b\n"))


def test_a_file_of_comments_is_empty() -> None:
    assert "is empty" in str(fault_of("# nothing yet\n"))


@pytest.mark.parametrize("word", sorted(RESERVED_SLUGS))
def test_no_geography_takes_a_word_of_the_addresses(word: str) -> None:
    error = fault_of(GOOD.replace("name: Europe\n", f"name: Europe\n    slug: {word}\n"))
    assert f"“{word}” is a word that page addresses need" in str(error)


def test_a_long_chain_of_dependencies_is_no_fault_but_a_long_circle_is() -> None:
    chain = "".join(
        f"      - {{name: Link {n}, depends_on: [Link {n + 1}]}}\n" for n in range(1500)
    )
    read = read_catalogue(GOOD + chain + "      - Link 1500\n")
    assert len(read.dependencies) == 1501
    error = fault_of(GOOD + chain + "      - {name: Link 1500, depends_on: [Link 0]}\n")
    assert "in a circle: link-0 → link-1 → link-2 → … → link-1500 → link-0" in str(error)


def test_a_long_chain_of_region_sets_is_no_fault() -> None:
    chain = "".join(f"  set {n}: [set {n + 1}]\n" for n in range(90))
    text = GOOD.replace("  large:", chain + "  set 90: [UK West]\n  large:")
    read = read_catalogue(text.replace("offered: large", "offered: set 0"))
    assert ("storage", "uk-west") in read.offerings


def test_a_small_file_can_not_stand_for_millions_of_rows() -> None:
    regions = "".join(f"      - Region {n}\n" for n in range(900))
    services = "".join(f"      - Service {n}\n" for n in range(900))
    text = GOOD.replace("      - {name: UK West}\n", "      - {name: UK West}\n" + regions)
    error = fault_of(text.replace("offered: large", "offered: all") + services)
    assert "more than 250000 cells" in str(error)


def test_a_long_text_is_shown_short_and_on_one_line() -> None:
    error = fault_of(GOOD.replace("offered: large", "offered: " + "x" * 5000))
    assert len(str(error)) < 250


def refused(path: Path) -> str:
    with pytest.raises(CatalogueError) as caught:
        read_catalogue_file(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(str(path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.yaml") == ": does not exist — check the path"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == ": is a folder — name a text file"


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refused(tmp_path / "file" / "x").startswith(": can't be read (Not a directory)")


def test_a_path_with_a_line_break_stays_on_one_line(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "a\nb.yaml")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ": is empty — "),
        (b" \r\n\t", ": is empty — "),
        (b"geographies:\n\x89PNG\x00\x01", ":2: is binary, not text"),
        ("geographies: é\n".encode("utf-16"), ":1: is UTF-16, not UTF-8"),
        ("prefix: A\nname: Zürich\n".encode("latin-1"), ":2: is not UTF-8 (byte 0xFC)"),
        (b"\xef\xbb\xbfa: 1\nb: \xff\n", ":2: is not UTF-8 (byte 0xFF)"),
        (b"#" * (MAX_BYTES + 1), ": is larger than 4 MiB"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "catalogue.yaml"
    path.write_bytes(data)
    assert refused(path).startswith(words)


def test_a_file_is_read_with_and_without_signature(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yaml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert read_catalogue_file(path) == read_catalogue(GOOD)


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yaml"
    path.write_text(GOOD + "#" * (MAX_BYTES - len(GOOD.encode())))
    assert read_catalogue_file(str(path)) == read_catalogue(GOOD)
