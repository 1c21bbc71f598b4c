"""AWS, and nothing but AWS: calls as one identity in one region.

Turns sessions into calls and every failure into an `outcomes.Outcome`. Notes each call's
request id and AWS's own date in a journal, so that the record can name them.
"""

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import exceptions as boto
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import ResponseParserError
from botocore.signers import RequestSigner

from policies.documents import aws_answers
from policies.outcomes import Kind, Outcome
from policies.sessions import Session, Timeouts, acting

_NOT_SENT = (
    boto.EndpointConnectionError,
    boto.ConnectTimeoutError,
    boto.ProxyConnectionError,
)
# What a page carries when another follows: every token and flag of the services' paginators.
_MORE = (
    "nextToken",
    "NextToken",
    "NextPageToken",
    "PageToken",
    "NextMarker",
    "Marker",
    "ContinuationToken",
    "NextContinuationToken",
)
_FLAGS = ("IsTruncated", "Truncated")


@dataclass
class Journal:
    """What AWS called our requests: one entry per call that changed something or failed."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    def note(self, operation: str, answer: dict[str, Any]) -> None:
        meta = answer.get("ResponseMetadata", {})
        headers = meta.get("HTTPHeaders", {})
        self.entries.append(
            {
                "operation": operation,
                "request_id": meta.get("RequestId", ""),
                "date": headers.get("date", ""),
            }
        )


class Aws:
    """Calls as one identity in one region. Raises Outcome only.

    `keys`: the identity's credentials when they are not the process's own.
    `account`: whose identity it is, where that is known.
    """

    def __init__(
        self, session: Session, keys: Credentials | None = None, account: str = ""
    ) -> None:
        self._session = session
        self._keys = keys
        self._account = account
        self.journal = Journal()

    def fresh(self) -> "Aws":
        """The same identity with a journal of its own."""
        return Aws(self._session, self._keys, self._account)

    def forget_own(self) -> None:
        """Look for the process's own credentials anew at the next call."""
        self._session.forget_own()

    @property
    def region(self) -> str:
        return self._session.region

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """One operation, named as boto3 names it. Writes are noted in the journal."""
        answer: dict[str, Any] = self._guard(
            service,
            operation,
            lambda: getattr(self._session.client(service, writing=not reads(operation)), operation)(
                **arguments
            ),
        )
        if not reads(operation):
            self.journal.note(f"{service}:{operation}", answer)
        return answer

    def pages(
        self,
        service: str,
        operation: str,
        key: str,
        before: Callable[[], None] = lambda: None,
        **arguments: Any,
    ) -> list[Any]:
        """The `key` lists of every page, joined. `before` runs before each page and may stop it."""
        before()
        found: list[Any] = []
        pages = self._guard(
            service,
            operation,
            lambda: iter(
                self._session.client(service).get_paginator(operation).paginate(**arguments),
            ),
        )
        while (page := self._guard(service, operation, lambda: next(pages, None))) is not None:
            found += page[key]
            if _has_more(page):
                before()
        return found

    def assume(self, role_arn: str, *, session_name: str, external_id: str, seconds: int) -> "Aws":
        """The same region, as `role_arn`, for 900 to 3600 `seconds`.

        `session_name`: 2 to 64 characters. A chained session lives one hour at most, and every
        role allows one.
        """
        answer = self.call(
            "sts",
            "assume_role",
            RoleArn=role_arn,
            RoleSessionName=session_name,
            ExternalId=external_id,
            DurationSeconds=seconds,
        )
        keys = answer["Credentials"]
        account = answer.get("AssumedRoleUser", {}).get("Arn", "").split(":")
        return Aws(
            self._session,
            Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]),
            account[4] if len(account) > 4 else "",
        )

    def account(self) -> str:
        """The number of the account we act in. Asked of AWS once for credentials of our own."""
        if not self._account:
            self._account = str(self.call("sts", "get_caller_identity")["Account"])
        return self._account

    def kubernetes_token(self, cluster: str) -> str:
        """A bearer token for an EKS cluster: a presigned sts:GetCallerIdentity, good for 15 min.

        Format: aws-iam-authenticator, pkg/token; the same URL `aws eks get-token` makes.
        """
        credentials = self._credentials()
        if credentials is None:
            raise Outcome(Kind.DENIED, "The worker has no AWS credentials.")
        client = self._session.client("sts")
        signer = RequestSigner(
            client.meta.service_model.service_id,
            self.region,
            "sts",
            "v4",
            credentials,
            self._session.events,
        )
        url = signer.generate_presigned_url(
            {
                "method": "GET",
                "url": f"https://sts.{self.region}.{_suffix(self.region)}/"
                "?Action=GetCallerIdentity&Version=2011-06-15",
                "body": {},
                "headers": {"x-k8s-aws-id": cluster},
                "context": {},
            },
            region_name=self.region,
            expires_in=60,
            operation_name="",
        )
        return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")

    def signed(
        self, service: str, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """The headers that sign one request for a server of ours behind IAM (SigV4)."""
        credentials = self._credentials()
        if credentials is None:
            raise Outcome(Kind.DENIED, "The worker has no AWS credentials.")
        request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
        SigV4Auth(credentials, service, self.region).add_auth(request)
        return dict(request.headers.items())

    def _credentials(self) -> Credentials | None:
        """Who we are, found once: `account` vouches for all calls of this object."""
        self._keys = self._keys or self._session.own()
        return self._keys

    def _guard(self, service: str, operation: str, work: Callable[[], Any]) -> Any:
        writing = not reads(operation)
        name = f"{service}:{operation}"
        try:
            with acting(self._credentials()):
                return work()
        except boto.ClientError as error:
            self.journal.note(name, dict(error.response))
            raise _from_answer(error, service, operation) from error
        except _NOT_SENT as error:
            raise Outcome(Kind.TRANSIENT, f"{name}: AWS cannot be reached.") from error
        except (boto.HTTPClientError, ResponseParserError) as error:
            text = f"{name}: the connection broke before AWS answered."
            raise Outcome(Kind.TRANSIENT, text, lost=writing) from error
        except (boto.NoCredentialsError, boto.PartialCredentialsError) as error:
            raise Outcome(Kind.DENIED, f"{name}: the worker has no AWS credentials.") from error
        except (boto.ParamValidationError, boto.BotoCoreError) as error:
            raise Outcome(Kind.PERMANENT, f"{name}: {error}") from error


def local(region: str, timeouts: Timeouts) -> Aws:
    """AWS with the worker's own credentials, found the way every AWS tool finds them."""
    return Aws(Session(region, timeouts))


def is_fake() -> bool:
    """Whether an endpoint other than AWS's own was set in AWS's standard variables."""
    return any(name.startswith("AWS_ENDPOINT_URL") and os.environ[name] for name in os.environ)


def _suffix(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def reads(operation: str) -> bool:
    """Whether an operation, named as boto3 names it, changes nothing and may be sent again."""
    return operation.startswith(
        (
            "get_",
            "list_",
            "describe_",
            "simulate_",
            "head_",
            "lookup_",
            "assume_",
            "decode_",
            "validate_",
            "check_",
            "search_",
            "filter_",
        )
    )


def _has_more(page: dict[str, Any]) -> bool:
    flags = [bool(page[name]) for name in _FLAGS if name in page]
    return any(flags) if flags else any(page.get(name) for name in _MORE)


def _from_answer(error: boto.ClientError, service: str, operation: str) -> Outcome:
    told = error.response.get("Error", {})
    meta = error.response.get("ResponseMetadata", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    status = int(meta.get("HTTPStatusCode", 0))
    answer = aws_answers.Answer(service, operation, code, message, status)
    return Outcome(
        aws_answers.kind(answer),
        f"{service}:{operation}: {code}: {message}"[:1000],
        lost=not reads(operation) and aws_answers.may_have_happened(answer),
        code=code,
        request_id=str(meta.get("RequestId", "")),
        retry_after=aws_answers.retry_after(meta.get("HTTPHeaders", {})),
    )
