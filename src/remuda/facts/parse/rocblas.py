"""Which gfx targets a copy of rocBLAS carries kernels for, by the names of its files.

A card that is not among them ends the program at its first multiplication, whatever else was built for it; packagers
remove targets (Ollama since 0.12.4 those of Vega 20), so it is looked at and not concluded from versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LIBRARY = re.compile(r"TensileLibrary_(?:lazy_|.*_fallback_)?(gfx[0-9a-f]+)\.(?:dat|co|hsaco)")


def targets(names: Iterable[str]) -> tuple[str, ...]:
    """The targets that files of `rocblas/library` are for."""
    return tuple(sorted({match[1] for name in names if (match := _LIBRARY.fullmatch(name))}))
