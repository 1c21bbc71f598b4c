"""`make chaos`: real processes under every fault at once, and a judge who trusts none of them.

`python -m tests.chaos --help` says what can be chosen; docs/chaos.md what happens and what counts.
"""
