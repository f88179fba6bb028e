import pytest
from fakes import draw_ground, write_lvit_dataset, write_png, write_workbook
from numpy.random import default_rng
from openpyxl import Workbook

from lingseg.datasets.case import DatasetNotFound
from lingseg.datasets.lvit import has_lvit_layout, read_lvit


@pytest.mark.parametrize("mask_prefix", ["", "mask_"])
@pytest.mark.parametrize("joint_texts", [False, True])
def test_pictures_masks_and_texts_find_each_other(tmp_path, mask_prefix, joint_texts):
    root = write_lvit_dataset(tmp_path / "covid", mask_prefix=mask_prefix, joint_texts=joint_texts)
    dataset = read_lvit(root, side="image")
    assert {split: len(cases) for split, cases in dataset.splits.items()} == {
        "train": 4,
        "val": 2,
        "test": 2,
    }
    case = dataset.split("val")[1]
    assert (case.case_id, case.subject, case.side) == ("val/val_001", "val_001", "image")
    assert case.text == "the bright block on the right"
    assert case.image == root / "Val_Folder" / "img" / "val_001.png"
    assert case.mask == root / "Val_Folder" / "labelcol" / f"{mask_prefix}val_001.png"


def test_a_joint_table_may_lie_above_the_set(tmp_path):
    root = write_lvit_dataset(tmp_path / "covid", joint_texts=True)
    (root / "Train_Val_text.xlsx").rename(tmp_path / "Train_Val_text.xlsx")
    assert len(read_lvit(root, side="image").split("train")) == 4


def test_a_joint_table_serves_one_split_alone(tmp_path):
    root = write_lvit_dataset(
        tmp_path / "covid", num_cases={"train": 2, "val": 2}, joint_texts=True
    )
    (root / "Val_Folder").rename(tmp_path / "elsewhere")
    assert list(read_lvit(root, side="image").splits) == ["train"]


def test_endings_of_picture_and_mask_may_differ(tmp_path):
    root = write_lvit_dataset(tmp_path / "covid", num_cases={"test": 1})
    image = root / "Test_Folder" / "img" / "test_000.png"
    image.rename(image.with_suffix(".jpg"))
    (case,) = read_lvit(root, side="image").split("test")
    assert (case.image.name, case.mask.name) == ("test_000.jpg", "test_000.png")


def test_a_split_without_labelcol_has_no_masks(tmp_path):
    root = write_lvit_dataset(tmp_path / "covid", num_cases={"test": 1})
    (root / "Test_Folder" / "labelcol").rename(tmp_path / "kept_back")
    assert read_lvit(root, side="image").split("test")[0].mask is None


def test_the_caller_can_tell_patients_apart(tmp_path):
    root = write_lvit_dataset(tmp_path / "covid", num_cases={"test": 2})
    dataset = read_lvit(root, side="patient", subject_of=lambda name: name.split("_")[0])
    assert {case.subject for case in dataset.split("test")} == {"test"}


def test_whatever_has_no_partner_is_listed(tmp_path):
    root = write_lvit_dataset(tmp_path / "covid", mask_prefix="mask_", joint_texts=True)
    (root / "Train_Folder" / "img" / "train_000.png").unlink()
    (root / "Train_Folder" / "labelcol" / "mask_train_001.png").unlink()
    write_png(root / "Test_Folder" / "img" / "new.png", draw_ground(default_rng(0)))
    with pytest.raises(ValueError, match="does not match up") as caught:
        read_lvit(root, side="image")
    message = str(caught.value)
    assert "1 texts without a picture in train (mask_train_000)" in message
    assert "1 masks without a picture in train (mask_train_000)" in message
    assert "1 pictures without a mask in train (train_001)" in message
    assert "1 pictures without a text in test (new)" in message


def test_a_long_list_is_cut(tmp_path):
    root = write_lvit_dataset(tmp_path / "covid", num_cases={"train": 9})
    write_workbook(root / "Train_Folder" / "Train_text.xlsx", [("train_000.png", "left")])
    with pytest.raises(ValueError, match=r"8 pictures .* train_005, …\)"):
        read_lvit(root, side="image")


def test_two_texts_for_one_picture_are_refused(tmp_path):
    root = write_lvit_dataset(tmp_path / "covid", num_cases={"train": 1})
    table = root / "Train_Folder" / "Train_text.xlsx"
    write_workbook(table, [("train_000.png", "left"), ("train_000.png", "left")])
    assert read_lvit(root, side="image").split("train")[0].text == "left"
    write_workbook(table, [("train_000.png", "left"), ("train_000.png", "right")])
    with pytest.raises(ValueError, match=r"two texts for train_000\.png: 'left' and 'right'"):
        read_lvit(root, side="image")


def test_two_files_for_one_picture_are_refused(tmp_path):
    root = write_lvit_dataset(tmp_path / "covid", num_cases={"train": 1})
    write_png(
        root / "Train_Folder" / "labelcol" / "mask_train_000.png", draw_ground(default_rng(0))
    )
    with pytest.raises(
        ValueError, match=r"two files for one picture: mask_train_000\.png and trai"
    ):
        read_lvit(root, side="image")


def test_what_is_missing_is_named(tmp_path):
    assert not has_lvit_layout(tmp_path)
    with pytest.raises(DatasetNotFound, match="holds none of Train_Folder"):
        read_lvit(tmp_path, side="image")
    root = write_lvit_dataset(tmp_path / "covid", num_cases={"train": 1})
    assert has_lvit_layout(root)
    (root / "Train_Folder" / "Train_text.xlsx").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"Train_text\.xlsx is missing, and so is any Train"
    ):
        read_lvit(root, side="image")
    (root / "Train_Folder" / "img").rename(root / "Train_Folder" / "images")
    with pytest.raises(FileNotFoundError, match="img is missing"):
        read_lvit(root, side="image")


@pytest.mark.parametrize("content", [b"", b"Image,Description\na,b\n", b"PK\x03\x04 cut short"])
def test_a_table_that_is_no_workbook_is_one_clear_line(tmp_path, content):
    root = write_lvit_dataset(tmp_path / "covid", num_cases={"train": 1})
    (root / "Train_Folder" / "Train_text.xlsx").write_bytes(content)
    with pytest.raises(ValueError, match=r"Train_text\.xlsx is not an Excel workbook"):
        read_lvit(root, side="image")


def test_a_workbook_that_would_fill_memory_is_refused(tmp_path, monkeypatch):
    root = write_lvit_dataset(tmp_path / "covid", num_cases={"train": 1})
    monkeypatch.setattr("lingseg.datasets.workbook._MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="would unpack to"):
        read_lvit(root, side="image")


def test_columns_are_found_by_their_heads(tmp_path):
    root = write_lvit_dataset(tmp_path / "covid", num_cases={"train": 1})
    table = root / "Train_Folder" / "Train_text.xlsx"
    book = Workbook()
    book.active.append((None, "Description ", "image"))
    book.active.append((0, "the left block", "train_000.png"))
    book.active.append((None, None, None))
    book.save(table)
    assert read_lvit(root, side="image").split("train")[0].text == "the left block"
    write_workbook(table, [])
    book = Workbook()
    book.active.append(("Image", "Text"))
    book.save(table)
    with pytest.raises(ValueError, match="has no column 'Description'; its first row is"):
        read_lvit(root, side="image")
