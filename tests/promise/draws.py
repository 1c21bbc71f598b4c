"""What Hypothesis may draw: who, what is asked for, which call of AWS goes wrong, and how."""

from typing import Any

from hypothesis import strategies as st

WHO = st.sampled_from(["ana", "ben"])
SOME = st.integers(0, 5)
PASSES = st.integers(1, 4)
TIMES = st.integers(1, 4)
STATEMENTS = st.integers(1, 45)  # of one pass; a pass takes 15 to 45
SECONDS = st.sampled_from([0.06, 0.4, 2.0, 10.0, 60.0, 3600.0])
ALL_WISHES: list[tuple[str, dict[str, Any]]] = [
    ("templates", {}),
    ("jobs", {"roles": ["sales"]}),
    ("kubernetes", {"groups": ["viewers"]}),
    ("jobs", {"roles": ["ops"]}),
    ("kubernetes", {"groups": ["emr-users"]}),
    ("kubernetes", {"groups": ["emr-users", "viewers"]}),
    ("jobs", {"roles": ["ops", "sales"]}),
]
WISHES = st.sampled_from(ALL_WISHES)
GIFTS = st.lists(st.tuples(WHO, WISHES), min_size=1, max_size=4)
VERBS = st.sampled_from(
    ["ends", "ends", "ends", "lets expire", "suspends or resumes", "asks", "decides", "leaves"]
)
DEEDS = ["end", "give", "suspend", "stall", "another pass", "drift", "edit"]
HOWS = st.sampled_from(["nothing", "dies", "dies", "twice at once", *DEEDS])
FIRST = st.sampled_from(["nothing", "end", "end", "give", "give"])
_CALLS = [
    ("iam", "PutRolePolicy"),
    ("iam", "DeleteRolePolicy"),
    ("iam", "GetRolePolicy"),
    ("iam", "ListRolePolicies"),
    ("servicecatalog", "AssociatePrincipalWithPortfolio"),
    ("servicecatalog", "DisassociatePrincipalFromPortfolio"),
    ("servicecatalog", "ListPrincipalsForPortfolio"),
    ("eks", "DescribeCluster"),
]
_TROUBLE = [
    {"kind": "throttle"},
    {"kind": "deny"},
    {"kind": "drop"},
    {"kind": "lose"},
    {"kind": "lose"},
    {"kind": "error", "code": "InternalFailure", "status": 500},
    {"kind": "error", "code": "ServiceUnavailableException", "status": 503},
    {"kind": "error", "code": "LimitExceededException", "status": 400},
    {"kind": "error", "code": "ConcurrentModificationException", "status": 409},
]
_AWS = st.builds(
    lambda call, trouble: {"service": call[0], "operation": call[1], **trouble},
    st.sampled_from(_CALLS),
    st.sampled_from(_TROUBLE),
)
_KUBERNETES = st.sampled_from(
    [
        {"kind": "conflict"},
        {"kind": "drop"},
        {"kind": "drop", "on": "write"},
        {"kind": "lose"},
        {"kind": "error", "status": 429, "reason": "TooManyRequests"},
        {"kind": "error", "status": 500, "reason": "InternalError", "on": "write"},
        {"kind": "error", "status": 403, "reason": "Forbidden"},
        {"kind": "error", "status": 403, "reason": "Forbidden", "on": "write"},
    ]
)
TROUBLES = st.one_of(_AWS, _AWS, _KUBERNETES, st.sampled_from([{"stale": True}, {"well": True}]))
MAYBE_TROUBLE = st.one_of(st.none(), st.sampled_from(_TROUBLE))
WRITES = {
    "principal_policy": [("iam", "PutRolePolicy"), ("iam", "DeleteRolePolicy")],
    "portfolio_principals": [
        ("servicecatalog", "AssociatePrincipalWithPortfolio"),
        ("servicecatalog", "DisassociatePrincipalFromPortfolio"),
    ],
}
# The same troubles as the ConfigMap server has them.
AS_KUBERNETES: dict[str, dict[str, Any]] = {
    "throttle": {"kind": "error", "status": 429, "reason": "TooManyRequests"},
    "deny": {"kind": "error", "status": 403, "reason": "Forbidden"},
    "error": {"kind": "error", "status": 500, "reason": "InternalError"},
}
OTHERS = st.sampled_from(
    [
        *(("ours", way) for way in ("dissociate", "delete", "alter", "remove row", "change row")),
        *(("theirs", way) for way in ("associate", "dissociate", "associate ours", "row")),
        *(("theirs", way) for way in ("put", "put again", "delete")),
        *(("map", way) for way in ("append", "first", "comment", "drop", "users")),
        *(("map under a write", way) for way in ("append", "first", "comment")),
    ]
)
