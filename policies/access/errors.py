"""What a verb says when it refuses. Pages, admin and API show the same words."""

from typing import Any

from policies.models import Request


class Refused(Exception):
    """A verb's no. `field` names the input that is wrong, empty when none alone is.

    `code` is stable for programs; `message` says what is wrong and what to do.
    """

    def __init__(self, code: str, message: Any, *, field: str = "") -> None:
        self.code = code
        self.message = str(message)
        self.field = field
        super().__init__(self.message)


class AlreadyDecided(Refused):
    """Somebody else was first."""

    def __init__(self, request: Request, message: Any) -> None:
        super().__init__("already_decided", message)
        self.request = request


class StaleEffect(Refused):
    """What would be applied is not what was shown; the page shows the new preview."""

    def __init__(self, request: Request, message: Any) -> None:
        super().__init__("stale_effect", message)
        self.request = request
