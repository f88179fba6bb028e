import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingseg.prediction import Job, find_images, make_jobs, read_jobs
from lingseg.prediction.job import slug


@pytest.fixture
def folder(tmp_path):
    scans = tmp_path / "scans"
    for name in ("b.png", "a.JPG", "notes.txt", ".hidden.png", "deep/c.tiff", "deep/a.png"):
        path = scans / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return scans


def names(paths, folder):
    return [path.relative_to(folder).as_posix() for path in paths]


def find(*inputs, out, is_recursive=False):
    return find_images([str(name) for name in inputs], is_recursive=is_recursive, out=out)


def test_a_folder_gives_its_pictures_in_order(folder, tmp_path):
    assert names(find(folder, out=tmp_path / "out"), folder) == ["a.JPG", "b.png"]


def test_folders_of_folders_are_looked_into_when_asked(folder, tmp_path):
    found = find(folder, out=tmp_path / "out", is_recursive=True)
    assert names(found, folder) == ["a.JPG", "b.png", "deep/a.png", "deep/c.tiff"]


def test_patterns_are_followed_even_where_no_shell_does(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    assert find("*.png", "deep/*", out=tmp_path / "out") == [
        Path("b.png"),
        Path("deep/a.png"),
        Path("deep/c.tiff"),
    ]
    assert names(find(f"{folder}/**/a.*", out=tmp_path / "out"), folder) == ["a.JPG", "deep/a.png"]


def test_a_file_is_taken_whatever_its_name_and_once(folder, tmp_path):
    odd = folder / "odd[1].png"
    odd.touch()
    found = find(folder / "notes.txt", odd, odd, out=tmp_path / "out")
    assert names(found, folder) == ["notes.txt", "odd[1].png"]


def test_an_input_that_names_nothing_is_named(folder, tmp_path):
    for name in (folder / "missing.png", folder / "*.bmp", tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match=re.escape(f"{name} names no picture")):
            find(folder, name, out=tmp_path / "out")


def test_masks_of_an_earlier_run_are_not_taken_for_pictures(folder):
    out = folder / "masks"
    out.mkdir()
    (out / "b--left.png").touch()
    assert len(find(folder, out=out, is_recursive=True)) == 4
    with pytest.raises(ValueError, match="take masks for pictures"):
        find(folder, out=folder)


def test_names_say_what_was_asked_of_which_picture():
    (job,) = make_jobs([Path("in/Film 7.png")], ["The left Lung, upper zone!"], Path("out"))
    assert job.output == Path("out/Film-7--the-left-lung-upper-zone.png")
    assert job.overlay == Path("out/Film-7--the-left-lung-upper-zone.overlay.png")


def test_the_same_sentence_twice_is_one_job():
    assert len(make_jobs([Path("a.png")], ["left", "left"], Path("out"))) == 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1), min_size=1, max_size=3),
    st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=3),
)
def test_names_never_collide_nor_leave_the_folder(stems, texts):
    images = list(
        dict.fromkeys(Path("in", stem.replace("/", "").replace("\0", "")) for stem in stems)
    )
    jobs = list(make_jobs(images, texts, Path("out")))
    assert len(jobs) == len(images) * len(set(texts))
    assert len({str(job.output).lower() for job in jobs}) == len(jobs)
    for job in jobs:
        assert job.output.parent == Path("out")
        assert re.fullmatch(r"[A-Za-z0-9_-]+\.png", job.output.name)
        assert len(job.output.name) < 200


def test_names_are_the_same_in_every_run():
    images = [Path("x/a.png"), Path("y/a.png"), Path("y/A.jpg")]
    first, again = (list(make_jobs(images, ["左", "right"], Path("out"))) for _ in range(2))
    assert first == again
    assert len({job.output for job in first}) == 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lésion à gauche", "lesion-a-gauche"),
        ("../../etc/passwd", "etc-passwd"),
        ("左肺", "text"),
        ("Die größte Ödemfläche", "die-grosste-odemflache"),
        ("ÆØŁ", "aeol"),
    ],
)
def test_a_slug_holds_plain_letters_only(text, expected):
    assert slug(text) == expected


def table(tmp_path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "jobs.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_jobs_file_gives_a_sentence_a_row(tmp_path):
    path = table(
        tmp_path,
        'image,text,output\na.png,"left, upper",\nsub/b.png,right,x/mine\n/c/d.png,dark,e.PNG\n',
    )
    assert list(read_jobs(path, tmp_path / "out")) == [
        Job(
            image=tmp_path / "a.png",
            text="left, upper",
            output=tmp_path / "out" / "a--left-upper.png",
        ),
        Job(image=tmp_path / "sub/b.png", text="right", output=tmp_path / "out" / "x" / "mine.png"),
        Job(image=Path("/c/d.png"), text="dark", output=tmp_path / "out" / "e.PNG"),
    ]


def test_tables_as_spreadsheets_save_them_are_read(tmp_path):
    path = table(tmp_path, "text, image\r\nleft,a.png\r\n", "utf-8-sig")
    assert [job.text for job in read_jobs(path, tmp_path / "out")] == ["left"]


@pytest.mark.parametrize(
    "output", ["../x", "/etc/x", "a/../../x", "C:\\x", "..\\x", "x.exe", "x.json", "\\\\host\\x"]
)
def test_an_output_outside_of_the_folder_or_of_another_kind_is_refused(output, tmp_path):
    path = table(tmp_path, f"image,text,output\na.png,left,{output}\n")
    with pytest.raises(ValueError, match="line 2: output"):
        read_jobs(path, tmp_path / "out")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path)
    path = table(tmp_path, "image,text,output\na.png,left,link/x\n")
    with pytest.raises(ValueError, match="does not lie in"):
        read_jobs(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("a.png,left,x\nb.png,left,X.png\n", "would be written twice"),
        ("a.png,left,x\nb.png,left,x.overlay.png\n", "would be written twice"),
        (",left,x\n", "line 2: no image"),
        ("", "has no rows"),
    ],
)
def test_tables_that_cannot_be_done_are_refused_whole(rows, line, tmp_path):
    path = table(tmp_path, f"image,text,output\n{rows}")
    with pytest.raises(ValueError, match=line):
        read_jobs(path, tmp_path / "out")


def test_a_picture_is_never_written_over(tmp_path):
    path = table(tmp_path, "image,text,output\nout/a.png,left,a.png\n")
    with pytest.raises(ValueError, match="over a picture"):
        read_jobs(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "encoding", "line"),
    [
        ("image;text\na;b\n", "utf-8", "has semicolons between its columns; expected commas"),
        ("image\ttext\toutput\na\tb\t\n", "utf-8", "has tabs between its columns"),
        ("image;words\na;b\n", "utf-8", "has the columns 'image;words'; expected image,text"),
        ("", "utf-8", "has the columns none"),
        ("image,text\nä,b\n", "latin-1", "not a table in UTF-8"),
    ],
)
def test_what_is_no_jobs_file_is_refused(text, encoding, line, tmp_path):
    with pytest.raises(ValueError, match=line):
        read_jobs(table(tmp_path, text, encoding), tmp_path / "out")
