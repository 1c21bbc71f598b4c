"""Pages. A view translates: one fetch through what this person may see, one form, one verb."""
