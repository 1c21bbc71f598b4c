"""The fake AWS as a child process, for tests, smoke and demo; imports nothing of it.

with process.start() as fake:
    boto3.client("iam", endpoint_url=fake.aws, ...)
    fake.post("/_fake/faults", {"service": "iam", "kind": "throttle", "times": 2})
"""

import json
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 10


class FakeAWS:
    """A running fake: its addresses, and its controls under `/_fake/`."""

    def __init__(self, child: "subprocess.Popen[str] | None", addresses: dict[str, str]) -> None:
        self._child = child
        self.addresses = addresses
        self.aws = addresses["aws"]
        self.kubernetes = addresses["kubernetes"]
        self.rest = addresses["rest"]  # host and port, over HTTPS by the authority `rest_ca`

    @classmethod
    def at(cls, info: Path) -> Self:
        """One that somebody else started, and ends, with `--info` to this file."""
        return cls(None, json.loads(info.read_text()))

    def get(self, path: str) -> Any:
        """JSON from a path; `urllib.error.HTTPError` with the reason as its text otherwise."""
        return self._ask("GET", path, None)

    def post(self, path: str, order: dict[str, Any] | None = None) -> Any:
        """Send an order; the JSON answer. `urllib.error.HTTPError` when it is refused."""
        return self._ask("POST", path, json.dumps(order or {}).encode())

    def delete(self, path: str) -> Any:
        """Clear what a path holds; the JSON answer."""
        return self._ask("DELETE", path, None)

    def kube(self, method: str, path: str, order: dict[str, Any] | None = None) -> Any:
        """The ConfigMap server's own controls; its CA is made anew at each start, so not asked."""
        body = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(self.kubernetes + path, body, method=method)
        anybody = ssl._create_unverified_context()
        with urllib.request.urlopen(request, context=anybody) as answer:
            return json.load(answer)

    def outside(self, path: str, order: Any = None) -> Any:
        """The controls of the workspace and domain: POST an order, or GET without one."""
        body = None if order is None else json.dumps(order).encode()
        url = f"https://{self.rest}/_fake/{path}"
        request = urllib.request.Request(url, body, method="POST" if path != "state" else "GET")
        anybody = ssl._create_unverified_context()
        with urllib.request.urlopen(request, context=anybody) as answer:
            return json.load(answer)

    def page(self, path: str) -> str:
        """A path as a browser gets it."""
        headers = {"Accept": "text/html"}
        request = urllib.request.Request(self.aws + path, headers=headers)
        with urllib.request.urlopen(request) as answer:
            return str(answer.read().decode())

    def reset(self) -> None:
        """Empty AWS, and every fault, limit, session and journal entry."""
        self.post("/_fake/reset")

    def credentials(self, account: str) -> dict[str, str]:
        """Keyword arguments for boto3 that act as an account's administrator."""
        key = self.post("/_fake/credentials", {"account": account})
        return {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }

    def stop(self) -> int:
        """End the process; its exit code. Ending it twice is no error; another's is left alone."""
        if self._child is None:
            return 0
        if self._child.poll() is None:
            self._child.terminate()
        try:
            return self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self._child.wait()
        finally:
            if self._child.stdout:
                self._child.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        request = urllib.request.Request(self.aws + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            refused.msg = f"{refused.msg}: {refused.read().decode()}"
            raise


def running(addresses: dict[str, str]) -> FakeAWS:
    """A fake that somebody else started and will end."""
    return FakeAWS(None, addresses)


def start(
    port: int = 0,
    kube_port: int = 0,
    pace: float | None = None,
    watch: bool = False,
    info: Path | None = None,
) -> FakeAWS:
    """Start the fake and wait until it answers; `RuntimeError` with its exit code if it ends."""
    command = [
        sys.executable,
        "-m",
        "tests.fakes",
        f"--port={port}",
        f"--kube-port={kube_port}",
    ]
    command += ["--watch"] if watch else []
    command += [f"--info={info}"] if info else []
    environment = dict(os.environ) | ({} if pace is None else {"PACE": str(pace)})
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    line = child.stdout.readline() if child.stdout else ""
    if not line:
        raise RuntimeError(f"the fake AWS ended with exit code {child.wait()}")
    return FakeAWS(child, json.loads(line))
