"""Environments for the child processes of demo and smoke: nothing of the caller's leaks in."""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

REGION = "us-east-1"
# Settings that would lead a demo or smoke run into somebody's real installation.
OURS = {
    *("DATABASE_URL", "CELERY_BROKER_URL", "CELERY_BROKER_FOLDER", "CACHE_URL", "STATE_DIR"),
    *("SECRET_KEY", "SECRET_KEY_FALLBACKS", "ENCRYPTION_KEYS", "ALLOWED_HOSTS", "BASE_URL"),
    *("TRUSTED_PROXIES", "EMAIL_BACKEND", "KUBECONFIG_FOLDER", "DEBUG", "DEMO", "PACE"),
    *("PASS_DEADLINE_SECONDS", "TASK_LIMIT_SECONDS", "LEASE_SECONDS", "AWS_READ_TIMEOUT_SECONDS"),
    *("AWS_CONNECT_TIMEOUT_SECONDS", "GATEHOUSE_DEMO_HOLDS_URL", "METRICS_TOKEN"),
    *("AUDIT_SIGNING_KEYS", "AUDIT_SEAL_FILE"),
}
BESIDE = ("127.0.0.1", "localhost")


def clean(**extra: str) -> dict[str, str]:
    """The caller's environment without its Gatehouse settings, with `extra`."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    no_proxy = ",".join([*filter(None, [os.environ.get("NO_PROXY", "")]), *BESIDE])
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(settings.BASE_DIR),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        **extra,
    }


def missing_module(*names: str) -> str:
    """What to do about the first of these modules that is not installed; empty when all are."""
    missing = [one for one in names if importlib.util.find_spec(one) is None]
    return f"the module “{missing[0]}” is missing. Run `make install`." if missing else ""


def given_aws() -> str:
    """The AWS endpoint the caller has set in AWS's own variables; empty when none is set."""
    names = sorted(one for one in os.environ if one.startswith("AWS_ENDPOINT_URL"))
    return next((os.environ[one] for one in names if os.environ[one]), "")


def of_fake(environment: Mapping[str, str], address: str, key: Mapping[str, str]) -> dict[str, str]:
    """The environment with every AWS variable replaced, so that only the fake can be meant."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    nowhere = str(Path(os.devnull))
    return {
        **kept,
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def placeholder_key(endpoint: str) -> dict[str, str]:
    """A stand-in for AWS on this machine takes any key; the caller may have none set."""
    if not is_beside(endpoint) or any(map(os.environ.get, ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"))):
        return {}
    return {"AWS_ACCESS_KEY_ID": "gatehouse", "AWS_SECRET_ACCESS_KEY": "gatehouse"}


def is_beside(endpoint: str) -> bool:
    """Whether an address is on this machine."""
    return urlsplit(endpoint).hostname in BESIDE
