import os
import stat

import pytest

from lingseg.artefact import write_text, written_atomically


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
