"""`python -m tests.bench`: what the engine costs, measured against the fake AWS."""
