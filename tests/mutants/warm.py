"""A process that has loaded the libraries, and forks once per mutant: most of a run is loading.

One JSON list of pytest's arguments a line in, one exit code a line out. Nothing of the product is
loaded before the fork, so that each child reads the code as it stands then.
"""

import importlib
import json
import os
import sys

LIBRARIES = (
    "boto3",
    "botocore.session",
    "celery",
    "cryptography.fernet",
    "django.contrib.admin",
    "django.core.management",
    "django.db.models",
    "django.test",
    "hypothesis.stateful",
    "kombu",
    "pytest",
    "yaml",
)


def main() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    loaded = [name for name in sys.modules if name.split(".")[0] in {"accounts", "policies"}]
    assert not loaded, loaded
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(arguments: list[str]) -> None:
    import pytest

    log = os.open("pytest.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 3
    try:
        code = int(pytest.main(arguments))
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
