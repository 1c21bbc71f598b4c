"""export_terraform: HCL that parses, and read back gives the documents that are wanted."""

import json
import re
from io import StringIO

import hcl2
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from policies.documents import hcl
from policies.management.terraform import writers
from policies.models import Domain, Grant, Target, TargetKind
from policies.providers import PROVIDERS, places
from tests import factories as f
from tests.policies.test_kinds import SLUGS, TERMS
from tests.policies.test_lifecycle import granted

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def plain(quoted):
    """The text that a quoted text of HCL means, by its specification."""
    text = quoted[1:-1].replace("$${", "${").replace("%%{", "%{")

    def sign(found):
        code = found[1]
        return chr(int(code[1:], 16)) if code[0] in "uU" else ESCAPES[code]

    return re.sub(r'\\(u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt"\\])', sign, text)


def exported(*arguments):
    out = StringIO()
    call_command("export_terraform", *arguments, stdout=out)
    return out.getvalue()


def parsed(text):
    """{(type, label): values} of resources and data; values as plain texts and lists."""
    found = {}
    for kind in ("resource", "data"):
        for one in hcl2.loads(text).get(kind, []):
            for type_, named in one.items():
                for name, values in named.items():
                    found[plain(type_), plain(name)] = {k: read(v) for k, v in values.items()}
    return found


def read(value):
    if isinstance(value, list):
        return [read(one) for one in value]
    if isinstance(value, dict):
        return {key: read(one) for key, one in value.items()}
    quoted = isinstance(value, str) and value.startswith('"')
    return plain(value) if quoted else value


@given(st.text())
def test_every_text_reads_back_as_itself(text):
    assert plain(hcl.string(text)) == text


@pytest.mark.parametrize(
    "text", ["${aws:username}", "%{ if x }", 'a"b', "a\\b", "a\nb", "$${x}", "\x00\x7f", "ü名"]
)
def test_what_would_mean_something_is_only_text(text):
    block = hcl.Block("resource", ("x", "y"), {"value": text})
    assert parsed(hcl.written([block]))["x", "y"]["value"] == text


@pytest.fixture
def everything(company):
    """Every kind of access, and every kind of place that one leads to."""
    Domain.objects.update(fine_grained=True)
    f.ruled(company, "entitlement", "lake", config={**f.LAKE, "workspace": "bricks"})
    return {slug: granted(company, slug, terms=TERMS[kind]) for kind, slug in sorted(SLUGS.items())}


@pytest.mark.django_db
def test_all_of_it_parses_and_says_the_same_documents(everything):
    found = parsed(exported("--all"))
    said = [
        json.loads(values["policy"])
        for (kind, _name), values in found.items()
        if kind in {"aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_policy"}
    ]
    wanted = []
    for target in Target.objects.filter(kind=TargetKind.PRINCIPAL_POLICY):
        place, parts = places.of(target), [one.part for one in target.deliveries.all()]
        wanted += [
            json.loads(text) for text in PROVIDERS[target.kind].desired(place, parts).values()
        ]
    assert sorted(map(str, said)) == sorted(map(str, wanted))
    kinds = {kind for kind, _name in found}
    assert {
        "aws_servicecatalog_principal_portfolio_association",
        "databricks_instance_profile",
        "databricks_user_instance_profile",
        "aws_iam_policy_document",
    } <= kinds


@pytest.mark.django_db
def test_statements_of_shared_documents_are_given_to_be_merged(everything):
    text = exported("--all")
    documents = [
        json.loads(values["source_policy_documents"][0])
        for (kind, _name), values in parsed(text).items()
        if kind == "aws_iam_policy_document"
    ]
    wanted = []
    for kind in (TargetKind.ROLE_TRUST, TargetKind.BUCKET_POLICY):
        for target in Target.objects.filter(kind=kind):
            parts = [one.part for one in target.deliveries.all()]
            texts = PROVIDERS[kind].desired(places.of(target), parts).items()
            wanted.append([json.loads(one) for _key, one in sorted(texts)])
    assert sorted(str(one["Statement"]) for one in documents) == sorted(map(str, wanted))
    assert "do not replace it" in text


@pytest.mark.django_db
def test_one_access_or_one_place(everything):
    ref = everything["templates"].ref
    [(kind, _name)] = parsed(exported("--grant", ref))
    assert kind == "aws_servicecatalog_principal_portfolio_association"
    target = Target.objects.get(kind=TargetKind.BUCKET_POLICY)
    [(kind, _name)] = parsed(exported("--target", str(target.pk)))
    assert kind == "aws_iam_policy_document"
    assert json.loads(exported("--grant", ref, "--json"))[0]["type"] == "resource"


@pytest.mark.django_db
def test_what_has_ended_is_not_in_it(everything):
    Grant.objects.update(ended_at=f.due(), end_reason="revoked")
    assert exported("--all").strip() == "# Nothing is given here now."
    assert json.loads(exported("--all", "--json")) == []


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [("--grant", "G-NONE"), ("--target", "999")])
def test_unknown_names_are_told(company, asked):
    with pytest.raises(CommandError, match="There is no"):
        exported(*asked)


STATES = {
    TargetKind.CLUSTER_ACCESS_ENTRIES: {
        "arn:aws:iam::1:role/a": '{"type":"STANDARD","username":"a","groups":["v"],'
        '"policies":{"p":["x"],"q":[]}}'
    },
    TargetKind.CLUSTER_AUTH_MAP: {"role:arn:aws:iam::1:role/a": '{"username":"a","groups":["v"]}'},
    TargetKind.STUDIO_SESSIONS: {"USER:u": "arn:aws:iam::1:policy/basic"},
    TargetKind.POD_IDENTITIES: {"ns:sa": "arn:aws:iam::1:role/a"},
    TargetKind.KMS_GRANTS: {"gatehouse-1": '{"grantee":"arn","operations":["Decrypt"]}'},
    TargetKind.DOMAIN_ROLES: {"backend_roles:arn:aws:iam::1:role/a": "mapped"},
    TargetKind.INSTANCE_PROFILE_USERS: {"group:Data team arn:aws:iam::1:ip/a": "assigned"},
}


# What each of the states above reads back as, by Terraform's name of it.
MEANT = {
    TargetKind.CLUSTER_ACCESS_ENTRIES: [
        {"principal_arn": "arn:aws:iam::1:role/a", "user_name": "a", "kubernetes_groups": ["v"]},
        {"policy_arn": "p"},
        {"policy_arn": "q"},
    ],
    TargetKind.STUDIO_SESSIONS: [
        {
            "identity_type": "USER",
            "identity_id": "u",
            "session_policy_arn": "arn:aws:iam::1:policy/basic",
        }
    ],
    TargetKind.POD_IDENTITIES: [
        {"namespace": "ns", "service_account": "sa", "role_arn": "arn:aws:iam::1:role/a"}
    ],
    TargetKind.KMS_GRANTS: [
        {"name": "gatehouse-1", "grantee_principal": "arn", "operations": ["Decrypt"]}
    ],
}


@pytest.mark.parametrize("kind", MEANT)
def test_each_kind_reads_back_as_what_is_wanted(kind):
    place = places.Place(kind, "111122223333", f.REGION, "thing", "abcd1234")
    found = list(parsed(hcl.written(writers.blocks(place, STATES[kind]))).values())
    for wanted in MEANT[kind]:
        assert any(wanted.items() <= one.items() for one in found), (wanted, found)
    assert len(found) == len(MEANT[kind])


@pytest.mark.parametrize("kind", STATES)
def test_each_kind_of_place_parses(kind):
    place = places.Place(kind, "111122223333", f.REGION, "thing", "abcd1234")
    text = hcl.written(writers.blocks(place, STATES[kind]))
    assert hcl2.loads(text)
    assert "thing, account 111122223333" in text


@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize(
    ("account", "region"), [("444455556666", f.REGION), ("111122223333", "x-1")]
)
def test_the_same_name_elsewhere_is_a_block_of_its_own(kind, account, region):
    def names(account, region):
        place = places.Place(kind, account, region, "thing", "abcd1234")
        found = [one for one in writers.blocks(place, STATES[kind]) if one.type]
        locals_ = {name for one in found if one.type == "locals" for name in one.values}
        return locals_ | {(one.type, *one.labels) for one in found if one.labels}

    here = names("111122223333", f.REGION)
    assert here
    assert not here & names(account, region)


def test_a_kind_nobody_wrote_for_is_said():
    place = places.Place("brand_new", "111122223333", f.REGION, "thing", "abcd1234")
    assert "nothing of it in Terraform" in hcl.written(writers.blocks(place, {"key": "text"}))


def test_what_terraform_has_no_word_for_is_said():
    place = places.Place(TargetKind.JOB_RUNS, "111122223333", f.REGION, "vc", "abcd1234")
    assert "nothing of it in Terraform" in hcl.written(writers.blocks(place, {}))
    assert set(TargetKind) - set(writers._WRITERS) == {TargetKind.JOB_RUNS}
