"""`python -m tests.chaos`: see `tests.chaos.options` for what can be chosen."""

import sys

from tests.chaos import options, run

if __name__ == "__main__":
    sys.exit(run.main(options.read()))
