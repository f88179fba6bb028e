import os
import stat
import subprocess
import sys

import pytest

from lingseg.artefact import remove_leftovers, write_text, written_atomically


def names_in(folder) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_written_file_is_there_with_its_folders(tmp_path):
    path = tmp_path / "a" / "b" / "card.md"
    write_text(path, "one\ntwö\n")
    assert path.read_bytes() == b"one\ntw\xc3\xb6\n"
    assert names_in(path.parent) == ["card.md"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "card.md"
    path.write_text("old")

    def write_and_fail() -> None:
        with written_atomically(path) as temporary:
            temporary.write_text("new, but only ha")
            raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        write_and_fail()
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["card.md"]


def test_nothing_is_seen_before_it_is_whole(tmp_path):
    path = tmp_path / "card.md"
    with written_atomically(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.suffix == path.suffix
    assert path.read_text() == "new"


def test_it_is_synced_before_it_is_moved(tmp_path, monkeypatch):
    events = []
    genuine = os.replace
    monkeypatch.setattr(os, "fsync", lambda _descriptor: events.append("sync"))
    monkeypatch.setattr(os, "replace", lambda *paths: events.append("move") or genuine(*paths))
    write_text(tmp_path / "card.md", "new")
    assert events[:2] == ["sync", "move"]


def test_rights_are_those_of_an_ordinary_file(tmp_path):
    (tmp_path / "ordinary").touch()
    write_text(tmp_path / "ours", "x")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ordinary", "ours")]
    assert modes[0] == modes[1]


KILLED = """
import os, sys
from pathlib import Path
from lingseg.artefact import written_atomically
with written_atomically(Path(sys.argv[1])) as temporary:
    temporary.write_text("hal")
    os.kill(os.getpid(), 9)
"""


def killed_while_writing(path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9


def test_what_a_killed_process_was_writing_is_no_result_and_is_removed_by_name(tmp_path):
    ours, other = tmp_path / "ours.png", tmp_path / "other.png"
    killed_while_writing(ours)
    killed_while_writing(other)
    left = names_in(tmp_path)
    assert len(left) == 2
    assert all(name.startswith(".") and name.endswith(".part.png") for name in left)
    assert remove_leftovers([tmp_path], lambda: [ours]) == 1
    assert remove_leftovers([tmp_path], lambda: [ours]) == 0
    assert remove_leftovers([tmp_path], lambda: [other]) == 1
    assert names_in(tmp_path) == []


def test_what_somebody_is_writing_is_not_removed(tmp_path):
    path = tmp_path / "mask.png"
    with written_atomically(path) as temporary:
        temporary.write_text("new")
        assert remove_leftovers([tmp_path], lambda: [path]) == 0
    assert path.read_text() == "new"


def test_files_of_others_are_no_leftovers(tmp_path):
    names = [".hidden.png", ".part.png", "mask.part.png", f".{'0' * 16}.x.part.png", "a.png"]
    for name in names:
        (tmp_path / name).touch()
    assert remove_leftovers([tmp_path, tmp_path / "none"], lambda: [tmp_path / "a.png"]) == 0
    assert sorted(names_in(tmp_path)) == sorted(names)


def test_outputs_are_only_asked_for_where_something_is_left(tmp_path):
    def never():
        raise AssertionError("asked")

    assert remove_leftovers([tmp_path], never) == 0


def test_a_name_may_be_as_long_as_the_system_lets_it_be(tmp_path):
    path = tmp_path / ("x" * 251 + ".png")
    write_text(path, "x")
    assert path.read_text() == "x"
