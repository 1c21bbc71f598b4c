"""Statements over documents: all held, each document within its limit, nothing moves needlessly."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.documents import iam, packing

FIRST, REST = 900, 1_400
QUICK = settings(max_examples=60, deadline=None)
VC = "arn:aws:emr-containers:us-east-1:111122223333:/virtualclusters/vc{}"
ROLE = "arn:aws:iam::111122223333:role/exec-{}"

pairs = st.tuples(st.integers(0, 3), st.integers(0, 30))
asked = st.lists(pairs, max_size=40)


def statements(wanted):
    return [
        one
        for cluster, role in wanted
        for one in iam.job_statements(VC.format(cluster), ROLE.format(role))
    ]


def pack(wanted, *, earlier=None, first=FIRST, most=100):
    return packing.pack(
        iam.atoms(statements(wanted)), first=first, rest=REST, most=most, earlier=earlier
    )


def held(documents):
    return {atom for text in documents.values() for atom in iam.atom_texts(text)}


def room(number):
    return REST if number else FIRST


@given(asked)
@QUICK
def test_everything_asked_for_is_held_once_and_no_document_is_too_big(wanted):
    documents = pack(wanted)
    pieces = list(iam.atoms(statements(wanted)))
    assert sorted(a for text in documents.values() for a in iam.atom_texts(text)) == sorted(pieces)
    for number, text in documents.items():
        assert iam.size(text) <= room(number)
        assert iam.canonical(iam.document(iam.atoms(_said(text)).values())) == text


@given(asked)
@QUICK
def test_the_size_that_is_counted_while_packing_is_the_size_that_is_written(wanted):
    document = packing._Document(10**6, is_first=True)
    for text, atom in iam.atoms(statements(wanted)).items():
        document.take(text, atom)
    assert document.used == iam.size(iam.canonical(iam.document(document.atoms)))


@given(asked, pairs)
@QUICK
def test_one_more_thing_leaves_what_was_there_where_it_was(wanted, more):
    before = pack(wanted)
    after = pack([*wanted, more], earlier=before)
    for number, text in before.items():
        assert iam.atom_texts(text) <= iam.atom_texts(after[number])


@given(asked, st.data())
@QUICK
def test_one_thing_less_changes_only_the_documents_that_held_it(wanted, data):
    before = pack(wanted)
    left = [one for one in wanted if not data.draw(st.booleans())]
    after = pack(left, earlier=before)
    stay = set(iam.atoms(statements(left)))
    if after != pack(left):
        for number, text in after.items():
            assert iam.atom_texts(text) == iam.atom_texts(before[number]) & stay
    assert held(after) == stay


@given(asked, st.data())
@QUICK
def test_it_never_takes_more_than_one_document_too_many(wanted, data):
    documents = pack(wanted)
    for _ in range(4):
        wanted = [one for one in wanted if not data.draw(st.booleans())]
        documents = pack(wanted, earlier=documents)
        assert len(documents) <= len(pack(wanted)) + 1
        assert pack(wanted, earlier=documents) == documents


def test_what_fits_stays_inline():
    assert set(pack([(0, 1)], first=4_000)) == {0}


def test_without_any_room_inline_everything_goes_into_managed_policies():
    assert set(pack([(0, 1)], first=-20)) == {1}


def test_the_second_managed_policy_is_not_there_before_the_first_is_full():
    documents = pack([(0, role) for role in range(40)], first=0)
    assert set(documents) == {1, 2}
    assert iam.size(documents[1]) > REST - 80


def test_where_no_more_may_be_attached_holes_are_filled_first():
    before = pack([(0, role) for role in range(40)], first=0)
    left = [(0, 0), (0, 39)]
    assert len(pack(left, first=0, earlier=before)) == 2
    assert len(pack(left, first=0, earlier=before, most=1)) == 1


def test_nothing_asked_for_is_no_document():
    assert pack([]) == {}


@pytest.mark.parametrize("number", [0, 1])
def test_an_emptied_document_is_gone_and_the_others_keep_their_numbers(number):
    wanted = [(0, 1), (1, 2)]
    before = pack(wanted, first=700)
    assert set(before) == {0, 1}
    rest = [wanted[1 - number]]
    after = packing.pack(
        {
            text: one
            for text, one in iam.atoms(statements(rest)).items()
            if text in _only(before, 1 - number)
        },
        first=700,
        rest=REST,
        most=10,
        earlier=before,
    )
    assert set(after) == {1 - number}


def _only(documents, number):
    return iam.atom_texts(documents[number])


def _said(text):
    return json.loads(text)["Statement"]
