"""export_audit and verify_audit: out and back, offline, and read by another's program."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import audit
from accounts.actors import system
from accounts.audit import What
from accounts.models import Event
from accounts.seals import transcript
from tests import factories as f
from tests.accounts import sealing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _key(settings):
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("first")]


@pytest.fixture
def keys(tmp_path) -> str:
    path = tmp_path / "keys.txt"
    path.write_text(f"# ours\n{sealing.public('first')}  # the first\n\n")
    return str(path)


def exported(tmp_path, *options: str) -> list[str]:
    path = tmp_path / f"record{len(list(tmp_path.iterdir()))}.ndjson"
    call_command("export_audit", "--output", str(path), *options)
    return path.read_text().splitlines()


def verified(tmp_path, keys: str, lines: list[str], *options: str) -> dict:
    """What verify_audit says of an export made of these lines, asked as a program would."""
    path = tmp_path / "given.ndjson"
    path.write_text("".join(f"{line}\n" for line in lines))
    out = io.StringIO()
    asked = ("--export", str(path), "--keys", keys, "--json", *options)
    code = 0
    try:
        call_command("verify_audit", *asked, stdout=out)
    except CommandError as error:
        code = error.returncode
    answer = json.loads(out.getvalue())
    assert code == (answer["found"] > 0)
    assert answer["verified"] == (answer["found"] == 0)
    return answer


def codes(answer: dict) -> list[tuple[str, int | None]]:
    return [(one["code"], one["position"] or one["seal"]) for one in answer["findings"]]


def test_what_is_exported_verifies_without_a_database(tmp_path, keys):
    sealing.history()
    sealing.recorded(2)
    exported(tmp_path, "--without-notes")
    lines = exported(tmp_path)
    path = tmp_path / "whole.ndjson"
    path.write_text("\n".join(lines) + "\n")
    nowhere = tmp_path / "nowhere.sqlite3"
    done = subprocess.run(
        [sys.executable, "manage.py", "verify_audit", "--export", path, "--keys", keys],
        env={**os.environ, "DATABASE_URL": f"sqlite:///{nowhere}", "AUDIT_SIGNING_KEYS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "12 events under 4 seals; 2 wait" in done.stdout
    assert "Verified" in done.stdout
    assert not nowhere.exists()


def test_an_export_holds_every_event_in_order_and_its_end(tmp_path, keys):
    sealing.history(2)
    sealing.recorded(1)
    lines = [json.loads(line) for line in exported(tmp_path)]
    kinds = [one["kind"] for one in lines]
    assert kinds == ["export", *["event"] * 3, "seal", *["event"] * 3, "seal", "unsealed", "end"]
    events = [one for one in lines if one["kind"] == "event"]
    assert [one["position"] for one in events] == [1, 2, 3, 4, 5, 6]
    assert events[0]["note"]["text"] == "because of the audit"
    assert lines[-1] == {"kind": "end", "events": 6, "seals": 2, "unsealeds": 1}
    bare = [json.loads(line) for line in exported(tmp_path, "--without-notes")]
    assert not [one for one in bare if "note" in one]


def changed(line: str, **values) -> str:
    return json.dumps({**json.loads(line), **values})


# Lines of an export of two seals: 0 export, 1-3 events, 4 seal, 5-7 events, 8 seal, 9 end.
CUTS = {
    "the end": (lambda x: x[:-1], {"export.cut"}),
    "a seal and the end of it": (lambda x: x[:6], {"export.cut", "seal.missing"}),
    "an event": (lambda x: [*x[:2], *x[3:]], {"position.missing", "export.cut"}),
    "a seal": (lambda x: [*x[:4], *x[5:]], {"seal.missing", "position.strange", "export.cut"}),
    "the head": (lambda x: x[1:], {"export.malformed"}),
    "the order": (lambda x: [x[0], x[2], x[1], *x[3:]], {"position.order"}),
    "an event twice": (
        lambda x: [*x[:2], x[1], *x[2:]],
        {"position.order", "export.cut"},
    ),
    "the order of seals": (
        lambda x: [x[0], *x[5:9], *x[1:5], x[9]],
        {"seal.missing", "seal.order"},
    ),
    "what an event says": (
        lambda x: [*x[:1], x[1].replace("G-0", "G-9"), *x[2:]],
        {"event.changed"},
    ),
    "a column more": (
        lambda x: [x[0], x[1].replace('"seeded":', '"extra":1,"seeded":'), *x[2:]],
        {"event.changed"},
    ),
    "a name more": (
        lambda x: [x[0], changed(x[1], extra=1), *x[2:]],
        {"export.malformed", "position.missing", "export.cut"},
    ),
    "a kind nobody knows": (lambda x: [*x[:1], "{}", "nothing", *x[1:]], {"export.malformed"}),
    "lines after the end": (lambda x: [*x, x[1]], {"export.malformed"}),
    "an event shown as a digest": (
        lambda x: [
            x[0],
            json.dumps(
                {
                    "kind": "withheld",
                    **{name: json.loads(x[1])[name] for name in ("position", "id", "digest")},
                }
            ),
            *x[2:],
        ],
        {"event.removed", "export.cut"},
    ),
    "a position that is none": (
        lambda x: [x[0], changed(x[1], position="1"), *x[2:]],
        {"export.malformed", "position.missing"},
    ),
    "a seal that is none": (
        lambda x: [*x[:4], changed(x[4], number="one"), *x[5:]],
        {"export.malformed", "seal.changed", "seal.missing", "position.strange"},
    ),
    "a note": (lambda x: [x[0], x[1].replace("because", "despite"), *x[2:]], {"note.changed"}),
}


@pytest.mark.parametrize("what", CUTS)
def test_whatever_is_done_to_an_export_is_found(tmp_path, keys, what):
    sealing.history(2)
    lines = exported(tmp_path)
    assert codes(verified(tmp_path, keys, lines)) == []
    change, wanted = CUTS[what]
    assert {code for code, _where in codes(verified(tmp_path, keys, change(lines)))} == wanted


def test_a_substituted_key_is_found_and_a_file_without_keys_refused(tmp_path, keys):
    sealing.history(2)
    lines = exported(tmp_path)
    other = tmp_path / "other.txt"
    other.write_text(sealing.public("foreign"))
    assert codes(verified(tmp_path, str(other), lines)) == [("seal.key", 1)]
    for text in ("", "# none\n", "ssh-ed25519 AAAA", sealing.public("first")[:-4]):
        other.write_text(text)
        with pytest.raises(CommandError) as refused:
            call_command("verify_audit", "--export", keys, "--keys", str(other))
        assert refused.value.returncode == 2


def test_an_export_alone_cannot_vouch_for_itself(tmp_path):
    with pytest.raises(CommandError, match="--keys") as refused:
        call_command("verify_audit", "--export", str(tmp_path / "any"))
    assert refused.value.returncode == 2


def test_an_older_export_serves_as_copies_of_the_seals(tmp_path, keys):
    sealing.history(2)
    older = tmp_path / "older.ndjson"
    older.write_text("\n".join(exported(tmp_path)))
    sealing.resealed(2, "first")
    answer = verified(tmp_path, keys, exported(tmp_path), "--seals", str(older))
    assert codes(answer) == [("copy.differs", 2)]


def test_copies_that_go_on_after_an_export_are_told_and_not_faulted(tmp_path, keys, settings):
    settings.AUDIT_SEAL_FILE = str(tmp_path / "seals.ndjson")
    sealing.history(2)
    lines = exported(tmp_path)
    sealing.history(1)
    answer = verified(tmp_path, keys, lines, "--seals", settings.AUDIT_SEAL_FILE)
    assert codes(answer) == []
    assert "made at" in answer["remarks"][0]
    late = [changed(lines[0], made_at="2999-01-01T00:00:00.000000Z"), *lines[1:]]
    answer = verified(tmp_path, keys, late, "--seals", settings.AUDIT_SEAL_FILE)
    assert codes(answer) == [("copy.beyond", 3)]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (("--object", "grant", "G-1"), [2, 5]),
        (("--person", "1"), [2, 5]),
        (("--since", "2999-01-01"), []),
        (("--until", "2999-01-01T10:00"), [1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_choice_of_events_can_be_verified_too(tmp_path, keys, options, wanted):
    for _seal in range(2):
        sealing.recorded(3)
        sealing.sealer.seal_waiting()
    lines = exported(tmp_path, *options)
    shown = [json.loads(one) for one in lines if '"kind":"event"' in one]
    assert [one["position"] for one in shown] == wanted
    answer = verified(tmp_path, keys, lines)
    assert codes(answer) == []
    assert answer["events"] == len(wanted)
    if wanted and len(wanted) < 6:
        assert answer["withheld"] == 4
        place = next(n for n, one in enumerate(lines) if '"kind":"event"' in one)
        lines[place] = lines[place].replace("2026-01-31", "2027-01-31")
        assert codes(verified(tmp_path, keys, lines)) == [("event.changed", wanted[0])]


def test_people_are_named_by_address_or_id(tmp_path):
    ana = f.person("Ana Engineer")
    sealing.sealer.seal_waiting()
    by_address = exported(tmp_path, "--person", "Ana.Engineer@example.com")
    assert by_address[1:] == exported(tmp_path, "--person", str(ana.pk))[1:]
    for wrong in (("--person", "no@example.com"), ("--since", "soon"), ("--until", "2026-13-01")):
        with pytest.raises(CommandError) as refused:
            call_command("export_audit", *wrong)
        assert refused.value.returncode == 2


def test_an_existing_file_is_not_written_over(tmp_path):
    path = tmp_path / "record.ndjson"
    path.write_text("mine")
    with pytest.raises(CommandError) as refused:
        call_command("export_audit", "--output", str(path))
    assert (refused.value.returncode, path.read_text()) == (2, "mine")


def test_the_printed_keys_are_a_file_of_keys(tmp_path, settings):
    with pytest.raises(CommandError, match="Nothing was sealed"):
        call_command("verify_audit", "--print-keys")
    sealing.history(1)
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("second"), sealing.secret("first")]
    sealing.history(1)
    printed, said = io.StringIO(), io.StringIO()
    call_command("verify_audit", "--print-keys", stdout=printed)
    path = tmp_path / "printed.txt"
    path.write_text(printed.getvalue())
    assert [one.split()[0] for one in printed.getvalue().splitlines()] == [
        sealing.public("first"),
        sealing.public("second"),
    ]
    call_command("verify_audit", "--keys", str(path), stdout=said)
    assert "signed seals 1 to 2" in said.getvalue()


def test_verifying_the_database_says_what_is_wrong_where():
    sealing.history(2)
    sealing.owner(
        "UPDATE accounts_event SET what = 'x' WHERE id ="
        " (SELECT event_id FROM accounts_sealed WHERE position = 5)"
    )
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 found"):
        call_command("verify_audit", stdout=out)
    event = Event.objects.get(what="x")
    assert f"FOUND  position 5, event {event.pk}: the event is not" in out.getvalue()


def test_halves_of_characters_and_large_numbers_are_sealed_and_exported(tmp_path, keys):
    odd = {"big": 2**70, "small": 1e-9, "text": "é\u2028\U0001f600"}
    if connection.vendor == "sqlite":  # PostgreSQL refuses it when it is recorded
        odd["half"] = "\ud800"
    with sealing.transaction.atomic():
        audit.record(What.PERSON_JOINED, by=system(), about=("person", 1), after=odd)
    sealing.sealer.seal_waiting()
    assert codes(verified(tmp_path, keys, exported(tmp_path))) == []


def test_another_program_verifies_an_export_by_the_documentation_alone(tmp_path):
    """Standard library and Ed25519, nothing of ours: what docs/audit.md says is enough."""
    sealing.history(3)
    before, key, held = "0" * 64, sealing.public("first"), []
    for line in map(json.loads, exported(tmp_path)):
        if line["kind"] == "event":
            columns = {**line["event"], "position": line["position"]}
            held.append(_sha(b"gatehouse event 1\n" + _text(columns)))
        elif line["kind"] == "seal":
            root = _sha(b"gatehouse root 1\n" + b"".join(map(bytes.fromhex, held)))
            unsigned = {name: line[name] for name in line.keys() - {"kind", "digest", "signature"}}
            data = b"gatehouse seal 1\n" + _text(unsigned)
            Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key)).verify(
                base64.urlsafe_b64decode(line["signature"]), data
            )
            assert (line["key"], line["previous"], line["root"]) == (key, before, root)
            before, key, held = _sha(data), line["next_key"] or key, []


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _text(value: dict) -> bytes:
    """RFC 8785 for what these events hold."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_the_transcript_reads_a_bounded_number_of_rows_at_a_time(
    monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(sealing.sealer, "BATCH", 7)
    sealing.recorded(60)
    sealing.sealer.seal_waiting()
    monkeypatch.setattr(transcript, "STRIDE", 20)
    with django_assert_max_num_queries(30):
        lines = list(transcript.lines())
    assert [one["position"] for one in lines if one["kind"] == "event"] == list(range(1, 61))
