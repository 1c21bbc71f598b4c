"""Token buckets: how AWS limits the rate of calls, per account and limit that was set up."""

import time


class Buckets:
    """One bucket per key. It starts full, holds `burst` and gains `per_second`."""

    def __init__(self) -> None:
        self._levels: dict[tuple[int, str], tuple[float, float]] = {}

    def spend(self, key: tuple[int, str], per_second: float, burst: float) -> bool:
        """Take one token. False: the bucket is empty, the call is over the rate."""
        now = time.monotonic()
        level, at = self._levels.get(key, (burst, now))
        level = min(burst, level + (now - at) * per_second)
        allowed = level >= 1.0
        self._levels[key] = (level - 1.0 if allowed else level, now)
        return allowed

    def clear(self) -> None:
        """All are full again."""
        self._levels.clear()
