import re
from itertools import cycle, islice

import pytest
from fakes import write_declaration, write_folder_dataset, write_lvit_dataset, write_table

from lingseg.datasets.case import DatasetNotFound
from lingseg.datasets.catalogue import CATALOGUE, DATA_VARIABLE, PUBLISHED, find_dataset
from lingseg.datasets.published import count_split


@pytest.fixture(autouse=True)
def no_data_folder(monkeypatch):
    """Whoever runs the tests may have named one."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


def write_published(root, name):
    """Write tables with a published set's numbers of cases, pictures and subjects; no pictures."""
    known = PUBLISHED[name]
    info = known.info
    declared = {"name": name, "side": info.side}
    declared |= {"ship_weights": info.ship_weights, "ship_images": info.ship_images}
    write_declaration(root, declared)
    for split, count in known.counts.items():
        pictures = islice(cycle(range(count.pictures)), count.cases)
        subjects = islice(cycle(range(count.subjects)), count.cases)
        rows = [
            {"image": f"images/{split}{picture}.jpg", "text": "a polyp", "subject": f"{subject}"}
            for picture, subject in zip(pictures, subjects, strict=True)
        ]
        write_table(root / f"{split}.csv", rows)
    return root


def test_both_tables_know_the_same_sets():
    assert set(CATALOGUE) == set(PUBLISHED)
    assert len(CATALOGUE) == 10


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_published_set_is_read_with_what_is_known_of_it(tmp_path, name):
    write_published(tmp_path / name, name)
    dataset = find_dataset(name, data_root=tmp_path)
    assert dataset.info == PUBLISHED[name].info
    counted = {split: count_split(cases) for split, cases in dataset.splits.items()}
    assert counted == PUBLISHED[name].counts
    assert {case.side for case in dataset.split("test")} == {dataset.info.side}


def test_symmetries_are_those_of_the_anatomy():
    symmetries = {name: known.info.symmetry for name, known in PUBLISHED.items()}
    assert {name for name in symmetries if symmetries[name] == "any"} == {
        "isic2017",
        "kvasir_polyp",
        "monuseg",
    }
    assert {name for name in symmetries if symmetries[name] == "horizontal"} == {"busi", "hc18"}


def test_weights_may_ship_only_where_the_licence_lets_them():
    may_ship = {name for name, known in PUBLISHED.items() if known.info.ship_weights}
    assert may_ship == {"busi", "hc18", "hippocampus", "isic2017", "kvasir_polyp"}
    for name in may_ship:
        assert "NC" not in PUBLISHED[name].info.licence
    assert {name for name, known in PUBLISHED.items() if known.info.ship_images} == {
        "busi",
        "isic2017",
    }


def test_a_copy_with_a_row_too_few_is_refused(tmp_path):
    root = write_published(tmp_path / "monuseg", "monuseg")
    lines = (root / "val.csv").read_text().splitlines()
    (root / "val.csv").write_text("\n".join(lines[:-1]))
    with pytest.raises(ValueError, match=r"val\.csv is not monuseg .* has 3 cases.* expected 4 ca"):
        find_dataset("monuseg", data_root=tmp_path)


def test_a_copy_without_one_split_is_refused(tmp_path):
    (write_published(tmp_path / "monuseg", "monuseg") / "test.csv").unlink()
    with pytest.raises(ValueError, match="0 cases, 0 pictures, 0 subjects, expected 14"):
        find_dataset("monuseg", data_root=tmp_path)


def test_a_copy_that_declares_another_side_is_refused(tmp_path):
    root = write_published(tmp_path / "busi", "busi")
    write_declaration(root, {"side": "patient", "ship_weights": True, "ship_images": True})
    with pytest.raises(ValueError, match="declares side 'patient'; busi is known with 'image'"):
        find_dataset("busi", data_root=tmp_path)


def test_the_environment_names_the_data_folder(tmp_path, monkeypatch):
    write_published(tmp_path / "kvasir_polyp", "kvasir_polyp")
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    assert find_dataset("kvasir-polyp").info.name == "kvasir_polyp"


def test_a_set_that_is_not_there_says_where_to_ask(tmp_path):
    with pytest.raises(DatasetNotFound) as without_root:
        find_dataset("hc18")
    assert "https://zenodo.org" in str(without_root.value)
    assert "export LINGSEG_DATA=" in str(without_root.value)
    with pytest.raises(DatasetNotFound, match=f"hc18 is not in {re.escape(str(tmp_path))}"):
        find_dataset("hc18", data_root=tmp_path)


def test_an_unknown_name_lists_those_that_are_known(tmp_path):
    with pytest.raises(DatasetNotFound, match=r"neither a folder nor .* acdc, busi"):
        find_dataset(str(tmp_path / "bussi"))


def test_a_path_leads_to_the_folder_format(root):
    assert len(find_dataset(str(root)).split("train")) == 4


def test_a_path_leads_to_lvits_layout_if_its_side_is_known(tmp_path):
    root = write_lvit_dataset(tmp_path / "covid")
    with pytest.raises(ValueError, match="LViT's layout, which does not say whose left"):
        find_dataset(str(root))
    assert find_dataset(str(root), side="image").info.side == "image"
    write_declaration(root, {"name": "declared", "side": "image", "symmetry": "horizontal"})
    info = find_dataset(str(root)).info
    assert (info.name, info.side, info.symmetry) == ("declared", "image", "horizontal")


def test_a_side_that_contradicts_what_is_declared_is_refused(tmp_path):
    root = write_folder_dataset(tmp_path / "blocks", side="image")
    assert find_dataset(str(root), side="image").info.side == "image"
    with pytest.raises(ValueError, match="declares side 'image', but 'patient' was asked for"):
        find_dataset(str(root), side="patient")


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_real_copy_has_the_published_counts(shared_data, name):
    dataset = find_dataset(name, data_root=shared_data)
    names = [case.case_id for cases in dataset.splits.values() for case in cases]
    assert len(set(names)) == len(names)
    assert all(case.image.is_file() for case in dataset.split("val"))
    has_masks = {split: any(case.mask for case in dataset.split(split)) for split in dataset.splits}
    assert has_masks == {"train": True, "val": True, "test": name != "qata_cov19"}
