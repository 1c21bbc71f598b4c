"""gunicorn behind the reverse proxy on this machine; threads, for pages wait for the database."""

import os

bind = os.environ.get("GATEHOUSE_BIND", "127.0.0.1:8000")
workers = 2
threads = 4
timeout = 30
graceful_timeout = 30
max_requests = 10_000  # a process is replaced now and then, not all at once
max_requests_jitter = 1_000
control_socket_disable = True
# The proxy writes the access log: without query strings, with the correlation id.
accesslog = None
errorlog = "-"
