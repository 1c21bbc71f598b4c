"""Running the catalogue commands in tests, and what the database said before and after."""

from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from textwrap import dedent

from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Event
from policies.access.catalogue import state
from policies.models import Proposal

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "catalogue.example.yaml"
ADA = ("--as", "ada@example.com", "--reason", "tests")
NOTHING = "Nothing to do"


@dataclass(frozen=True)
class Ran:
    """`code` is the exit code; `said` is standard output, `error` what went to standard error."""

    code: int
    said: str
    error: str = ""


def apply(path: Path, *options: str) -> Ran:
    out = StringIO()
    try:
        call_command("apply_catalogue", str(path), *options, stdout=out)
    except CommandError as error:
        return Ran(error.returncode, out.getvalue(), str(error))
    return Ran(0, out.getvalue())


def export() -> str:
    out = StringIO()
    call_command("export_catalogue", stdout=out)
    return out.getvalue()


def written(folder: Path, text: str | bytes) -> Path:
    """A catalogue file with this text; text is dedented."""
    path = folder / "catalogue.yaml"
    path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    return path


def everything() -> tuple[object, int, int]:
    """What must not move when a file is refused."""
    return state.read(), Event.objects.count(), Proposal.objects.count()
