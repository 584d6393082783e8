from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from statuspage.local import places, postgres, processes, valkey
from statuspage.local.servers import Servers
from statuspage.local.state import LocalError, open_state


def remember(servers: Servers, value: str) -> None:
    """Writes the value into both servers."""
    addresses = servers.environment()
    with psycopg.connect(addresses["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept (value text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [value])
    with redis.Redis.from_url(addresses["REDIS_URL"]) as client:
        client.delete("kept")
        client.rpush("kept", value)


def remembered(servers: Servers) -> tuple[list[str], list[str]]:
    """What both servers still know."""
    addresses = servers.environment()
    with psycopg.connect(addresses["DATABASE_URL"]) as connection:
        rows = [row[0] for row in connection.execute("SELECT value FROM kept ORDER BY value")]
    with redis.Redis.from_url(addresses["REDIS_URL"], decode_responses=True) as client:
        listed = client.lrange("kept", 0, -1)
    assert isinstance(listed, list)
    return rows, sorted(str(item) for item in listed)


def test_data_is_there_again_at_the_next_start(servers: Servers, notes: list[str]) -> None:
    assert servers.start(notes.append) == ("postgres", "valkey")
    remember(servers, "one")
    addresses = servers.environment()
    servers.stop()
    assert servers.pids() == {}
    assert servers.start(notes.append) == ("postgres", "valkey")
    assert remembered(servers) == (["one"], ["one"])
    assert servers.environment() == addresses
    assert notes == []


def test_the_database_has_no_port_and_wants_a_password(servers: Servers, notes: list[str]) -> None:
    servers.start(notes.append)
    address = servers.environment()["DATABASE_URL"]
    with psycopg.connect(address) as connection:
        shown = [
            connection.execute(f"SHOW {name}").fetchone()
            for name in ("listen_addresses", "data_checksums", "server_encoding", "fsync")
        ]
        lower = connection.execute("SELECT lower('ÉTÉ')").fetchone()
    assert shown == [("",), ("on",), ("UTF8",), ("on",)]
    assert lower == ("été",)
    password = (servers.state.folder / "postgres-password").read_text().strip()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(address.replace(password, "guessed"))


def test_the_broker_wants_a_password_and_listens_on_the_loopback(
    servers: Servers, notes: list[str]
) -> None:
    servers.start(notes.append)
    address = servers.environment()["REDIS_URL"]
    with redis.Redis.from_url(address) as client:
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    stranger = redis.Redis.from_url(address.replace("redis://:", "redis://:x"))
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_killed_servers_recover_what_was_written(servers: Servers, notes: list[str]) -> None:
    servers.start(notes.append)
    remember(servers, "one")
    with redis.Redis.from_url(servers.environment()["REDIS_URL"]) as client:
        client.waitaof(1, 0, 5000)  # its file is written once a second
    for pid in servers.pids().values():
        os.kill(pid, signal.SIGKILL)
        assert processes.wait_ended(pid, 5)
    assert servers.pids() == {}
    servers.start(notes.append)
    assert remembered(servers) == (["one"], ["one"])
    assert "PostgreSQL was not stopped in order last time: it recovers by itself" in notes


def test_a_stale_pid_file_that_names_a_stranger_is_no_obstacle(
    servers: Servers, notes: list[str]
) -> None:
    """A number is given away again; PostgreSQL alone would refuse, and nobody may end the stranger."""
    servers.start(notes.append)
    servers.stop()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        for server in servers.members:
            home = server.place.data if isinstance(server, postgres.Postgres) else server.folder
            name = "postmaster.pid" if isinstance(server, postgres.Postgres) else "valkey.pid"
            (home / name).write_text(f"{stranger.pid}\n{home}\n")
        assert servers.pids() == {}
        servers.stop()
        assert servers.start(notes.append) == ("postgres", "valkey")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_running_servers_are_adopted_and_a_frozen_one_is_started_again(
    servers: Servers, notes: list[str]
) -> None:
    servers.start(notes.append)
    pids = servers.pids()
    assert servers.start(notes.append) == ()
    assert servers.pids() == pids
    os.kill(pids["valkey"], signal.SIGSTOP)
    assert servers.start(notes.append) == ("valkey",)
    assert servers.pids()["valkey"] != pids["valkey"]
    assert servers.pids()["postgres"] == pids["postgres"]
    assert "valkey runs and does not answer: starting it again" in notes


def test_the_broker_moves_to_another_port_when_its_own_was_taken(
    servers: Servers, notes: list[str]
) -> None:
    broker = servers.members[1]
    broker.start(notes.append)
    first = broker.url()
    broker.stop()
    with socket.create_server(("127.0.0.1", int(first.rsplit(":", 1)[1].split("/")[0]))):
        broker.start(notes.append)
        assert broker.url() != first
        assert broker.answers()


def test_a_broker_file_that_cannot_be_read_is_put_aside(servers: Servers, notes: list[str]) -> None:
    broker = servers.members[1]
    assert isinstance(broker, valkey.Valkey)
    broker.start(notes.append)
    broker.stop()
    for part in (broker.folder / "appendonlydir").iterdir():
        part.write_bytes(b"nonsense\n" * 40)
    broker.start(notes.append)
    assert broker.answers()
    assert "Valkey can't read its old data: put aside" in notes


def test_an_interrupted_first_start_is_begun_anew(folder: Path, notes: list[str]) -> None:
    database = postgres.embedded(open_state(folder / "state"), notes.append, hasty=True)
    draft = database.place.home / "data.draft"
    draft.mkdir()
    (draft / "half").write_text("made")
    try:
        database.start(notes.append)
        assert database.answers()
        assert not draft.exists()
        assert notes == ["creating the database"]
    finally:
        database.stop()


def test_data_of_another_version_is_left_alone_and_named(
    servers: Servers, notes: list[str]
) -> None:
    database = servers.members[0]
    assert isinstance(database, postgres.Postgres)
    version = database.place.data / "PG_VERSION"
    ours = version.read_text()
    version.write_text("15\n")
    try:
        with pytest.raises(LocalError, match="made by PostgreSQL 15 and 18 is installed"):
            database.start(notes.append)
    finally:
        version.write_text(ours)


def test_a_lost_password_is_named_before_anything_is_started(
    servers: Servers, notes: list[str]
) -> None:
    kept = servers.state.folder / "postgres-password"
    lost = kept.rename(kept.with_name("lost"))
    try:
        with pytest.raises(LocalError, match="lost its password"):
            postgres.embedded(servers.state, notes.append)
    finally:
        lost.rename(kept)


def test_a_path_too_long_for_a_socket_works(folder: Path, notes: list[str]) -> None:
    deep = folder / ("a-long-name-" * 5) / ("another-long-name-" * 5) / "state"
    state = open_state(deep)
    database = postgres.embedded(state, notes.append, hasty=True)
    try:
        database.start(notes.append)
        assert database.answers()
        assert len(os.fsencode(database.place.home / "run" / places.SOCKET_NAME)) > 107
        assert not database.place.socket.is_relative_to(folder)
        assert database.place.socket.stat().st_mode & 0o077 == 0
    finally:
        database.stop()
        database.place.socket.rmdir()


def test_a_short_socket_folder_made_by_somebody_else_is_refused(
    folder: Path, notes: list[str]
) -> None:
    deep = folder / ("a-long-name-" * 5) / ("another-long-name-" * 5) / "state"
    state = open_state(deep)
    ours = postgres.embedded(state, notes.append).place.socket
    ours.rmdir()
    target = folder / "elsewhere"
    target.mkdir()
    ours.symlink_to(target)
    try:
        with pytest.raises(LocalError, match="belongs to somebody else"):
            postgres.embedded(state, notes.append, hasty=True)
    finally:
        ours.unlink()


def test_a_state_folder_below_a_closed_one_works(
    folder: Path, shared: Path, notes: list[str]
) -> None:
    """For root the files move to where the database's account can reach them; nothing is opened up."""
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    state = open_state(closed / "state")
    database = postgres.embedded(state, notes.append, hasty=True)
    try:
        database.start(notes.append)
        assert database.answers()
        assert closed.stat().st_mode & 0o777 == 0o700
        moved = database.place.home.is_relative_to(shared)
        assert moved == (os.geteuid() == 0)
        assert bool(notes[0].startswith(f"{state.folder} is closed to")) == moved
    finally:
        database.stop()


def test_data_kept_elsewhere_goes_with_its_deleted_state_folder(
    folder: Path, shared: Path, notes: list[str]
) -> None:
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    first = postgres.embedded(open_state(closed / "state"), notes.append, hasty=True)
    first.start(notes.append)
    orphan = first.pid()
    assert orphan is not None
    shutil.rmtree(closed / "state")
    second = postgres.embedded(open_state(closed / "state"), notes.append, hasty=True)
    try:
        second.start(notes.append)
        assert second.answers()
        assert second.password != first.password
    finally:
        second.stop()
        processes.stop(orphan, (signal.SIGINT, 5.0))
