"""The outside world as processes: a fake AWS and a strict ConfigMap server, on 127.0.0.1 only.

Demo, smoke, bench and tests talk to them over HTTP; the product never imports them.
"""
