"""The catalogue as a file: read, compared, applied, written back.

`document.read` → `apply.plan` → `apply.carry_out`, inside one transaction of the caller;
`export.write` for the way back. Refusals are `BadCatalogue`, each with its line.
"""
