"""Texts that AWS and Kubernetes hold, as pure code: read, compared, edited, never guessed at."""
