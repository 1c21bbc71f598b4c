"""JSON logs, one line each, with the correlation id. No secret ever reaches a logger here.

Addresses of people and sign-in links are blotted out on the way: errors and paths quote them.
"""

import json
import logging
import re
from datetime import UTC, datetime

from accounts import context

# A mailed sign-in link is as good as a password until it was used.
_LINK = re.compile(r"(/account/password/reset/key/)[^\s\"'?]+")
_ADDRESS = re.compile(r"[^\s@\"'<>(),:;=]+@[^\s@\"'<>(),:;=]+\.[^\s@\"'<>(),:;=]+")


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _blotted(record.getMessage()),
            "correlation": _correlation(record),
            **context.facts(),
        }
        if record.exc_info:
            line["exception"] = _blotted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def _correlation(record: logging.LogRecord) -> str:
    """Django tells of a refused request after its middleware has ended: then the request knows."""
    request = getattr(record, "request", None)
    return getattr(request, "correlation", "") or context.correlation()


def _blotted(text: str) -> str:
    return _ADDRESS.sub("…@…", _LINK.sub(r"\1…", text))
