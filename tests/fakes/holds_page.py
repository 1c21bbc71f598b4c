"""The page "What AWS holds": the fake's own state, lit where it has just changed."""

import secrets
import threading
import time
from collections.abc import Mapping
from html import escape
from itertools import groupby

from werkzeug.wrappers import Response

from tests.fakes.holds import collect
from tests.fakes.holds_lines import Seen, Shown

LIT_SECONDS, REFRESH_SECONDS = 60.0, 3.0
WATCH_SHARE = 20
STYLE = """
:root { color-scheme: light dark; --edge: #8886; --new: #d8f3d0; --gone: #f7dcd6; }
@media (prefers-color-scheme: dark) { :root { --new: #1f4a1c; --gone: #5a2a20; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 0; }
article { border: 1px solid var(--edge); border-radius: .5rem; margin: .75rem 0; padding: .75rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
ul { list-style: none; margin: 0; padding: 0; }
li { padding: .1rem .4rem; border-radius: .25rem; overflow-wrap: anywhere; }
code { font: .85rem/1.5 ui-monospace, monospace; white-space: pre-wrap; }
.new { background: var(--new); } .gone { background: var(--gone); } .gone code { opacity: .75; }
b { font-weight: 600; font-size: .85rem; margin-left: .5rem; white-space: nowrap; }
"""

seen = Seen()


def page(asked: Mapping[str, str]) -> Response:
    """The page. `lit`: seconds a change stays lit; `refresh`: seconds to the next look (0: none).

    `ValueError` when either is not a number.
    """
    lit = float(asked.get("lit", LIT_SECONDS))
    refresh = float(asked.get("refresh", REFRESH_SECONDS))
    nonce = secrets.token_urlsafe(16)
    shown = [one for one in seen.note(collect()) if one.gone is None or one.gone < lit]
    headers = {
        "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }
    document = _document(_accounts(shown, lit), nonce, refresh)
    return Response(document, headers=headers, mimetype="text/html")


def watch(stop: threading.Event) -> None:
    """Take note of changes as they happen, not only when somebody looks, until told to stop."""
    pause = 1.0
    while not stop.wait(pause):
        began = time.monotonic()
        seen.note(collect())
        pause = max(1.0, WATCH_SHARE * (time.monotonic() - began))


def _document(body: str, nonce: str, refresh: float) -> str:
    again = f'<meta http-equiv="refresh" content="{refresh:g}">' if refresh else ""
    other = "" if not refresh else "?format=html&amp;refresh=0"
    turn = f'<a href="/_fake/holds{other or "?format=html"}">'
    turn += "Stop refreshing</a>" if refresh else "Refresh by itself</a>"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{again}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>What AWS holds</title><style nonce="{nonce}">{STYLE}</style></head><body>'
        "<header><h1>What AWS holds</h1><p>The fake AWS's own state, read without the portal. "
        f'Changes stay lit for a while. {turn} · <a href="?format=json">as JSON</a></p></header>'
        f"<main>{body or '<p>Nothing yet.</p>'}</main></body></html>"
    )


def _accounts(shown: list[Shown], lit: float) -> str:
    ordered = sorted(shown, key=lambda one: one.line.account)
    return "".join(
        f"<section><h2>Account {escape(account)}</h2>{_things(list(of_account), lit)}</section>"
        for account, of_account in groupby(ordered, key=lambda one: one.line.account)
    )


def _things(shown: list[Shown], lit: float) -> str:
    things: dict[str, list[Shown]] = {}
    for one in shown:
        things.setdefault(one.line.thing, []).append(one)
    return "".join(
        f"<article><h3>{escape(thing)}</h3><ul>{''.join(_item(one, lit) for one in of_thing)}</ul>"
        "</article>"
        for thing, of_thing in things.items()
    )


def _item(one: Shown, lit: float) -> str:
    text = f"<code>{escape(one.line.text)}</code>"
    if one.gone is not None:
        return f'<li class="gone"><del>{text}</del><b>gone, {one.gone:.0f} s ago</b></li>'
    if one.came < lit:
        return f'<li class="new">{text}<b>new, {one.came:.0f} s ago</b></li>'
    return f"<li>{text}</li>"
