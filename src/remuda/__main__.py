"""`python -m remuda`."""

from __future__ import annotations

from remuda.cli.main import main

if __name__ == "__main__":
    main()
