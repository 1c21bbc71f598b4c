"""An HTTP answer as a value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """`request_id`: the server's own name of it. `retry_after`: seconds it wants to pass first."""

    status: int
    body: bytes
    request_id: str
    retry_after: float = 0.0
