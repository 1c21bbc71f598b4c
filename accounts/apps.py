"""The app config of accounts: installs the append-only triggers after every migration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and record"

    def ready(self) -> None:
        from accounts import checks, triggers  # noqa: F401  (registers the checks)

        post_migrate.connect(triggers.install_after_migrate, sender=self)
