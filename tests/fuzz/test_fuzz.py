"""A fixed slice of the campaign, and proof that it would notice what it looks for."""

import struct
import zlib
from random import Random

import pytest
from docs.pages import ROOT
from fuzz import worker
from fuzz.mutation import MAX_BYTES, mutate, with_right_checksums
from fuzz.readers import READERS, Reader, sound
from fuzz.worker import outcome_of

SEED = 20
MUTANTS = 30


@pytest.mark.parametrize("name", READERS)
def test_a_malformed_file_is_read_or_refused_in_one_line(name):
    outcomes = []
    for index in range(MUTANTS):
        rng = Random(f"{SEED} {name} {index}")
        data = READERS[name].mutate(rng.choice(sound(name)), sound(name), rng)
        outcomes.append((index, *outcome_of(READERS[name], data, rng)))
    assert [one for one in outcomes if one[1] not in ("read", "refused")] == []
    assert any(one[1] == "refused" for one in outcomes) or name == "pacs-lists"


@pytest.mark.parametrize("name", [name for name in READERS if name != "series"])
def test_every_sound_file_of_the_corpus_is_read_or_refused_for_what_it_is(name):
    outcomes = [outcome_of(READERS[name], data, Random(0))[0] for data in sound(name)]
    assert outcomes.count("read") > len(outcomes) / 2
    assert set(outcomes) <= {"read", "refused"}


def reader_that(raises):
    def read(_data, _folder, _rng):
        if raises is not None:
            raise raises

    return Reader(corpus=lambda: iter([b""]), read=read)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (KeyError("a"), "KeyError"),
        (RecursionError("deep"), "RecursionError"),
        (ValueError("two\nlines of it"), "not one printable line"),
        (ValueError("\x1b[31m in red"), "not one printable line"),
        (ValueError("bad"), "too short"),
        (ValueError("l" * 600), "too long"),
        (ValueError("a line of somebody else"), "another library's"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), "came out raw"),
    ],
)
def test_what_is_no_line_of_ours_is_a_failure(raised, told):
    outcome, _ = outcome_of(reader_that(raised), b"", Random(0))
    assert outcome.startswith("FAILED")
    assert told in outcome
    assert outcome_of(reader_that(None), b"", Random(0)) == ("read", "")


def test_mutants_follow_from_their_seed_and_differ():
    files = sound("dicom")
    made = [mutate(files[0], files, Random(f"{seed}")) for seed in range(40)]
    again = [mutate(files[0], files, Random(f"{seed}")) for seed in range(40)]
    assert made == again
    assert len(set(made)) > 35
    assert files[0] not in made[:5]
    assert max(map(len, made)) <= MAX_BYTES


def test_checksums_of_a_spoiled_png_are_made_right():
    spoiled = bytearray(sound("png")[0])
    spoiled[20] ^= 1  # in its width
    (stored,) = struct.unpack_from(">I", with_right_checksums(spoiled), 29)
    assert stored == zlib.crc32(spoiled[12:29])


def test_a_mutant_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome_of(READERS["jobs"], sound("jobs")[0], Random(0))
    assert list(tmp_path.iterdir()) == []


def test_the_limits_are_those_that_the_page_promises():
    text = (ROOT / "docs" / "reference" / "security.md").read_text(encoding="utf-8")
    assert (worker.MAX_SECONDS, worker.MAX_BYTES) == (10, 2**30)
    assert "compute for more than ten seconds\n  or take more than 1 GiB" in text
