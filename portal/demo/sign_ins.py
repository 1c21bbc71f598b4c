"""Tells who can sign in to the demo: on the screen, and in the file that DEMO_INFO names."""

import json
import os
from pathlib import Path
from typing import Any


def tell(info: dict[str, Any]) -> None:
    """Print the address and the sign-ins; write DEMO_INFO. Raises OSError when it cannot."""
    people = info["people"]
    width = max(len(one["email"]) for one in people)
    print(f"\n  Gatehouse is ready: {info['url']}/\n")
    print("  Choose a person on the sign-in page with one click, or sign in as")
    for one in people:
        print(f"    {one['email']:<{width}}  {one['role']}")
    print(f"  all with the password: {people[0]['password']}")
    print(f"\n  AWS answers at {info['aws_endpoint']}. Ctrl-C ends everything.\n", flush=True)
    path = os.environ.get("DEMO_INFO", "")
    if path:
        _write(Path(path), info)


def _write(path: Path, info: dict[str, Any]) -> None:
    """Whole or not at all, and readable by us alone: it holds a token."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.touch(mode=0o600)
    aside.write_text(json.dumps(info, indent=2) + "\n")
    aside.replace(path)
