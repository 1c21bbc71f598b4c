"""What an administrator can press about others' changes, freezes and the brake."""

import pytest

from policies.access import operations
from policies.models import Drift, Foreign, Freeze, Key, Phase, Plan, Proposal, Request, Target
from tests.portal.admin.doing import form_of, list_form_of, press, recorded

pytestmark = pytest.mark.django_db


def test_a_change_by_others_is_put_back_with_a_reason(full, ada):
    drift = Drift.objects.get()
    page = form_of(drift, "put-back")
    assert "{1}" in ada.get(page).content.decode()
    assert press(ada, page).status_code == 422
    assert press(ada, page, why="not agreed").status_code == 302
    key, target = Key.objects.get(key="k"), drift.target
    target.refresh_from_db()
    assert (key.text, key.ordered, target.phase) == ("{1}", True, Phase.DUE)
    assert recorded("key.taken_over") == ["admin"]


def test_what_changed_meanwhile_is_shown_again_and_not_put_back(full, ada):
    drift = Drift.objects.get()
    answer = ada.post(form_of(drift, "put-back"), {"shown": "{an older text}", "why": "now"})
    assert (answer.status_code, Drift.objects.get().over_at) == (422, None)


def test_an_entry_of_others_is_ignored_or_removed(full, ada):
    row = Foreign.objects.get()
    assert press(ada, form_of(row, "ignore"), why="the nodes").status_code == 302
    row.refresh_from_db()
    assert (row.ignored_by, row.ignored_why) == (full.ada, "the nodes")
    assert press(ada, form_of(row, "remove"), why="nobody needs it").status_code == 302
    assert Key.objects.get(key="theirs").origin == Key.Origin.ADOPTED


def test_a_place_is_left_to_others_with_a_reason_and_its_page_says_so(full, ada):
    target = Target.objects.get(kind="portfolio_principals")
    page = form_of(target, "manager")
    assert press(ada, page, manager="external").status_code == 422
    assert press(ada, page, manager="external", why="Terraform owns it").status_code == 302
    target.refresh_from_db()
    assert (target.managed_by, target.phase) == ("external", Phase.DUE)
    assert recorded("target.manager_set") == ["admin"]
    Target.objects.filter(pk=target.pk).update(phase=Phase.HELD, outcome="external")
    shown = ada.get(f"/admin/policies/target/{target.pk}/change/").content.decode()
    assert "GH-205" in shown


def test_a_place_is_named_as_others_before_anything_is_wanted_there(full, ada):
    page = list_form_of(Target, "name-place")
    typed = {
        "kind": "portfolio_principals",
        "account": "111122223333",
        "region": "us-east-1",
        "name": "port-terraform0000",
    }
    assert press(ada, page, **typed).status_code == 422
    assert not Target.objects.filter(object="port-terraform0000").exists()
    assert press(ada, page, why="Terraform owns it", **typed).status_code == 302
    assert Target.objects.get(object="port-terraform0000").managed_by == "external"


def test_an_entry_nobody_wants_is_not_simply_adopted(full, ada):
    assert press(ada, form_of(Foreign.objects.get(), "adopt"), why="why not").status_code == 422
    assert not Key.objects.filter(key="theirs").exists()


def test_an_entry_is_adopted_into_an_access_that_others_decide(full, ada):
    target = Target.objects.get(kind="portfolio_principals")
    row = Foreign.objects.create(target=target, key=f"IAM:{full.ana_role.arn}", text="associated")
    answer = press(
        ada,
        form_of(row, "adopt-into"),
        principal=full.ana_role.pk,
        entitlement=full.entitlements["templates"].pk,
        terms="{}",
        days=5,
        why="it is used",
    )
    assert answer.status_code == 302
    request = Request.objects.latest("pk")
    assert (request.asked_by, request.person, request.state) == (full.ada, full.ana, "open")
    assert request.items.get().adopts == row


def test_what_a_plan_replaced_is_put_back(full, ada):
    plan = Plan.objects.get()
    assert press(ada, form_of(plan, "restore"), key="k", why="a mistake").status_code == 302
    assert Key.objects.get(key="k").restoring == "{0}"


def test_freezing_and_lifting(full, ada, bo):
    page = list_form_of(Freeze, "freeze")
    assert press(ada, page, where="everything", why="odd").status_code == 302
    freeze = Freeze.objects.standing().get()
    assert press(bo, page, where="everything", why="odd").status_code == 422
    assert press(bo, form_of(freeze, "lift"), why="looked at").status_code == 302
    assert not Freeze.objects.standing().exists()
    assert press(ada, form_of(Target.objects.first(), "freeze"), why="odd").status_code == 302
    assert (recorded("freeze.begun"), recorded("freeze.lifted")) == (["admin", "admin"], ["admin"])


def test_what_the_brake_holds_back_is_let_go_as_shown(full, ada):
    target = Target.objects.first()
    change = {"key": "k", "before": "x", "after": None, "say": "k is removed"}
    Target.objects.filter(pk=target.pk).update(phase=Phase.HELD, outcome="brake", pending=[change])
    page = form_of(target, "let-go")
    assert "k is removed" in ada.get(page).content.decode()
    assert press(ada, page, why="I emptied it").status_code == 302
    target.refresh_from_db()
    assert target.released_digest == operations.pending_digest([change])
    assert target.phase == Phase.DUE


def test_how_to_repair_is_chosen_with_a_reason(full, ada):
    target = Target.objects.first()
    page = form_of(target, "repair")
    assert press(ada, page, mode="at_once", hours=0, why="ours").status_code == 422
    assert press(ada, page, mode="at_once", hours=1, why="ours").status_code == 302
    target.refresh_from_db()
    assert target.repair == "at_once"


def test_the_brake_changes_by_proposal(full, ada):
    page = list_form_of(Proposal, "propose-brake")
    rule = '{"changes": 0, "percent": 50}'
    assert press(ada, page, rule=rule, reason="more").status_code == 422
    rule = '{"changes": 99, "percent": 50}'
    assert press(ada, page, rule=rule, reason="more").status_code == 302
    assert Proposal.objects.get(subject="brake").state == Proposal.State.OPEN
