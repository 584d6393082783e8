"""Return paths: ours are read back, nobody else can make one."""

from __future__ import annotations

import uuid

from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from notifications.channels.email import return_path

FIXED = rules(suppress_health_check=[HealthCheck.function_scoped_fixture])


@FIXED
@given(delivery=st.uuids(), upper=st.booleans())
def test_every_return_path_is_read_back_whatever_its_case(
    delivery: uuid.UUID, settings: Settings, *, upper: bool
) -> None:
    settings.RETURN_PATH = "bounces@status.example.com"
    address = return_path.address_of(delivery)
    assert len(address.partition("@")[0]) <= 64
    assert return_path.read(address.upper() if upper else f"<{address}>") == delivery


@FIXED
@given(delivery=st.uuids(), place=st.integers(0, 42), letter=st.sampled_from("abcdefgh234567"))
def test_a_changed_letter_makes_it_worthless(
    delivery: uuid.UUID, place: int, letter: str, settings: Settings
) -> None:
    settings.RETURN_PATH = "bounces@status.example.com"
    address = return_path.address_of(delivery)
    at = len("bounces+") + place
    forged = address[:at] + letter + address[at + 1 :]
    read = return_path.read(forged)
    # The last letter of a name has bits that mean nothing; such a spelling is the same delivery.
    assert read is None or (read == delivery and (forged == address or place == 25))


@FIXED
@given(text=st.text(max_size=100))
def test_any_text_is_answered_with_nothing(text: str, settings: Settings) -> None:
    settings.RETURN_PATH = "bounces@status.example.com"
    assert return_path.read(text) is None
    assert return_path.read(f"bounces+{text}@status.example.com") is None


def test_an_old_key_still_counts_and_a_foreign_domain_does_not(settings: Settings) -> None:
    settings.RETURN_PATH = "bounces@status.example.com"
    delivery = uuid.uuid4()
    address = return_path.address_of(delivery)
    assert return_path.read(address.replace("status.example.com", "evil.example.net")) is None
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key"
    assert return_path.read(address) == delivery
    settings.SECRET_KEY_FALLBACKS = []
    assert return_path.read(address) is None


def test_without_the_setting_there_is_none(settings: Settings) -> None:
    settings.RETURN_PATH = ""
    assert return_path.address_of(uuid.uuid4()) == ""
    assert return_path.read("bounces+a-b@status.example.com") is None
