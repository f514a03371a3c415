"""`village-hub` and `python -m edge`: the one command of the house."""

from __future__ import annotations

import os
import sys

from edge.cli import run


def main() -> None:
    """Run the command line of this process and end with its exit status."""
    sys.exit(run(sys.argv[1:], os.environ))


if __name__ == "__main__":
    main()
