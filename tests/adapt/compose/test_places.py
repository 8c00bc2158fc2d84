from pathlib import PurePosixPath

import pytest

from remuda.adapt.compose.places import Places
from remuda.adapt.compose.tree import Value

FILE = PurePosixPath("models/q/vllm/compose/single/int4/long.yml")
KNOWN = Places(FILE, PurePosixPath("/srv/club/models/q/vllm/compose/single/int4"), "/home/me")
UNKNOWN = Places(FILE, None, None)
HERE = Value(None, FILE, None)
BASE = Value(None, PurePosixPath("models/base/a.yml"), None)


@pytest.mark.parametrize(
    ("path", "origin", "known", "unknown", "inside"),
    [
        ("/abs", HERE, "/abs", "/abs", None),
        ("./a", HERE, "/srv/club/models/q/vllm/compose/single/int4/a", f"./{FILE.parent}/a", f"{FILE.parent}/a"),
        ("../../../../../../scripts/x.sh", HERE, "/srv/club/scripts/x.sh", "./scripts/x.sh", "scripts/x.sh"),
        ("../../../../../../../out", HERE, "/srv/out", "./../out", None),
        ("../p", BASE, "/srv/club/models/p", "./models/p", "models/p"),
        ("~/m", HERE, "/home/me/m", "~/m", None),
        ("~", HERE, "/home/me", "~", None),
        ("~other/m", HERE, "~other/m", "~other/m", None),
    ],
)
def test_paths(path: str, origin: Value, known: str, unknown: str, inside: str | None) -> None:
    assert (KNOWN.on_host(path, origin), UNKNOWN.on_host(path, origin)) == (known, unknown)
    found = KNOWN.in_files(path, origin)
    assert (str(found) if found else None) == inside
