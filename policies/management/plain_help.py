"""Help texts of our commands, printed as they are written."""

from typing import Any

from django.core.management.base import CommandParser, DjangoHelpFormatter


class _Plain(DjangoHelpFormatter):
    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "".join(indent + line for line in text.splitlines(keepends=True))


class PlainHelp:
    """Mix in before BaseCommand: `--help` keeps the line breaks of `help`."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs["formatter_class"] = _Plain
        parser: CommandParser = super().create_parser(  # type: ignore[misc]
            prog_name, subcommand, **kwargs
        )
        return parser
