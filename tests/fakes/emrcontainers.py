"""EMR on EKS: who started a job run and when, which stock moto leaves empty or rounds."""

from typing import Any

from moto.core.utils import utcnow
from moto.emrcontainers.responses import EMRContainersResponse

from tests.fakes import extend, sts


def _start(handler: Any, stock: Any) -> Any:
    answer = stock(handler)
    run = handler.emrcontainers_backend.job_runs[answer.result["id"]]
    run.created_at = utcnow()
    run.created_by = _caller(handler)
    return answer


def _caller(handler: Any) -> str:
    """The session's or user's ARN, as `createdBy` shows it [M: RequestIdentityUserArn]."""
    session = sts.session_of(handler.access_key)
    if session.role:
        name = session.role.rsplit("/", 1)[-1]
        return f"arn:aws:sts::{handler.current_account}:assumed-role/{name}/{session.name}"
    return f"arn:aws:iam::{handler.current_account}:user/{_user(handler)}"


def _user(handler: Any) -> str:
    from moto.iam.models import iam_backends

    users = iam_backends[handler.current_account]["aws"].users.values()
    owners = (u for u in users if any(k.access_key_id == handler.access_key for k in u.access_keys))
    found = next(owners, None)
    return f"{found.path.lstrip('/')}{found.name}" if found else "administrator"


def install() -> None:
    """Extend moto's EMR on EKS; once per process."""
    extend.around(EMRContainersResponse, "start_job_run", _start)
