"""What `manage.py` does before and after Django: servers up, plain lines for what the user can mend."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

from statuspage.local.commands import Need, servers_needed
from statuspage.local.servers import running
from statuspage.local.state import LocalError, state_folder


def tell(line: str) -> None:
    """Notices go to standard error: what a command prints may be read by a program."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def run(argv: Sequence[str]) -> int:
    """Runs one command line, program name included; returns its exit status."""
    with ending_in_order():
        try:
            return _run(argv)
        except LocalError as error:
            tell(str(error))
            return 2
        except KeyboardInterrupt:
            return 128 + signal.SIGINT


def _run(argv: Sequence[str]) -> int:
    needed = servers_needed(argv[1:])
    if needed is Need.SERVERS:
        with running(state_folder(), os.environ, tell) as addresses:
            os.environ.update(addresses)
            return _django(argv)
    if needed is Need.SUPERVISOR:
        from statuspage.local import demo

        return _unsound_settings() or demo.main(argv[2:])
    # makemigrations looks at the database if there is one, and warns at length if there is none.
    warnings.filterwarnings("ignore", "Got an error checking a consistent migration history")
    return _django(argv)


def _unsound_settings() -> int:
    """0 if they can be read. Asked in a process of its own: with Django in it the supervisor would take five
    times the memory for as long as it runs."""
    pid = os.fork()
    if pid == 0:
        os._exit(_read_settings())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _read_settings() -> int:
    from django.core.exceptions import ImproperlyConfigured

    try:
        import_module(os.environ["DJANGO_SETTINGS_MODULE"])
    except ImproperlyConfigured as error:
        tell(str(error))
        return 2
    return 0


def _django(argv: Sequence[str]) -> int:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(list(argv))
    except ImproperlyConfigured as error:
        tell(str(error))
        return 2
    return 0


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Makes a request to end (also a closed terminal) run every `finally` on its way out."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    wanted = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, leave) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
