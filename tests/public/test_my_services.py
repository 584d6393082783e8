"""My services: an address names them; one sentence and their states answer, whatever else it names."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from statuspage.public.query import my_services
from statuspage.public.query.filtered import ASSEMBLERS, assemble
from statuspage.public.render.page import Page
from statuspage.public.renderer import render_site
from statuspage.public.serve.app import public_site
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import write_generation
from tests.public import snapshots
from tests.public.sites import ask as ask_web

CALM = render_site(snapshots.calm())
NIGHT = render_site(snapshots.bad_night())


def answer(site: object, path: str = "/status/", **query: str) -> Page:
    page = assemble(path, query, site)  # type: ignore[arg-type]  # a Site has all that is read
    assert page is not None
    return page


def title(page: Page) -> str:
    return page.body.decode().partition("<h1>")[2].partition("</h1>")[0]


def test_nothing_public_is_said_in_one_sentence() -> None:
    page = answer(CALM, services="storage,key-vault")
    assert title(page) == "No public incident touches your 2 services."


def test_what_is_affected_comes_first_and_is_counted() -> None:
    page = answer(NIGHT, services="data-lake,key-vault")
    assert title(page) == "1 of your services is affected in East US and West Europe."
    text = page.body.decode()
    assert text.index("Key Vault") < text.index("Data Lake")


def test_a_place_is_named_only_where_it_is_true_of_each_service() -> None:
    page = answer(NIGHT, services="resource-manager,key-vault")
    assert title(page) == "2 of your services are affected."
    page = answer(NIGHT, services="resource-manager,key-vault", regions="west-europe,japan-east")
    assert title(page) == "2 of your services are affected in West Europe."


def test_regions_leave_out_what_happens_elsewhere() -> None:
    here = answer(NIGHT, services="key-vault", regions="west-europe")
    there = answer(NIGHT, services="key-vault", regions="japan-east")
    assert title(here) == "1 of your services is affected in West Europe."
    assert title(there) == "No public incident touches your service in Japan East."


def test_what_is_not_offered_in_these_regions_is_said_and_not_counted() -> None:
    page = answer(CALM, services="migrate,storage", regions="brazil-south,canada-central")
    assert title(page) == (
        "No public incident touches your 2 services in Brazil South and Canada Central."
    )
    assert "not offered in Brazil South<" in page.body.decode()
    page = answer(CALM, services="migrate,storage", regions="brazil-south")
    assert title(page) == "No public incident touches your service in Brazil South."
    page = answer(CALM, services="migrate", regions="brazil-south")
    assert title(page) == "None of your services is offered there."
    assert "<b>Good</b>" not in page.body.decode()
    # What has no region is there for everybody.
    page = answer(CALM, services="portal", regions="brazil-south")
    assert title(page) == "No public incident touches your service in Brazil South."


def test_without_a_service_there_is_the_form_to_choose_with() -> None:
    page = answer(CALM, services="")
    assert title(page) == "Choose the services that you use."
    assert 'name="services" value="key-vault"' in " ".join(page.body.decode().split())
    assert b"data-keep" not in page.body


def test_what_is_chosen_is_ticked_and_a_region_is_not_mistaken_for_a_service() -> None:
    page = " ".join(answer(CALM, services="storage", regions="west-europe").body.decode().split())
    assert 'value="storage" checked' in page
    assert 'value="west-europe" checked' in page
    assert page.count(" checked") == 2


def test_names_that_the_catalogue_lacks_are_told_and_left_out() -> None:
    page = answer(CALM, services='storage,"><script>', regions="atlantis")
    assert title(page) == "No public incident touches your service."
    assert b"left out: &quot;&gt;&lt;script&gt;, atlantis" in page.body


def test_another_language_answers_in_its_own() -> None:
    page = answer(CALM, "/de/status/", services="storage")
    assert 'action="/de/status/"' in page.body.decode()


def test_ticked_boxes_that_arrive_one_by_one_are_one_list(tmp_path: Path) -> None:
    write_generation(tmp_path, NIGHT)
    store = Store(tmp_path)
    store.look()
    web = public_site(store, ASSEMBLERS, lambda *_: [], keys=my_services.FIELDS)
    ticked = ask_web(web, "/status/", "services=key-vault&services=data-lake")
    listed = ask_web(web, "/status/", "services=key-vault,data-lake")
    assert ticked.status == 200
    assert ticked.body == listed.body
    assert not {name for name in ticked.headers if name.casefold() == "set-cookie"}


@given(services=st.text(max_size=80), regions=st.text(max_size=80))
def test_any_query_gets_a_page(services: str, regions: str) -> None:
    page = answer(NIGHT, services=services, regions=regions)
    assert page.status == 200
    assert page.body.decode().count("<h1>") == 1
