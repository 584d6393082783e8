"""A title may turn the direction of writing, as some names need; what follows it may not be turned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.services.errors import EntryError
from incidents.services.statements import checked_text

OPEN, CLOSED = "\u202e\u202d\u202a\u202b\u2066\u2067\u2068", "\u202c\u2069"


@pytest.mark.parametrize("text", [f"Storage {each} fails" for each in OPEN + CLOSED])
def test_an_open_direction_is_refused(text: str) -> None:
    with pytest.raises(EntryError, match="direction of writing"):
        checked_text("public_title", text)


@pytest.mark.parametrize(
    "text", ["Storage \u2067שלום\u2069 fails", "שלום", "a\u200fb", "\u202babc\u202c"]
)
def test_a_closed_one_is_taken(text: str) -> None:
    assert checked_text("public_title", text) == text


@given(st.text(st.sampled_from(OPEN + CLOSED + "ab\n"), max_size=12))
def test_whatever_is_taken_ends_as_it_began_on_every_line(text: str) -> None:
    try:
        taken = checked_text("public_text", text)
    except EntryError:
        return
    for line in taken.split("\n"):
        assert sum(each in OPEN for each in line) == sum(each in CLOSED for each in line)
