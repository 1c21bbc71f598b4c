"""Small forms of one text each: an answer, a reason, a question."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST = 2000


class Sentence(forms.CharField):
    """A few lines of text, at most LONGEST characters."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3})
        missing = {"required": _("Write a sentence: people decide by it.")}
        options = {"error_messages": missing, **options}
        super().__init__(max_length=LONGEST, widget=widget, **options)


class AnswerForm(forms.Form):
    text = Sentence(label=_("Your answer"))


class EndForm(forms.Form):
    why = Sentence(label=_("Reason (not required)"), required=False)


class ApproveForm(forms.Form):
    why = Sentence(label=_("Remark (not required)"), required=False)
    collateral = forms.BooleanField(
        label=_("I accept that its end interrupts what is named above, too."), required=False
    )


class DeclineForm(forms.Form):
    why = Sentence(
        label=_("Reason"),
        help_text=_("The person reads this. Say what would make it a yes."),
    )


class AskBackForm(forms.Form):
    why = Sentence(
        label=_("Question"),
        help_text=_("The request waits, without hurry, until it is answered."),
    )
