"""Every answer a Kubernetes API server was seen to give, as one typed outcome."""

import json
from pathlib import Path
from typing import Any

import pytest

from policies.documents.kube_answers import Answer, config_map, last_writer, says_absent
from policies.outcomes import Kind, Outcome
from tests.fakes import kube
from tests.fakes.kube_world import METHODS, World
from tests.policies.kube_help import kube_server

__all__ = ["kube_server"]

VECTORS = Path(__file__).parents[1] / "fakes" / "vectors" / "kube_api.json"
CASES = [one for one in json.loads(VECTORS.read_text())["cases"] if one["then"]["status"] >= 400]
# By status, reason and cause (or field); `lost` for a write, never for a read.
MEANT = {
    (400, "BadRequest", None): (Kind.PERMANENT, False),
    (401, "Unauthorized", None): (Kind.DENIED, False),
    (403, "Forbidden", None): (Kind.DENIED, False),
    (404, "NotFound", None): (Kind.MISSING, False),
    (409, "AlreadyExists", None): (Kind.PERMANENT, False),
    (409, "Conflict", None): (Kind.CONFLICT, False),
    (409, "Conflict", "FieldManagerConflict"): (Kind.CONFLICT, False),
    (413, "RequestEntityTooLarge", None): (Kind.QUOTA, False),
    (422, "Invalid", None): (Kind.PERMANENT, False),
    (422, "Invalid", "metadata.uid"): (Kind.CONFLICT, False),
    (422, "Invalid", "FieldValueTooLong"): (Kind.QUOTA, False),
    (500, None, None): (Kind.TRANSIENT, True),
}


def outcome(status: int, body: dict[str, Any], method: str, wait: float = 0.0) -> Outcome:
    answer = Answer(status, json.dumps(body).encode(), "audit-1", wait)
    with pytest.raises(Outcome) as caught:
        config_map(answer, method, "kube-system", "aws-auth")
    return caught.value


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_every_refusal_of_the_contract_has_its_kind(
    kube_server: kube.Server, case: dict[str, Any]
) -> None:
    then, verb = case["then"], case["request"]["verb"]
    world = World.fake(kube_server)
    status, body = _refused(world, case)
    assert status == then["status"]
    cause = then.get("field") if status == 422 else None
    kind, lost = MEANT[status, then["reason"], cause or then.get("cause")]
    method = METHODS.get(verb, "PATCH")
    found = outcome(status, body, method)
    assert (found.kind, found.lost) == (kind, lost and method != "GET")
    assert (found.code, found.request_id) == (then["reason"] or str(status), "audit-1")
    absent = says_absent(Answer(status, json.dumps(body).encode(), ""))
    assert absent is (status == 404)


def _refused(world: World, case: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The server's own answer, asked for as the contract test asks."""
    from tests.fakes.test_kube import START, _meanwhile, _request

    world.reset(case.get("given", START))
    for earlier in case.get("before", []):
        world.expect(earlier)
    seen = world.current()
    _meanwhile(world, case.get("meanwhile"))
    return world.send(case.get("actor", "admin"), _request(case["request"], seen))


def status(reason: str = "", message: str = "m", **details: Any) -> dict[str, Any]:
    return {"kind": "Status", "reason": reason, "message": message, "details": details}


@pytest.mark.parametrize(
    ("code", "body", "kind", "lost"),
    [
        (301, {}, Kind.PERMANENT, False),
        (307, {}, Kind.PERMANENT, False),
        (405, status("MethodNotAllowed"), Kind.PERMANENT, False),
        (406, status("NotAcceptable"), Kind.PERMANENT, False),
        (408, {}, Kind.TRANSIENT, True),
        (410, status("Expired"), Kind.PERMANENT, False),
        (415, status("UnsupportedMediaType"), Kind.PERMANENT, False),
        (429, status("TooManyRequests"), Kind.THROTTLED, False),
        (500, status("InternalError"), Kind.TRANSIENT, True),
        (502, {}, Kind.TRANSIENT, True),
        (503, status("ServiceUnavailable"), Kind.TRANSIENT, True),
        (504, status("Timeout"), Kind.TRANSIENT, True),
        (404, {}, Kind.MISSING, False),
        (422, status("Invalid", causes="odd"), Kind.PERMANENT, False),
        (422, status("Invalid", causes=[1, {}]), Kind.PERMANENT, False),
        (400, status("", 'admission webhook "a" denied the request: no'), Kind.PERMANENT, False),
        (403, status("", 'admission webhook "a" denied the request: no'), Kind.PERMANENT, False),
        (
            409,
            status("Conflict", 'admission webhook "a" denied the request'),
            Kind.PERMANENT,
            False,
        ),
        (500, status("", 'failed calling webhook "a"'), Kind.TRANSIENT, True),
    ],
)
def test_other_answers_have_theirs(code: int, body: dict[str, Any], kind: Kind, lost: bool) -> None:
    written, read = outcome(code, body, "PATCH"), outcome(code, body, "GET")
    assert (written.kind, written.lost) == (kind, lost)
    assert (read.kind, read.lost) == (kind, False)


def test_a_redirect_is_refused_in_words() -> None:
    assert "our token goes nowhere else" in outcome(307, {}, "PATCH").message


def test_how_long_to_wait_is_kept() -> None:
    assert outcome(429, status("TooManyRequests"), "PATCH", wait=7).retry_after == 7


def entry(manager: str, time: str, field: str = "f:data") -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": {field: {}}}


@pytest.mark.parametrize(
    ("fields", "writer"),
    [
        ([entry("eks", "2026-01-02T00:00:00Z"), entry("eksctl", "2026-01-01T00:00:00Z")], "eks, 2"),
        ([entry("eks", "2026-01-01T00:00:00Z"), entry("x", "2026-09-01", "f:metadata")], "eks, 2"),
        ([{"manager": "eks", "fieldsV1": {"f:data": {}}}], "eks"),
        ([], ""),
        (None, ""),
        (["odd", {"manager": "x"}], ""),
    ],
)
def test_who_wrote_the_data_last_is_told_by_the_server(fields: Any, writer: str) -> None:
    found = last_writer({"metadata": {"managedFields": fields}})
    assert found.startswith(writer)
    assert bool(found) is bool(writer)
