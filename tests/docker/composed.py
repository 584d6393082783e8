"""The services of docker/compose.yaml as processes of this machine: same commands, environment and checks.

What a container would find at a fixed place (a name on its network, a mounted folder) is moved to where it is
here, by the table in `Machine`; nothing else differs. Needs PostgreSQL, Redis and nginx on this machine.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from statuspage.local.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
BIN = Path(sys.executable).parent
PATIENCE = 120.0  # seconds; nothing depends on how long it really took
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<word>[^}]*))?\}")
Command = tuple[str, ...]


def settings(text: str) -> dict[str, str]:
    """The variables of an .env file."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _equals, value in pairs}


def composed(variables: Mapping[str, str]) -> dict[str, Any]:
    """docker/compose.yaml with its variables filled in. Raises KeyError for a required one that is missing."""

    def fill(found: re.Match[str]) -> str:
        value = variables.get(found["name"], "")
        if not value and found["how"] == "?":
            raise KeyError(f"{found['name']}: {found['word']}")
        return value or (found["word"] or "" if found["how"] == "-" else "")

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return VARIABLE.sub(fill, value).replace("$$", "$")
        if isinstance(value, list):
            return [filled(each) for each in value]
        if isinstance(value, dict):
            return {name: filled(each) for name, each in value.items()}
        return value

    filled_in = filled(yaml.safe_load((DOCKER / "compose.yaml").read_text()))
    assert isinstance(filled_in, dict)
    return filled_in


def from_image(word: str) -> Command:
    """The last CMD of docker/Dockerfile, or the command of its HEALTHCHECK."""
    lines = (DOCKER / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    (line,) = [line for line in lines if line.startswith(word)]
    return tuple(json.loads(line[line.index("[") :]))


def postgres_programs() -> Path | None:
    """Where initdb and postgres are: Debian keeps them out of PATH."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def missing() -> list[str]:
    """The names of Debian's packages that a test of all processes needs and this machine lacks."""
    lacking = [] if postgres_programs() else ["postgresql"]
    programs = {"redis-server": "redis-server", "nginx": "nginx", "wget": "wget"}
    return lacking + [package for program, package in programs.items() if not _which(program)]


def _which(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass
class Machine:
    """Everything below `folder`; .env is the example with what differs here. Mail goes to port `relay`."""

    folder: Path
    ports: dict[str, int] = field(init=False)
    services: dict[str, Any] = field(init=False)
    variables: dict[str, str] = field(init=False)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = ("postgres", "redis", "web", "edge", "relay")
        numbers: set[int] = set()
        while len(numbers) < len(names):
            numbers.add(free_port())
        self.ports = dict(zip(names, numbers, strict=True))
        example = settings((DOCKER / ".env.example").read_text())
        own = {"BASE_URL": self.url, "ALLOWED_HOSTS": "127.0.0.1"}
        mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(self.ports["relay"])}
        bare = {"EMAIL_USER": "", "EMAIL_TLS": "0"}
        self.variables = example | own | mail | bare
        self.services = composed(self.variables)["services"]
        for name in ("secrets", "tmp", "published"):
            (self.folder / name).mkdir()
        # In their containers some run as other accounts than the application does.
        self.folder.chmod(0o711)
        (self.folder / "tmp").chmod(0o1777)
        (self.folder / "secrets" / "secret_key").write_text(
            "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        )
        (self.folder / "secrets" / "postgres_password").write_text("secret")
        (self.folder / "secrets" / "metrics_token").write_text("watcher")
        for name in ("email_password", "mail_provider_key", "mail_provider_webhook"):
            (self.folder / "secrets" / name).write_text("")
        url = f"postgresql://statuspage:secret@postgres:{self.ports['postgres']}/statuspage"
        (self.folder / "secrets" / "database_url").write_text(self.here(url))
        for name in ("nginx.conf", "edge.sh"):
            (self.folder / name).write_text(self.here((DOCKER / name).read_text()))

    @property
    def url(self) -> str:
        """Where the edge listens."""
        return f"http://127.0.0.1:{self.ports['edge']}"

    @property
    def published(self) -> Path:
        return self.folder / "published"

    def here(self, text: str) -> str:
        """A text with the places of a container replaced by those of this machine."""
        places = {
            "http://web:8000": f"http://127.0.0.1:{self.ports['web']}",
            "redis://redis:6379": f"redis://127.0.0.1:{self.ports['redis']}",
            "@postgres:": "@127.0.0.1:",
            "'127.0.0.1', 8000": f"'127.0.0.1', {self.ports['web']}",
            "127.0.0.1:8080": f"127.0.0.1:{self.ports['edge']}",
            "listen 8080": f"listen 127.0.0.1:{self.ports['edge']}",
            "/run/secrets/": f"{self.folder}/secrets/",
            "/var/lib/statuspage/published": str(self.published),
            "/etc/nginx/": f"{self.folder}/",
            "/tmp/": f"{self.folder}/tmp/",  # noqa: S108 - the container's
        }
        # In one pass: what was put in is not looked at again.
        return re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], text)

    def command(self, service: str) -> Command:
        parts = self.services[service].get("command")
        return self._local(parts if parts is not None else from_image("CMD "), service)

    def _local(self, parts: Sequence[str], service: str) -> Command:
        program, *rest = parts
        if service == "web":
            moved = {"8000": str(self.ports["web"]), "0.0.0.0": "127.0.0.1"}  # noqa: S104 - and so it is not opened
            rest = [moved.get(part, part) for part in rest]
        port, data = str(self.ports["redis"]), str(self.folder / "tmp")
        redis: dict[str, Command] = {
            "valkey-server": (
                *("redis-server", "--bind", "127.0.0.1", "--port", port),
                "--dir",
                data,
            ),
            "valkey-cli": ("redis-cli", "-p", port),
        }
        first = redis.get(program, (program,))
        return (*first, *(self.here(part) for part in rest))

    def environment(self, service: str) -> dict[str, str]:
        """What the service is given, and the way to our own programs; nothing else of this process."""
        own = self.services[service].get("environment", {})
        if "env_file" in self.services[service]:
            own = self.variables | own
        return {
            "PATH": f"{BIN}:{postgres_programs()}:/usr/local/bin:/usr/bin:/bin:/usr/sbin",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.ports["postgres"]),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "STATE": str(self.folder / "state"),
            "PUBLISHED_DIR": str(self.published),
            **{name: self.here(str(value)) for name, value in own.items()},
        }

    def start(self, service: str, number: int = 1) -> None:
        """Starts a service, or one more of it; ends with the test process in any case (see `stop`)."""
        account = None
        if service in ("postgres", "edge") and os.geteuid() == 0:
            account = "postgres" if service == "postgres" and _is_account("postgres") else "nobody"
        command = self.command(service) if service != "postgres" else self._postgres(account)
        log = (self.folder / f"{service}-{number}.log").open("ab")
        Path(log.name).chmod(0o666)  # nginx opens its standard output by name
        with log:
            self.running[f"{service}-{number}"] = subprocess.Popen(
                command,
                cwd=ROOT if "image" not in self._image(service) else "/",
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=account,
                group="nogroup" if account == "nobody" else account,
                extra_groups=None if account is None else [],
            )

    def _image(self, service: str) -> tuple[str, ...]:
        return () if "build" in self.services[service] else ("image",)

    def _postgres(self, account: str | None) -> Command:
        """What the image of PostgreSQL does with these variables."""
        given, programs = self.environment("postgres"), postgres_programs()
        data = self.folder / "postgres"
        if not data.exists():
            data.mkdir(mode=0o700)
            if account is not None:
                shutil.chown(data, account, "nogroup" if account == "nobody" else account)
            user = given["POSTGRES_USER"]
            key = self.folder / "tmp" / "key"
            key.write_text(Path(given["POSTGRES_PASSWORD_FILE"]).read_text())
            key.chmod(0o644)
            initdb = f"{programs}/initdb -D {data} -U {user} --pwfile={key} -A scram-sha-256"
            single = f"{programs}/postgres --single -F -D {data} postgres"
            create = f"CREATE DATABASE {given['POSTGRES_DB']};\n"
            for command, text in ((f"{initdb} -E UTF8 --no-sync", ""), (single, create)):
                group = "nogroup" if account == "nobody" else account
                subprocess.run(
                    shlex.split(command), input=text, text=True, check=True, capture_output=True,
                    cwd="/", user=account, group=group, extra_groups=None if account is None else [],
                )  # fmt: skip
        place = f"-h 127.0.0.1 -p {self.ports['postgres']} -k {self.folder / 'tmp'}"
        return (f"{programs}/postgres", "-D", str(data), *place.split(), "-c", "fsync=off")

    def healthy(self, service: str) -> bool:
        """What the health check of the service says; True where it has none."""
        check = self.services[service].get("healthcheck", {})
        if check.get("disable"):
            return True
        kind, *parts = check.get("test", ["CMD", *from_image("HEALTHCHECK ")])
        if kind == "CMD-SHELL":
            command: Command = ("sh", "-c", self.here(parts[0]))
        else:
            command = self._local(parts, "check")
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(service), capture_output=True, check=False
        )
        return done.returncode == 0

    def up(self, *services: str) -> None:
        """Starts them in this order and waits for each one's health check."""
        for service in services:
            self.start(service)
        for service in services:
            self.wait(service)

    def wait(self, service: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.healthy(service):
            assert self.running[f"{service}-1"].poll() is None, (
                f"{service} ended: {self.log(service)}"
            )
            assert time.monotonic() < end, f"{service} is not healthy: {self.log(service)}"
            time.sleep(0.2)

    def run(self, service: str, *arguments: str) -> str:
        """Runs a service, or another command in its place, to the end; returns what it printed."""
        done = subprocess.run(
            arguments or self.command(service),
            cwd=ROOT, env=self.environment(service), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def log(self, service: str) -> str:
        return (self.folder / f"{service}-1.log").read_text(errors="replace")[-2000:]

    def kill(self, *services: str) -> None:
        """kill -9, with their children."""
        for name in [n for n in self.running if n.rpartition("-")[0] in services]:
            process = self.running.pop(name)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop(self) -> None:
        self.kill(*{name.rpartition("-")[0] for name in self.running})


def _is_account(name: str) -> bool:
    return subprocess.run(["id", name], capture_output=True, check=False).returncode == 0
