"""What Hypothesis may draw: who, what is asked for, which call of AWS goes wrong, and how."""

from hypothesis import strategies as st

WHO = st.sampled_from(["ana", "ben"])
SOME = st.integers(0, 5)
PASSES = st.integers(1, 4)
TIMES = st.integers(1, 4)
STATEMENTS = st.integers(1, 45)  # of one pass; a pass takes 15 to 45
WISHES = st.sampled_from(
    [
        ("templates", {}),
        ("jobs", {"roles": ["sales"]}),
        ("jobs", {"roles": ["ops"]}),
        ("jobs", {"roles": ["ops", "sales"]}),
        ("kubernetes", {"groups": ["viewers"]}),
        ("kubernetes", {"groups": ["emr-users"]}),
        ("kubernetes", {"groups": ["emr-users", "viewers"]}),
    ]
)
CALLS = st.sampled_from(
    [
        ("iam", "PutRolePolicy"),
        ("iam", "DeleteRolePolicy"),
        ("iam", "GetRolePolicy"),
        ("iam", "ListRolePolicies"),
        ("servicecatalog", "AssociatePrincipalWithPortfolio"),
        ("servicecatalog", "DisassociatePrincipalFromPortfolio"),
        ("servicecatalog", "ListPrincipalsForPortfolio"),
        ("eks", "DescribeCluster"),
    ]
)
TROUBLE = st.sampled_from(
    [
        {"kind": "throttle"},
        {"kind": "deny"},
        {"kind": "drop"},
        {"kind": "lose"},
        {"kind": "error", "code": "InternalFailure", "status": 500},
        {"kind": "error", "code": "ServiceUnavailableException", "status": 503},
        {"kind": "error", "code": "LimitExceededException", "status": 400},
        {"kind": "error", "code": "ConcurrentModificationException", "status": 409},
    ]
)
KUBE_TROUBLE = st.sampled_from(
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
EDITS = st.sampled_from(["append", "first", "comment", "drop", "users"])
DRIFT = st.sampled_from(["dissociate", "delete", "alter", "remove row", "change row"])
THEIR_OWN = st.sampled_from(["associate", "dissociate", "associate ours", "put", "put again", "delete", "row"])
SECONDS = st.sampled_from([0.06, 0.4, 2.0, 10.0, 60.0, 3600.0])
DEEDS = st.sampled_from(["end", "give", "suspend", "stall", "drift", "edit", "another pass"])
