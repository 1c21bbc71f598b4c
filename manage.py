#!/usr/bin/env python3
"""Runs Gatehouse's management commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(missing(error)) from error
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from error
    except ModuleNotFoundError as error:
        raise SystemExit(missing(error)) from error


def missing(error: ImportError) -> str:
    return (
        f"The module “{error.name}” is missing. Run `make install`, "
        "then use .venv/bin/python manage.py."
    )


if __name__ == "__main__":
    main()
