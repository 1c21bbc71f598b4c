"""The promise as a machine: every interleaving converges, and the record explains each difference.

`machine` draws the steps, `scene` does them through the product's own verbs, `truth` reads the
fake AWS without lag, `oracle` knows from the grants' terms what should be there, `ledger`
compares the two and reads the record. `dying` kills a pass between two database statements.
"""
