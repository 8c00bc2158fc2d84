"""An installed Python package, from its `dist-info` folder: the package itself is never imported.

Sources: the PyPA specifications "Recording installed projects", "Core metadata" and "Binary distribution format".
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from email.parser import HeaderParser

from remuda.facts.software import Package

_EXTENSION = re.compile(r"\.so(\.\d+)*$|\.pyd$")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)\s*\(?\s*==\s*[^;,)]+\)?$")


def package(folder: str, metadata: str, wheel: str) -> Package:
    """What a package says of itself in METADATA and WHEEL. Raises KeyError when it has no name or version."""
    said = HeaderParser().parsestr(metadata)
    name, version = said["Name"], said["Version"]
    if not name or not version:
        raise KeyError("Name" if not name else "Version")
    local = version.partition("+")[2]
    pins = (text.strip() for text in said.get_all("Requires-Dist") or ())
    tags = HeaderParser().parsestr(wheel).get_all("Tag") or ()
    return Package(name, version, folder, local or None, tuple(tags), tuple(text for text in pins if _PIN.match(text)))


def extensions(record: str) -> Iterator[str]:
    """The compiled parts that RECORD lists, relative to the folder; libraries that come along are none of them."""
    for row in csv.reader(record.splitlines()):
        if row and _EXTENSION.search(row[0]) and ".libs/" not in row[0]:
            yield row[0]
