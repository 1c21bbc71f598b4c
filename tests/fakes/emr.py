"""EMR Studios and who may enter them (Identity Center mode), which stock moto does not know."""

import secrets
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.emr.models import emr_backends
from moto.emr.responses import ElasticMapReduceResponse

from tests.fakes import extend
from tests.fakes.beliefs import MAPPINGS
from tests.fakes.wire import Refusal, reply

Studio = dict[str, Any]
PAGE = 50  # [K] the model tells no page size


def held(backend: Any) -> dict[str, Studio]:
    """Studios by id, each with its `mappings`; on moto's backend, so that its reset clears them."""
    if not hasattr(backend, "studios"):
        backend.studios = {}
    found: dict[str, Studio] = backend.studios
    return found


def add_studio(account: str, region: str, studio_id: str, mode: str) -> str:
    """A Studio with a wanted id; wanting one that is there is no change."""
    made = {
        "StudioId": studio_id,
        "StudioArn": f"arn:aws:elasticmapreduce:{region}:{account}:studio/{studio_id}",
        "Name": studio_id,
        "AuthMode": mode,
        "ServiceRole": f"arn:aws:iam::{account}:role/studio-service",
    }
    studios = held(emr_backends[account][region])
    studios.setdefault(studio_id, {"about": made, "mappings": {}})
    return studio_id


def _create(handler: Any) -> ActionResult:
    names = ("Name", "AuthMode", "ServiceRole", "UserRole", "DefaultS3Location", "VpcId")
    asked = {name: handler._get_param(name) for name in names}
    letters = string.ascii_uppercase + string.digits
    studio_id = "es-" + "".join(secrets.choice(letters) for _ in range(25))
    add_studio(handler.current_account, handler.region, studio_id, asked["AuthMode"])
    about = held(handler.backend)[studio_id]["about"]
    about.update({name: value for name, value in asked.items() if value})
    return reply("emr", "CreateStudio", {"StudioId": studio_id, "Url": "https://studio.example"})


def _describe(handler: Any) -> ActionResult:
    return reply("emr", "DescribeStudio", {"Studio": _studio(handler, "DescribeStudio")["about"]})


def _list(handler: Any) -> ActionResult:
    names = ("StudioId", "Name", "AuthMode")
    rows = [{name: one["about"][name] for name in names} for one in held(handler.backend).values()]
    return reply("emr", "ListStudios", {"Studios": rows})


def _studio(handler: Any, operation: str) -> Studio:
    wanted = handler._get_param("StudioId")
    found = held(handler.backend).get(wanted)
    if found is None:
        raise Refusal("emr", operation, "studio_missing", studio=wanted)
    return found


def _mapped(handler: Any, operation: str) -> tuple[dict[Any, Any], tuple[str, str]]:
    studio = _studio(handler, operation)
    if studio["about"]["AuthMode"] != "SSO":
        raise Refusal("emr", operation, "studio_mode")
    return studio["mappings"], (
        handler._get_param("IdentityType"),
        handler._get_param("IdentityId"),
    )


def _map(handler: Any) -> ActionResult:
    there, who = _mapped(handler, "CreateStudioSessionMapping")
    if who in there:
        raise Refusal("emr", "CreateStudioSessionMapping", "mapping_exists")
    most = MAPPINGS[who[0]].value
    if sum(kind == who[0] for kind, _identity in there) >= most:
        raise Refusal("emr", "CreateStudioSessionMapping", "studio_full", limit=most, kind=who[0])
    there[who] = (handler._get_param("SessionPolicyArn"), datetime.now(UTC))
    return reply("emr", "CreateStudioSessionMapping", {})


def _update(handler: Any) -> ActionResult:
    there, who = _mapped(handler, "UpdateStudioSessionMapping")
    _found(there, who, "UpdateStudioSessionMapping")
    there[who] = (handler._get_param("SessionPolicyArn"), there[who][1])
    return reply("emr", "UpdateStudioSessionMapping", {})


def _delete(handler: Any) -> ActionResult:
    there, who = _mapped(handler, "DeleteStudioSessionMapping")
    _found(there, who, "DeleteStudioSessionMapping")
    del there[who]
    return reply("emr", "DeleteStudioSessionMapping", {})


def _found(there: dict[Any, Any], who: tuple[str, str], operation: str) -> None:
    if who not in there:
        raise Refusal("emr", operation, "mapping_missing")


def _list_mappings(handler: Any) -> ActionResult:
    studio = _studio(handler, "ListStudioSessionMappings")
    rows = list(_shown(studio))
    start = int(handler._get_param("Marker") or 0)
    out: dict[str, Any] = {"SessionMappings": rows[start : start + PAGE]}
    if start + PAGE < len(rows):
        out["Marker"] = str(start + PAGE)
    return reply("emr", "ListStudioSessionMappings", out)


def _shown(studio: Studio) -> Iterator[dict[str, Any]]:
    for (kind, identity), (policy, at) in sorted(studio["mappings"].items()):
        yield {
            "StudioId": studio["about"]["StudioId"],
            "IdentityId": identity,
            "IdentityName": identity,
            "IdentityType": kind,
            "SessionPolicyArn": policy,
            "CreationTime": at,
        }


def install() -> None:
    """Extend moto's EMR; once per process."""
    added: Any = ElasticMapReduceResponse
    added.create_studio, added.describe_studio, added.list_studios = _create, _describe, _list
    added.create_studio_session_mapping = _map
    added.update_studio_session_mapping = _update
    added.delete_studio_session_mapping = _delete
    added.list_studio_session_mappings = _list_mappings
    extend.let_reads_lag(ElasticMapReduceResponse, "backend", "emr")
