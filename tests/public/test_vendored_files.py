"""Files of other projects are exactly what their release was."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "statuspage" / "static" / "vendor"


def test_every_vendored_file_is_the_released_one() -> None:
    listed = {}
    for package in json.loads((FOLDER / "manifest.json").read_text()).values():
        assert package["licence"]
        assert package["version"] in "".join(package["files"])
        listed.update(package["files"])
    for name, facts in listed.items():
        data = (FOLDER / name).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (facts["bytes"], facts["sha256"]), name
    assert {path.name for path in FOLDER.iterdir()} == {"manifest.json", *listed}
