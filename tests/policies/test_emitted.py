"""Every document that a kind leads to: known actions and keys, no key twice, within its quota."""

import json

import parliament
import pytest

from accounts.arns import PrincipalType
from policies.kinds import KINDS
from policies.models import TargetKind
from policies.providers import PROVIDERS, places
from tests import factories as f
from tests.policies.test_kinds import SLUGS, TERMS

pytestmark = pytest.mark.django_db
DOCUMENTS = (TargetKind.PRINCIPAL_POLICY, TargetKind.ROLE_TRUST, TargetKind.BUCKET_POLICY)
# What the linter says and we say on purpose: (finding, words in where it stands) → why.
ACCEPTED = {
    ("RESOURCE_STAR", "emr-containers:ListJobRuns"): "as AWS's own table of Studio capabilities",
    ("RESOURCE_STAR", "servicecatalog:ProvisionProduct"): "a product is found by its portfolio",
    ("RESOURCE_STAR", "s3:GetObject"): "Service Catalog's bucket has no known name; by its tag",
    ("RESOURCE_MISMATCH", "elasticmapreduce:OpenEditorInConsole"): "the Workspace is beside it",
    # IAM authorizes on keys of the resource, which this list has only for the resource itself.
    ("UNKNOWN_CONDITION_FOR_ACTION", "creatorUserId"): "a tag of the editor, by its ARN",
}


def emitted(company):
    """(entitlement, place, {key: text}) of every document that Ana's access would be in."""
    for name, slug in SLUGS.items():
        entitlement = company.entitlements[slug]
        placed = KINDS[name].parts(entitlement, company.ana_role, TERMS[name])
        for where in {(one.kind, one.account, one.region, one.object) for one in placed}:
            place = places.place(*where)
            bodies = [one.body for one in placed if one.object == where[3] and one.kind == where[0]]
            yield slug, place, bodies


def texts(place, bodies):
    return PROVIDERS[place.kind].desired(place, bodies)


def once(pairs):
    """An object whose keys are each there once."""
    assert len({key for key, _value in pairs}) == len(pairs), pairs
    return dict(pairs)


def test_identity_policies_have_only_findings_that_are_explained(company):
    used = set()
    for slug, place, bodies in emitted(company):
        if place.kind != TargetKind.PRINCIPAL_POLICY:
            continue
        for text in texts(place, bodies).values():
            policy = parliament.analyze_policy_string(text)
            for finding in policy.findings:
                where = json.dumps([finding.detail, finding.location], default=str)
                known = [key for key in ACCEPTED if key[0] == finding.issue and key[1] in where]
                assert known, (slug, finding.issue, where)
                used |= set(known)
    assert used == set(ACCEPTED), "an exception nobody needs any more"


def test_every_document_says_each_key_once_and_fits(company):
    for slug, place, bodies in emitted(company):
        provider = PROVIDERS[place.kind]
        if place.kind in DOCUMENTS:
            for text in provider.desired(place, bodies).values():
                json.loads(text, object_pairs_hook=once)
        basis = {"others": [], "inline": 0, "attached": 0, "limits": {}}
        if place.kind in DOCUMENTS:
            for load in provider.load(basis, place, bodies):
                assert load.used <= load.limit, (slug, load)


def test_no_document_lets_everybody_in_or_says_what_it_does_not_name(company):
    for slug, place, bodies in emitted(company):
        if place.kind not in DOCUMENTS:
            continue
        for text in texts(place, bodies).values():
            told = json.loads(text)
            for one in told.get("Statement", [told]):
                assert not {"NotAction", "NotResource", "NotPrincipal"} & set(one), slug
                assert one.get("Principal") not in ("*", {"AWS": ["*"]}, {"AWS": "*"}), slug
                assert "*" not in one["Action"], slug
                if "iam:PassRole" in one["Action"]:
                    assert one["Resource"] != ["*"], slug
                    assert "iam:PassedToService" in json.dumps(one.get("Condition")), slug


def test_every_kind_is_looked_at(company):
    assert {slug for slug, _place, _bodies in emitted(company)} == set(company.entitlements)
    assert company.ana_role.arn_type is PrincipalType.IAM_ROLE
    assert f.ACCOUNT in company.ana_role.arn
