"""`python -m tests.fakes --port N`: see `tests.fakes.aws`."""

import sys

from tests.fakes.aws import main

if __name__ == "__main__":
    sys.exit(main())
