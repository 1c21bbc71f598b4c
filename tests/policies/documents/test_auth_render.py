"""Rows as text: libyaml, where PyYAML has it, writes what PyYAML itself writes."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from policies.documents import auth_render

texts = st.text()


@pytest.mark.skipif(not hasattr(yaml, "CSafeDumper"), reason="this PyYAML has no libyaml")
@given(texts, texts, st.lists(texts), st.booleans())
def test_both_writers_write_the_same_text(arn, username, groups, flow):
    value = {"rolearn": arn, "username": username, "groups": groups}
    texts = [
        auth_render.dump(value, flow=flow, dumper=dumper)
        for dumper in (yaml.SafeDumper, yaml.CSafeDumper)
    ]
    assert texts[0] == texts[1]


def test_a_row_of_any_length_stays_on_its_lines():
    text = auth_render.dump({"username": "x " * 5_000}, flow=False)
    assert text.count("\n") == 1
