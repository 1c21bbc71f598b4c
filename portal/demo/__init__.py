"""`make demo`: a believable company on this machine, with a fake AWS that behaves.

`launcher` starts and watches the processes, `company` fills the database through the same
verbs as everybody's, `estate` says what AWS held before. The product needs none of it.
"""
