"""What the first request has loaded is not looked through for garbage later, nor a batch while it is made."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from django.test import Client

from statuspage import garbage_collection


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.django_db
def test_what_is_loaded_by_the_first_request_is_spared_and_what_comes_later_is_not(
    client: Client, thawed: None
) -> None:
    garbage_collection.spare_what_is_loaded()
    before = gc.get_freeze_count()
    client.get("/service-health/sign-in/")
    spared = gc.get_freeze_count()
    assert spared > before + 10_000
    client.get("/service-health/sign-in/")
    assert gc.get_freeze_count() <= spared  # some of it has gone


def test_a_batch_of_deliveries_is_not_looked_through_while_it_is_made() -> None:
    before = gc.get_threshold()
    try:
        garbage_collection.look_less_often()
        gc.collect()
        passes = sum(each["collections"] for each in gc.get_stats())
        batch = [{"delivery": number} for number in range(20_000)]
        assert sum(each["collections"] for each in gc.get_stats()) == passes, len(batch)
    finally:
        gc.set_threshold(*before)
