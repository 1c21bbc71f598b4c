"""Every write a person causes: asking, deciding, granting, ending, changing rules.

Verbs take the subject first and `by=` an Actor; they check every rule themselves, record
in the same transaction, and raise `errors.Refused` in words a page can show.
"""
