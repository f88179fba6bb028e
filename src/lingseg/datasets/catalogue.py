"""The data sets that lingseg knows by name. To add one: write its file, fill both tables."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from lingseg.datasets.acdc import ACDC, acdc
from lingseg.datasets.busi import BUSI, busi
from lingseg.datasets.case import Dataset, DatasetNotFound
from lingseg.datasets.chaos_mr import CHAOS_MR, chaos_mr
from lingseg.datasets.cxr_findings import CXR_FINDINGS, cxr_findings
from lingseg.datasets.declaration import DECLARATION, HOW_TO_DECLARE, read_declaration
from lingseg.datasets.folder import read_folder
from lingseg.datasets.hc18 import HC18, hc18
from lingseg.datasets.hippocampus import HIPPOCAMPUS, hippocampus
from lingseg.datasets.isic2017 import ISIC2017, isic2017
from lingseg.datasets.kvasir_polyp import KVASIR_POLYP, kvasir_polyp
from lingseg.datasets.lvit import has_lvit_layout, read_lvit
from lingseg.datasets.monuseg import MONUSEG, monuseg
from lingseg.datasets.published import PublishedSet
from lingseg.datasets.qata_cov19 import QATA_COV19, qata_cov19
from lingseg.language.side import Side

CATALOGUE: Mapping[str, Callable[[Path], Dataset]] = {
    "acdc": acdc,
    "busi": busi,
    "chaos_mr": chaos_mr,
    "cxr_findings": cxr_findings,
    "hc18": hc18,
    "hippocampus": hippocampus,
    "isic2017": isic2017,
    "kvasir_polyp": kvasir_polyp,
    "monuseg": monuseg,
    "qata_cov19": qata_cov19,
}
"""How each set is read from its folder."""

PUBLISHED: Mapping[str, PublishedSet] = {
    known.info.name: known
    for known in (
        ACDC,
        BUSI,
        CHAOS_MR,
        CXR_FINDINGS,
        HC18,
        HIPPOCAMPUS,
        ISIC2017,
        KVASIR_POLYP,
        MONUSEG,
        QATA_COV19,
    )
}
"""What is known of each set before a copy of it is at hand."""

DATA_VARIABLE = "LINGSEG_DATA"
"""The environment variable that names the folder which holds a folder for each data set."""


def find_dataset(
    name_or_path: str, *, data_root: Path | None = None, side: Side | None = None
) -> Dataset:
    """Read a data set by its name in the catalogue, or by the path of its folder.

    A name is looked for in `data_root`, or else in the folder that the environment variable
    LINGSEG_DATA names. A path may lead to the folder format or to LViT's layout; a folder that is
    called like a set of the catalogue is reached as `./busi`. Nothing is downloaded.

    Args:
        name_or_path: `busi`, or `path/to/my_set`.
        data_root: The folder that holds a folder for each set of the catalogue.
        side: Whose left and right the sentences mean. Needed for LViT's layout where no
            `dataset.json` declares it; elsewhere it must agree with what is declared.

    Raises:
        DatasetNotFound: It is not there; the message says where it was looked for.
        ValueError: It is there, but cannot be read as what it should be.
    """
    name = name_or_path.replace("-", "_")
    if name in CATALOGUE:
        dataset = CATALOGUE[name](_find_published(name, data_root))
    else:
        dataset = _read_path(Path(name_or_path), side=side)
    if side is not None and side != dataset.info.side:
        raise ValueError(
            f"{dataset.info.name} declares side {dataset.info.side!r}, but {side!r} was asked for. "
            f"Leave the side out, or correct {dataset.root / DECLARATION}."
        )
    return dataset


def find_data_root(data_root: Path | None = None) -> Path | None:
    """Return the folder that holds the catalogue's sets, or None if nobody named one."""
    if data_root is not None:
        return data_root
    named = os.environ.get(DATA_VARIABLE, "")
    return Path(named).expanduser() if named else None


def _find_published(name: str, data_root: Path | None) -> Path:
    """Return the folder of a set of the catalogue."""
    root = find_data_root(data_root)
    how = (
        f"Ask for the data at {PUBLISHED[name].ask}, put it in a folder called {name}, and set "
        f"{DATA_VARIABLE} to the folder above it"
    )
    if root is None:
        raise DatasetNotFound(
            f"{name} was not looked for: no data folder is named. {how}, as in "
            f"`export {DATA_VARIABLE}=~/data`. lingseg downloads nothing."
        )
    if not (root / name).is_dir():
        raise DatasetNotFound(f"{name} is not in {root}. {how}. lingseg downloads nothing.")
    return root / name


def _read_path(root: Path, *, side: Side | None) -> Dataset:
    """Read a folder in whichever layout it has."""
    if not root.is_dir():
        raise DatasetNotFound(
            f"{root} is neither a folder nor a data set that lingseg knows by name. The names are "
            f"{', '.join(CATALOGUE)}."
        )
    if not has_lvit_layout(root):
        return read_folder(root)
    if (root / DECLARATION).is_file():
        info = read_declaration(root)
        return replace(read_lvit(root, side=info.side), info=info)
    if side is None:
        raise ValueError(
            f"{root} has LViT's layout, which does not say whose left and right the sentences "
            f"mean. Name the side, or write {root / DECLARATION}: {HOW_TO_DECLARE}."
        )
    return read_lvit(root, side=side)
