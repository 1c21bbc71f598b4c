"""Rules change by proposal: the forms that propose, and those of the second person."""

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from policies.access import rulebook, rules
from policies.models import Proposal
from portal.admin.base import RecordAdmin, as_json
from portal.admin.fields import RuleField
from portal.admin.site import site
from portal.admin.verbs import LONGEST_TEXT, Done, Text, Verb, VerbForm, WhyForm

_EXPLAINS = gettext_lazy(
    "A rule changes when a second administrator accepts the proposal. Until then nothing changes."
)


class ReasonForm(VerbForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        max_length=LONGEST_TEXT,
    )


def propose(
    subject: str, key_of: Callable[[Any], str], *, start: rulebook.Rule | None = None
) -> Verb:
    """The verb “propose a change” of a row whose rule has the key `key_of(row)`.

    `start` is what the form begins with where no rule is in force yet.
    """

    class RuleForm(ReasonForm):
        field_order = ("rule", "reason")
        rule = RuleField(label=gettext_lazy("Rule"))

        def __init__(self, data: Any = None, *, subject: Any = None) -> None:
            super().__init__(data, subject=subject)
            current = rulebook.SUBJECTS[subject_name].current(key_of(subject))
            self.fields["rule"].initial = current or start or {}

    subject_name = subject

    def run(row: Any, form: VerbForm, by: Actor) -> Done:
        data = form.cleaned_data
        return _propose(subject_name, key_of(row), data["rule"], data["reason"], by, row)

    return Verb("propose", _LABELS[subject], _EXPLAINS, run, form=RuleForm)


def propose_new(subject: str, start: rulebook.Rule, key_label: Text) -> Verb:
    """The verb “propose a rule” whose key is written in the form."""

    class NewRuleForm(ReasonForm):
        field_order = ("key", "rule", "reason")
        key = forms.CharField(label=key_label, max_length=200)
        rule = RuleField(label=gettext_lazy("Rule"), initial=start)

    def run(_row: None, form: VerbForm, by: Actor) -> Done:
        data = form.cleaned_data
        return _propose(subject, data["key"], data["rule"], data["reason"], by, None)

    return Verb("propose", _LABELS[subject], _EXPLAINS, run, form=NewRuleForm)


def propose_about_all(subject: str, key: str) -> Verb:
    """The verb “propose a change” of a rule there is only one of, called `key`."""

    class OneRuleForm(ReasonForm):
        field_order = ("rule", "reason")
        rule = RuleField(label=gettext_lazy("Rule"))

        def __init__(self, data: Any = None, *, subject: Any = None) -> None:
            super().__init__(data, subject=subject)
            self.fields["rule"].initial = rulebook.SUBJECTS[subject_name].current(key) or {}

    subject_name = subject

    def run(_row: None, form: VerbForm, by: Actor) -> Done:
        data = form.cleaned_data
        return _propose(subject_name, key, data["rule"], data["reason"], by, None)

    return Verb(f"propose-{subject}", _LABELS[subject], _EXPLAINS, run, form=OneRuleForm)


def propose_end(subject: str, key_of: Callable[[Any], str], offered: Callable[[Any], bool]) -> Verb:
    """The verb “propose its end”."""

    def run(row: Any, form: VerbForm, by: Actor) -> Done:
        return _propose(subject, key_of(row), None, form.cleaned_data["reason"], by, row)

    label = gettext_lazy("Propose its end")
    return Verb("propose-end", label, _EXPLAINS, run, form=ReasonForm, offered=offered)


_LABELS = {
    "approval_policy": gettext_lazy("Propose a change of the approval policy"),
    "account_roles": gettext_lazy("Propose a change of the worker roles"),
    "entitlement": gettext_lazy("Propose a change of the access"),
    "bundle": gettext_lazy("Propose a change of the package"),
    "portal_role": gettext_lazy("Propose a change of portal roles"),
    "brake": gettext_lazy("Propose a change of the brake"),
}


def _propose(
    subject: str, key: str, after: rulebook.Rule | None, reason: str, by: Actor, row: Any
) -> Done:
    proposal = rules.propose(subject, key, after, by=by, reason=reason)
    if proposal is None:
        return Done(_("The rule already is so; nothing was proposed."), row)
    if proposal.state == Proposal.State.ACCEPTED:
        return Done(_("The rule has changed: nobody else is there yet to accept it."), proposal)
    return Done(_("Proposed. A second administrator accepts or declines it."), proposal)


class AcceptForm(VerbForm):
    """Shows the rule before and after, as it would be written in the form that proposes."""

    def before(self) -> str:
        return _pretty(self.subject.before)

    def after(self) -> str:
        return _pretty(self.subject.after)


class DeclineForm(AcceptForm, WhyForm):
    pass


def _pretty(rule: rulebook.Rule | None) -> str:
    return json.dumps(rule, indent=2, ensure_ascii=False) if rule is not None else "–"


def _accept(proposal: Proposal, form: VerbForm, by: Actor) -> Done:
    rules.accept(proposal, by=by)
    return Done(_("Accepted: the rule has changed."), proposal)


def _decline(proposal: Proposal, form: VerbForm, by: Actor) -> Done:
    rules.decline(proposal, by=by, reason=form.cleaned_data["why"])
    return Done(_("Declined: the rule stays as it is."), proposal)


def _is_open(proposal: Proposal) -> bool:
    return proposal.state == Proposal.State.OPEN


@admin.register(Proposal, site=site)
class ProposalAdmin(RecordAdmin):
    list_display = ("__str__", "state", "proposed_by", "proposed_at", "decided_by", "decided_at")
    list_filter = ("state",)
    list_select_related = ("proposed_by", "decided_by")
    search_fields = ("subject_id",)
    fields = (
        "subject",
        "subject_id",
        as_json("before", gettext_lazy("before")),
        as_json("after", gettext_lazy("after")),
        "reason",
        "state",
        "proposed_by",
        "proposed_at",
        "decided_by",
        "decided_at",
        "bootstrap",
    )
    verbs = (
        Verb(
            "accept",
            gettext_lazy("Accept"),
            gettext_lazy("The rule changes at once to what stands under “after”."),
            _accept,
            form=AcceptForm,
            offered=_is_open,
            evidence="admin/proposal.html",
        ),
        Verb(
            "decline",
            gettext_lazy("Decline"),
            gettext_lazy("The rule stays as it is. Who proposed it can take it back the same way."),
            _decline,
            form=DeclineForm,
            offered=_is_open,
            evidence="admin/proposal.html",
        ),
    )
    list_verbs = (propose_about_all("brake", "everywhere"),)
