import json

import pytest
from fakes import write_declaration, write_folder_dataset, write_table
from hypothesis import given, settings
from hypothesis import strategies as st

from lingseg.datasets.case import DatasetNotFound
from lingseg.datasets.folder import read_folder

ROW = {"image": "images/a.png", "mask": "masks/a.png", "text": "the left block"}


def write_one_table(root, *rows, split="train"):
    write_declaration(root, {"name": "one", "side": "image"})
    write_table(root / f"{split}.csv", list(rows))
    return root


def test_a_row_becomes_a_case(tmp_path):
    row = ROW | {"label": "block", "subject": "p1", "text_short": "block"}
    (case,) = read_folder(write_one_table(tmp_path, row)).split("train")
    assert (case.case_id, case.text, case.label) == ("train/a", "the left block", "block")
    assert (case.image, case.mask) == (tmp_path / "images/a.png", tmp_path / "masks/a.png")
    assert (case.subject, case.side) == ("p1", "image")
    assert dict(case.columns) == {"text_short": "block"}


def test_a_mask_may_be_empty_or_absent(tmp_path):
    bare = {"image": "images/b.png", "text": "the right block"}
    (case,) = read_folder(write_one_table(tmp_path / "absent", bare)).split("train")
    assert (case.mask, case.case_id, case.subject) == (None, "train/b", "images/b.png")
    (case,) = read_folder(write_one_table(tmp_path / "empty", ROW | {"mask": ""})).split("train")
    assert (case.mask, case.case_id) == (None, "train/a")


def test_one_table_is_enough(tmp_path):
    dataset = read_folder(write_one_table(tmp_path, ROW, split="test"))
    assert list(dataset.splits) == ["test"]
    with pytest.raises(ValueError, match="no split 'train'; it has test"):
        dataset.split("train")


def test_no_table_is_no_dataset(tmp_path):
    write_declaration(tmp_path, {"side": "image"})
    with pytest.raises(DatasetNotFound, match=r"holds none of train\.csv, val\.csv, test\.csv"):
        read_folder(tmp_path)


def test_a_byte_order_mark_is_read_over(tmp_path):
    write_one_table(tmp_path, ROW)
    for name in ("train.csv", "dataset.json"):
        path = tmp_path / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_folder(tmp_path).split("train")[0].text == "the left block"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"picture,text\na,b\n", r"has no column 'image'; its first line is 'picture,text'"),
        (b"image, Text\na,b\n", "has the column ' Text', expected 'text'"),
        (b"", "has no column 'image'"),
        (b"image;text\na;b\n", "with commas"),
        (b"image,text,text\na,b,c\n", "the column 'text' twice"),
        (b"image,text\na,left, upper\n", r"line 2 has more or fewer fields"),
        (b"image,text\na,left\nb\n", r"line 3 has more or fewer fields"),
        (b"image,text\n,left\n", "line 2 names no image"),
        (b"image,text\na,lefti\xe9\n", r"not UTF-8 text \(byte \d+\)"),
        (b'image,text\na,"left\n', "not a CSV table"),
    ],
)
def test_a_broken_table_is_named_with_its_place(tmp_path, table, message):
    write_declaration(tmp_path, {"side": "image"})
    (tmp_path / "train.csv").write_bytes(table)
    with pytest.raises(ValueError, match=message):
        read_folder(tmp_path)


@pytest.mark.parametrize("column", ["image", "mask"])
@pytest.mark.parametrize(
    "path", ["../a.png", "images/../../a.png", "/etc/passwd", "..\\a.png", "C:\\a.png", "\\\\s\\a"]
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, column, path):
    with pytest.raises(ValueError, match=rf"line 2: {column} .* leaves the data set's folder"):
        read_folder(write_one_table(tmp_path, ROW | {column: path}))


def test_names_of_cases_are_readable_and_stable(tmp_path):
    masks = ["masks/a.png", "p.1/m.png", "p.2/m", "masks/a.png", "masks/a.png"]
    rows = [ROW | {"mask": mask} for mask in masks]
    names = [case.case_id for case in read_folder(write_one_table(tmp_path, *rows)).split("train")]
    assert names == ["train/a", "train/p.1/m", "train/p.2/m", "train/a#2", "train/a#3"]


masks = st.lists(st.text("ab/.#2", min_size=1, max_size=4).filter(lambda path: ".." not in path))


@settings(deadline=None, max_examples=40)  # files are written: a busy machine is no fault
@given(st.fixed_dictionaries(dict.fromkeys(("train", "val", "test"), masks)))
def test_splits_are_complete_and_no_name_is_given_twice(tmp_path_factory, tables):
    root = tmp_path_factory.mktemp("set")
    write_declaration(root, {"side": "none"})
    for split, paths in tables.items():
        rows = [ROW | {"mask": path.lstrip("/")} for path in paths]
        write_table(root / f"{split}.csv", rows)
    dataset = read_folder(root)
    assert {split: len(cases) for split, cases in dataset.splits.items()} == {
        split: len(paths) for split, paths in tables.items()
    }
    names = [case.case_id for cases in dataset.splits.values() for case in cases]
    assert len(set(names)) == len(names)
    for split, cases in dataset.splits.items():
        assert all(case.case_id.startswith(f"{split}/") for case in cases)


def test_a_fake_has_files_where_its_tables_say(tmp_path):
    dataset = read_folder(write_folder_dataset(tmp_path / "set", num_cases={"train": 3}))
    for case in dataset.split("train"):
        assert case.image.is_file()
        assert case.mask is not None
        assert case.mask.is_file()


def test_what_is_declared_is_read(tmp_path):
    write_one_table(tmp_path, ROW)
    declared = {"name": "mine", "side": "patient", "symmetry": "horizontal", "ship_weights": True}
    write_declaration(tmp_path, declared | {"made_by": "me"})
    info = read_folder(tmp_path).info
    assert (info.name, info.side, info.symmetry) == ("mine", "patient", "horizontal")
    assert (info.ship_weights, info.ship_images) == (True, False)


def test_the_folder_names_a_set_that_names_itself_not(tmp_path):
    write_one_table(tmp_path / "own", ROW)
    write_declaration(tmp_path / "own", {"side": "none"})
    assert read_folder(tmp_path / "own").info.name == "own"


def test_the_side_is_never_guessed(tmp_path):
    write_one_table(tmp_path, ROW)
    (tmp_path / "dataset.json").unlink()
    with pytest.raises(FileNotFoundError, match=r'dataset\.json is missing; .* "side": "image"'):
        read_folder(tmp_path)
    write_declaration(tmp_path, {"name": "mine"})
    with pytest.raises(ValueError, match="declares no side"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"side": "viewer"}, "side is 'viewer'. It must be one of 'image', 'patient', 'none'"),
        ({"side": None}, "side is None"),
        ({"side": "image", "symmetry": "vertical"}, "symmetry is 'vertical'. It must be one of"),
        ({"side": "image", "ship_weights": "no"}, "ship_weights is 'no'. It must be true or false"),
        ({"side": "image", "title": 3}, "title is 3. It must be text"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path, declared, message):
    write_one_table(tmp_path, ROW)
    write_declaration(tmp_path, declared)
    with pytest.raises(ValueError, match=message):
        read_folder(tmp_path)


@pytest.mark.parametrize("content", [b"{side: image}", b"\xff\xfe", json.dumps(["image"]).encode()])
def test_a_declaration_that_is_no_json_object_is_refused(tmp_path, content):
    write_one_table(tmp_path, ROW)
    (tmp_path / "dataset.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"dataset\.json (is not JSON|holds no object)"):
        read_folder(tmp_path)
