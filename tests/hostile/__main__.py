"""`STATE=… python -m tests.hostile http://127.0.0.1:8000`: some thousand tries to do what must not be done.

Against a demo on this machine (loopback alone, never another one), whose database it fills with people and tenants of
its own. Prints the table of docs/threat-model.md, and each try that did not hold; exit status 1 if there is one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from statuspage.local.servers import running


def main() -> int:
    address = urlsplit(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
    if address.hostname != "127.0.0.1":
        sys.stderr.write("This looks for holes: it is run against 127.0.0.1 alone.\n")
        return 2
    os.environ["DJANGO_SETTINGS_MODULE"] = "statuspage.settings"
    with running(Path(os.environ["STATE"]), os.environ, lambda _: None) as servers:
        os.environ.update(servers)
        import django

        django.setup()
        from tests.hostile import attacks, door, portal

        chosen: list[Callable[[door.House], None]] = [
            each
            for each in (*attacks.ALL, portal.portal)
            if not sys.argv[2:] or each.__name__ in sys.argv[2:]
        ]
        house = door.House(address.port or 80)
        for attack in chosen:
            attack(house)
            sys.stdout.write(f"{house.table()[-2]}\n")
            sys.stdout.flush()
    sys.stdout.write("\n".join(["", *house.table(), ""]))
    for failed in house.failed:
        sys.stdout.write(f"DID NOT HOLD: {failed}\n")
    return 1 if house.failed else 0


if __name__ == "__main__":
    sys.exit(main())
