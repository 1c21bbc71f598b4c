"""The app config of policies."""

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    name = "policies"
    verbose_name = "Access"

    def ready(self) -> None:
        from policies import checks  # noqa: F401  (registers the checks)
