"""What can be said of docker/ without running it: its schema, its style, and that its parts fit together."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from statuspage.public.query.filtered import FILTERS
from statuspage.public.render.page import Page
from statuspage.public.store.current_generation import STALE_AFTER
from statuspage.public.store.headers import LONG, POLICY, SHORTLY
from tests.docker.composed import BIN, DOCKER, ROOT, composed, from_image, settings

EXAMPLE = (DOCKER / ".env.example").read_text()
NGINX = (DOCKER / "nginx.conf").read_text()
OURS = ("migrate", "web", "publisher", "worker")


def test_the_compose_file_follows_the_specification() -> None:
    check = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker/compose.yaml"]
    done = subprocess.run(
        [BIN / check[0], *check[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_image_is_written_as_hadolint_wants_it() -> None:
    done = subprocess.run(
        [BIN / "hadolint", "docker/Dockerfile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_example_names_every_variable_and_no_other() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DOCKER / "compose.yaml").read_text()))
    assert set(settings(EXAMPLE)) == asked


@pytest.mark.parametrize("name", ["BASE_URL", "ALLOWED_HOSTS", "MAIL_FROM", "EMAIL_HOST"])
def test_a_variable_that_nobody_can_guess_is_asked_for(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        composed(settings(EXAMPLE) | {name: ""})


def test_our_containers_can_write_nowhere_but_to_the_published_pages() -> None:
    services = composed(settings(EXAMPLE))["services"]
    for name in (*OURS, "edge"):
        service = services[name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        writable = [v for v in service.get("volumes", []) if not v.endswith(":ro")]
        assert len(writable) == (name == "publisher"), name
    image = (DOCKER / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", image.rpartition("FROM ")[2], re.MULTILINE)
    assert services["edge"]["user"] == "101:101"


def test_no_secret_is_in_an_environment() -> None:
    document = composed(settings(EXAMPLE))
    files = {name: one["file"] for name, one in document["secrets"].items()}
    for name, service in document["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|DATABASE_URL|_KEY|TOKEN|WEBHOOK", variable):
                assert value == f"/run/secrets/{variable.removesuffix('_FILE').lower()}", name
                assert value.rpartition("/")[2] in service["secrets"], name
    for file in files.values():
        assert f"> {file}" in EXAMPLE, "the example says how each secret is made"
    assert {variable for variable in settings(EXAMPLE) if "PASSWORD" in variable} == set()


def test_workers_can_be_many() -> None:
    worker = composed(settings(EXAMPLE))["services"]["worker"]
    assert not {"container_name", "ports"} & set(worker)


def test_page_and_edge_wait_for_no_backend() -> None:
    services = composed(settings(EXAMPLE))["services"]
    assert "depends_on" not in services["web"]
    assert services["edge"]["depends_on"] == ["web"]


def test_the_commands_of_image_and_compose_file_exist() -> None:
    services = composed(settings(EXAMPLE))["services"]
    for command in (from_image("CMD "), *(services[n]["command"] for n in OURS if n != "web")):
        program = Path(sys.executable) if command[0] == "python" else BIN / command[0]
        assert program.exists(), command
    for source in re.findall(
        r"^COPY (?!--from)(.+) \S+$", (DOCKER / "Dockerfile").read_text(), re.M
    ):
        for name in shlex.split(source):
            assert (ROOT / name).exists(), name


def test_the_edge_knows_the_rules_of_the_application() -> None:
    """Those that no comparison of pages would show: see test_the_composed_product for the rest."""
    (keys,) = re.findall(r"\^\|&\)\(([\w|]+)\)=", NGINX)
    assert set(keys.split("|")) == {"trackingId", "pairs", *FILTERS}
    assert f'"{POLICY}"' in NGINX
    usual = f"max-age={Page(b'').max_age}, stale-while-revalidate={SHORTLY}, stale-if-error={LONG}"
    assert f'"public, {usual}"' in NGINX
    minutes = re.findall(r"-mmin -(\d+)", (DOCKER / "edge.sh").read_text())
    assert [int(each) * 60 for each in minutes] == [STALE_AFTER]


def test_bodies_that_arrive_at_the_edge_fill_a_place_of_their_own_and_of_a_size() -> None:
    places = dict(
        each.split(":") for each in composed(settings(EXAMPLE))["services"]["edge"]["tmpfs"]
    )
    (bodies,) = re.findall(r"client_body_temp_path (\S+);", NGINX)
    assert "size=64m" in places.pop(bodies)
    (shown,) = re.findall(r"^shown=(\S+)$", (DOCKER / "edge.sh").read_text(), re.MULTILINE)
    assert "size=256m" in places.pop(shown)


def test_no_service_fills_the_memory_of_its_host() -> None:
    for name, service in composed(settings(EXAMPLE))["services"].items():
        assert all("size=" in place for place in service.get("tmpfs", [])), name
