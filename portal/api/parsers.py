"""Reading a body: strict JSON in UTF-8 (RFC 8259 §8.1), nothing that two readers read apart."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """JSON in UTF-8 whatever charset is claimed: a codec is not for the caller to choose.

    Refuses a name given twice, NaN and Infinity, lone surrogates, and endless nesting.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value. Raises ParseError."""
        try:
            data = json.loads(
                stream.read().decode("utf-8"),
                object_pairs_hook=_unique,
                parse_constant=_no_constant,
            )
            json.dumps(data, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise ParseError(_("This is not valid JSON in UTF-8: %s") % error) from error
        return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same name is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
