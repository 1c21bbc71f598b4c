"""Documents that others write, too: ours come and go, theirs stay as they are."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.documents import iam, shared
from policies.values import Change

WE = "abcd1234"
A = "arn:aws:iam::111122223333:role/a"
PROVIDER = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/X"
SUB, AUD = "oidc.eks.us-east-1.amazonaws.com/id/X:sub", "oidc.eks.us-east-1.amazonaws.com/id/X:aud"


def trusting(name=A, **conditions):
    return {"principals": {"AWS": [name]}, "actions": ["sts:AssumeRole"], "conditions": conditions}


def web(namespace):
    return {
        "principals": {"Federated": [PROVIDER]},
        "actions": ["sts:AssumeRoleWithWebIdentity"],
        "conditions": {
            "StringEquals": {AUD: ["sts.amazonaws.com"]},
            "StringLike": {SUB: [f"system:serviceaccount:{namespace}:emr-*"]},
        },
    }


def theirs(number, **more):
    return {
        "Sid": f"Theirs{number}",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::111122223333:role/r{number}"},
        "Action": "sts:AssumeRole",
        **more,
    }


def wanted(*parts):
    return {key: iam.text(one) for key, one in shared.united(parts, WE).items()}


def brought(document, target):
    """The document after it was changed from what it holds of ours to `target`."""
    there = {k: v for k, v in shared.state(document, WE).items() if shared.is_ours(k)}
    keys = sorted(there.keys() | target.keys())
    changes = [Change(k, there.get(k), target.get(k)) for k in keys]
    return shared.changed(document, [one for one in changes if one.before != one.after], WE)


parts = st.lists(
    st.sampled_from([trusting(), trusting("arn:aws:iam::1:role/b"), web("one"), web("two")]),
    max_size=4,
)
others = st.lists(
    st.one_of(
        st.integers(0, 3).map(theirs),
        st.just(theirs(9, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
        st.just({"Effect": "Deny", "NotPrincipal": {"AWS": A}, "Action": "sts:*"}),
        st.just({"Effect": "Allow", "Principal": "*", "Action": ["sts:TagSession"], "odd": 1}),
    ),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(others, parts, parts)
def test_others_statements_stay_as_they_are_whatever_comes_and_goes(foreign, first, second):
    document = {"Version": "2008-10-17", "Id": "theirs", "Statement": foreign}
    given_ = brought(document, wanted(*first))
    assert given_["Statement"][: len(foreign)] == foreign
    ours = {k: v for k, v in shared.state(given_, WE).items() if shared.is_ours(k)}
    assert ours == wanted(*first)
    assert brought(brought(given_, wanted(*second)), {}) == document


@given(parts)
def test_each_part_is_held_by_what_is_written_for_it_and_ids_are_unique(some):
    state = wanted(*some)
    assert all(any(shared.covers(text, part) for text in state.values()) for part in some)
    sids = [json.loads(text)["Sid"] for text in state.values()]
    assert len(set(sids)) == len(sids)
    assert all(sid.isalnum() for sid in sids)


def test_namespaces_of_one_provider_are_one_statement_and_leave_it_one_by_one():
    [text] = wanted(web("one"), web("two")).values()
    assert len(json.loads(text)["Condition"]["StringLike"][SUB]) == 2
    [left] = wanted(web("two")).values()
    assert shared.covers(left, web("two"))
    assert not shared.covers(left, web("one"))


def test_what_aws_cli_writes_gives_the_same_and_more():
    cli = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {SUB: "system:serviceaccount:one:emr-*"}},
    }
    [text] = shared.state({"Statement": cli}, WE).values()
    assert shared.covers(text, web("one"))
    assert not shared.covers(text, web("two"))


def test_a_narrower_statement_is_not_enough():
    mfa = theirs(0, Principal={"AWS": A}, Condition={"Bool": {"aws:MultiFactorAuthPresent": True}})
    [text] = shared.state({"Statement": [mfa]}, WE).values()
    assert not shared.covers(text, trusting())


def test_without_an_external_id_wanted_one_that_demands_it_is_not_enough():
    asked = trusting(StringEquals={"sts:ExternalId": ["x"]})
    [text] = wanted(asked).values()
    assert shared.covers(text, asked)
    assert not shared.covers(text, trusting())
    assert not shared.covers(text, trusting(StringEquals={"sts:ExternalId": ["y"]}))


def test_an_account_is_the_same_by_number_and_by_its_root_arn():
    said = [
        shared.canonical(theirs(0, Principal={"AWS": name}))
        for name in ("111122223333", "arn:aws:iam::111122223333:root")
    ]
    assert said[0] == said[1]


def test_a_deleted_principal_is_named_with_its_statement():
    gone = "AROAABCDEFGHIJKLMNOPQ"
    document = {"Statement": [theirs(0), theirs(1, Principal={"AWS": [A, gone]})]}
    assert shared.dangling(document) == {gone: "Theirs1"}


def test_another_installations_statements_are_foreign():
    document = {"Statement": list(shared.united([trusting()], "ffff0000").values())}
    [key] = shared.state(document, WE)
    assert not shared.is_ours(key)
