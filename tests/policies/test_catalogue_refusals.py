"""Files with a mistake: each answered at the right line, and nothing of them saved.

The table of mistakes is in `catalogue_mistakes`.
"""

import json
from textwrap import dedent

import pytest

from tests.policies import catalogue_run as run
from tests.policies.catalogue_mistakes import ENTRIES, GOOD, ROWS

pytestmark = pytest.mark.django_db


def with_entry(section: str, entry: str) -> str:
    """GOOD with one more entry at the end of `section`, which is made when it is not there."""
    first, *rest = entry.splitlines()
    lines = [f"  - {first}", *(f"    {line}" for line in rest)]
    text = GOOD.splitlines()
    if f"{section}:" not in text:
        return "\n".join([*text, f"{section}:", *lines, ""])
    start = text.index(f"{section}:") + 1
    end = next((n for n in range(start, len(text)) if not text[n].startswith(" ")), len(text))
    return "\n".join([*text[:end], *lines, *text[end:], ""])


def marked(text: str, otherwise: str) -> int:
    lines = text.splitlines()
    sign = "# <<" if "# <<" in text else otherwise
    return next(number for number, line in enumerate(lines, 1) if sign in line)


def test_the_good_part_of_every_row_is_good(db, tmp_path):
    ran = run.apply(run.written(tmp_path, GOOD))
    assert (ran.code, ran.error) == (0, "")


@pytest.mark.parametrize(("section", "entry", "what"), ENTRIES)
def test_a_mistake_is_answered_at_its_line_and_nothing_is_saved(db, tmp_path, section, entry, what):
    text, before = with_entry(section, entry), run.everything()
    path = run.written(tmp_path, text.encode())
    ran = run.apply(path)
    assert ran.code == 1, ran.said
    line = marked(text, otherwise=f"  - {entry.splitlines()[0]}")
    problems = ran.error.splitlines()[1:]
    assert [one for one in problems if one.startswith(f"{path}:{line}:") and what in one], problems
    assert run.everything() == before


@pytest.mark.parametrize(("head", "rest", "what"), ROWS)
def test_a_strange_section_is_named_with_the_known_ones(db, tmp_path, head, rest, what):
    path = run.written(tmp_path, f"{GOOD}{head}\n  {rest}\n")
    ran, before = run.apply(path), run.everything()
    assert ran.code == 1
    assert f"{path}:{GOOD.count(chr(10)) + 1}:" in ran.error
    assert what in ran.error
    assert run.everything() == before


@pytest.mark.parametrize("version", ["", "version: 2\n", "version: [1]\n"])
def test_another_version_is_refused(db, tmp_path, version):
    path = run.written(tmp_path, GOOD.replace("version: 1\n", version))
    ran = run.apply(path)
    assert (ran.code, "only version known" in ran.error) == (1, True)


def test_a_circle_of_managers_is_named_at_everybody_in_it(db, tmp_path):
    text = """
        version: 1
        people:
          - {email: a@example.com, name: A, employee_number: a, manager: b@example.com}
          - {email: b@example.com, name: B, employee_number: b, manager: a@example.com}
    """
    ran = run.apply(run.written(tmp_path, text))
    assert ran.code == 1
    assert [line.split(":")[1] for line in ran.error.splitlines()[1:]] == ["4", "5"]


def test_two_people_cannot_be_one_kubernetes_user(db, tmp_path):
    entries = "\n".join(
        f"  - {{arn: 'arn:aws:iam::111122223333:role/{name}', person: {name}@example.com,"
        " eks_user: {username: data}}"
        for name in ("ana", "kim")
    )
    ran = run.apply(run.written(tmp_path, f"{GOOD}principals:\n{entries}\n".encode()))
    assert ran.code == 1
    assert "“data” is already that of arn:aws:iam::111122223333:role/ana" in ran.error


def test_an_ended_entitlement_is_in_no_bundle_of_the_same_file(db, tmp_path):
    text = dedent(
        """
        entitlements:
          - {slug: old, ended: true}
        bundles:
          - {slug: b, name: B, entitlements: [old]}
        """
    )
    ran = run.apply(run.written(tmp_path, (GOOD + text).encode()))
    assert (ran.code, "There is no entitlement “old”" in ran.error) == (1, True)


def test_an_ended_entry_may_still_name_what_is_gone(db, tmp_path):
    entry = "{slug: old, ended: true, kind: portfolio, config: {portfolio: gone}}"
    path = run.written(tmp_path, f"{GOOD}entitlements:\n  - {entry}\n".encode())
    assert run.apply(path).code == 0


def test_every_mistake_of_a_file_is_told_at_once_and_in_order(db, tmp_path):
    text = """
        version: 1
        accounts:
          - {number: 1, name: A, region: r}
        people:
          - {email: x, name: N, employee_number: n, color: red}
    """
    ran = run.apply(run.written(tmp_path, text))
    assert "4 problems" in ran.error
    assert [line.split(":")[1] for line in ran.error.splitlines()[1:]] == ["4", "4", "6", "6"]


def test_a_late_refusal_takes_back_everything_before_it(db, tmp_path):
    text = "people:\n  - {email: z@example.com, name: Z, employee_number: z, state: left,"
    rows = GOOD.replace("people:\n", f"{text} portal_roles: [auditor]}}\n")
    before = run.everything()
    ran = run.apply(run.written(tmp_path, rows.encode()))
    assert (ran.code, "nobody working here" in ran.error) == (1, True)
    assert run.everything() == before


def test_json_refusals_name_line_what_and_remedy(db, tmp_path):
    ran = run.apply(run.written(tmp_path, "version: 1\nacounts: []\n"), "--json")
    answer = json.loads(ran.said)
    assert answer["ok"] is False
    assert (answer["problems"][0]["line"], answer["problems"][0]["column"]) == (2, 1)
    assert answer["problems"][0]["remedy"].startswith("Known are: version, accounts")
