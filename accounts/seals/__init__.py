"""The sealed record: gapless positions, signed and chained. Formats: docs/audit.md."""

from accounts.seals.sealer import seal_waiting, unsealed_age_seconds

__all__ = ["seal_waiting", "unsealed_age_seconds"]
