"""A grant forged in the database asks for more than any rule gives: it is not written."""

from policies.access import grants
from policies.models import Phase, Target, TargetKind
from tests import factories as f
from tests.journeys.test_main_line import granted
from tests.journeys.test_trust import ANA, place

FORGED = {
    "statement": "allow",
    "actions": ["iam:AttachRolePolicy"],
    "resources": [f"arn:aws:iam::{f.ACCOUNT}:role/admin"],
}


def test_what_is_above_the_ceiling_is_never_written(world, peopled):
    grant = granted(world, peopled, "templates")
    part = {**place(TargetKind.PRINCIPAL_POLICY, ANA, FORGED), "region": ""}
    grants.wake([grants._deliver(grant, part)])
    world.settle()
    iam = world.client("iam")
    assert iam.list_role_policies(RoleName="ana")["PolicyNames"] == []
    target = Target.objects.get(kind=TargetKind.PRINCIPAL_POLICY)
    assert target.phase == Phase.STUCK
    assert "GH-244" in target.outcome_text
    assert "iam:attachrolepolicy changes who may do what" in target.outcome_text
