"""A test client that checks every page it fetches, so that no test has to remember to."""

import re
from collections import Counter
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from django.test import Client

HTML = "{http://www.w3.org/1999/xhtml}"
LABELLED = {"input", "select", "textarea"}
UNLABELLED_INPUTS = {"hidden", "submit", "button"}


class BadPage(AssertionError):
    """What is wrong with a page, and its address."""


class PageClient(Client):
    """Django's test client; every HTML answer is parsed strictly and checked."""

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("text/html") and response.content and not response.streaming:
            check(response.content.decode(), request.get("PATH_INFO", ""))
        return response


def check(html: str, where: str = "") -> None:
    """Raises BadPage naming every fault. A fragment (no doctype) is checked as one."""
    whole = html.lstrip().lower().startswith("<!doctype")
    parser = html5lib.HTMLParser(strict=False)
    parse = parser.parse if whole else parser.parseFragment
    tree = parse(html)
    faults = [f"HTML: {code} at {at}" for at, code, _more in parser.errors]
    elements = [one for one in tree.iter() if isinstance(one.tag, str)]
    faults += _ids(elements) + _labels(elements) + _forms(elements) + _inline(elements)
    if whole:
        faults += _title(elements)
    if faults:
        raise BadPage(f"{where}: " + "; ".join(faults))


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _name(element: Element) -> str:
    return str(element.tag).removeprefix(HTML)


def _ids(elements: list[Element]) -> list[str]:
    counted = Counter(one.get("id") for one in elements if one.get("id"))
    known = set(counted)
    faults = [f"id “{name}” is there {n} times" for name, n in counted.items() if n > 1]
    for one in elements:
        for attribute in ("aria-describedby", "aria-labelledby"):
            for name in (one.get(attribute) or "").split():
                if name not in known:
                    faults.append(f"{attribute} names “{name}”, which is not there")
    return faults


def _labels(elements: list[Element]) -> list[str]:
    labelled = {one.get("for") for one in elements if _name(one) == "label"}
    return [
        f"no label for {_name(one)} “{one.get('name')}”"
        for one in elements
        if _name(one) in LABELLED
        and one.get("type") not in UNLABELLED_INPUTS
        and one.get("id") not in labelled
        and not one.get("aria-label")
    ]


def _forms(elements: list[Element]) -> list[str]:
    faults = []
    for form in (one for one in elements if _name(one) == "form"):
        if not form.get("action"):
            faults.append("a form has no action")
        names = {one.get("name") for one in form.iter()}
        if (form.get("method") or "").lower() == "post" and "csrfmiddlewaretoken" not in names:
            faults.append(f"the form to {form.get('action')} has no CSRF token")
    return faults


def _inline(elements: list[Element]) -> list[str]:
    """What our Content-Security-Policy would block."""
    faults = []
    for one in elements:
        if one.get("style"):
            faults.append(f"inline style on {_name(one)}")
        if _name(one) == "style" or (_name(one) == "script" and not one.get("src")):
            faults.append(f"inline {_name(one)}")
        faults += [f"inline handler {name}" for name in one.attrib if re.match(r"on[a-z]", name)]
    return faults


def _title(elements: list[Element]) -> list[str]:
    titles = [text_of(one) for one in elements if _name(one) == "title"]
    headings = [text_of(one) for one in elements if _name(one) == "h1"]
    if len(headings) != 1 or len(titles) != 1:
        return [f"{len(titles)} titles and {len(headings)} h1"]
    said = re.sub(r"^\W?Error:\W? ?", "", titles[0]).removesuffix(" – Gatehouse")
    return [] if said == headings[0] else [f"title “{titles[0]}” but h1 “{headings[0]}”"]
