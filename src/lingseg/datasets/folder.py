"""Your own data set: a folder with `train.csv`, `val.csv`, `test.csv` and a `dataset.json`."""

import csv
import json
from pathlib import Path
from types import MappingProxyType

from lingseg.datasets.case import Case, Dataset, DatasetInfo

SPLITS = ("train", "val", "test")


def read_folder(root: Path) -> Dataset:
    """Read a data set in the folder format."""
    known = DatasetInfo.__dataclass_fields__
    declared = json.loads((root / "dataset.json").read_text(encoding="utf-8"))
    info = DatasetInfo(**{name: value for name, value in declared.items() if name in known})
    splits = {name: _read_split(root, name, info) for name in SPLITS}
    return Dataset(root=root, info=info, splits=MappingProxyType(splits))


def _read_split(root: Path, split: str, info: DatasetInfo) -> tuple[Case, ...]:
    """Read the cases of one table."""
    with (root / f"{split}.csv").open(encoding="utf-8", newline="") as table:
        return tuple(
            Case(
                case_id=f"{split}/{number:05d}",
                image=root / row["image"],
                text=row["text"],
                mask=root / row["mask"] if row.get("mask") else None,
                subject=row.get("subject") or row["image"],
                side=info.side,
                label=row.get("label", ""),
            )
            for number, row in enumerate(csv.DictReader(table))
        )
