"""LViT's layout: `Train_Folder/{img,labelcol,Train_text.xlsx}`, and the same for Val and Test.

Layout      Li et al., LViT (IEEE TMI 2023), github:HUANGLIZI/LViT (MIT), as its README draws it.
Texts       A workbook with the columns Image and Description. It lies in the split's folder, beside
            it or above that; train and val may share a `Train_Val_text.xlsx`, as in QaTa-COV19.
Names       A mask is called as its picture is, or so with `mask_` before it; tables may name
            either. Endings may differ (a JPEG picture, a PNG mask).
Side        The layout does not say whose left a sentence means: the caller must.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from lingseg.datasets.case import Case, Dataset, DatasetInfo, DatasetNotFound, Symmetry
from lingseg.datasets.workbook import read_texts
from lingseg.language.side import Side

_SPLITS = {"train": "Train", "val": "Val", "test": "Test"}
_JOINT_TABLE = "Train_Val_text.xlsx"
_JOINT_SPLITS = frozenset({"train", "val"})
_MASK_PREFIX = "mask_"
_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})

_MOST_NAMED = 5
"""How many names a message lists of each kind."""


@dataclass(frozen=True, kw_only=True)
class _SplitFiles:
    """What lies in one split's folder, by the pictures' names without ending."""

    images: Mapping[str, Path]
    masks: Mapping[str, Path] | None
    """None where the folder has no `labelcol`: masks are not known."""


def has_lvit_layout(root: Path) -> bool:
    """Return whether a folder looks like LViT's."""
    return any((root / f"{name}_Folder").is_dir() for name in _SPLITS.values())


def read_lvit(
    root: Path,
    *,
    side: Side,
    symmetry: Symmetry = "none",
    subject_of: Callable[[str], str] | None = None,
) -> Dataset:
    """Read a data set in LViT's layout. Pictures are not opened.

    Args:
        root: The folder that holds `Train_Folder`, `Val_Folder` or `Test_Folder`.
        side: Whose left and right the sentences mean. In QaTa-COV19 it is "image".
        symmetry: Which mirrored pictures could have been taken as well.
        subject_of: Returns the patient, given a picture's name without ending. Left out, every
            picture is a subject of its own.

    Raises:
        DatasetNotFound: There is no such folder, or a text table is missing.
        ValueError: Pictures, masks and texts do not match; the message lists them.
    """
    folders = {split: root / f"{name}_Folder" for split, name in _SPLITS.items()}
    present = [split for split, folder in folders.items() if folder.is_dir()]
    if not present:
        raise DatasetNotFound(
            f"{root} holds none of {', '.join(f'{name}_Folder' for name in _SPLITS.values())}. "
            f"Check the path."
        )
    files = {split: _list_split(folders[split]) for split in present}
    texts = _find_texts(root, files)
    problems = [
        line for split in present for line in _mismatches(split, files[split], texts[split])
    ]
    if problems:
        raise ValueError(
            f"{root} does not match up: {'; '.join(problems)}. Every picture needs a text, and a "
            f"mask if there is a labelcol folder; add or remove what is listed."
        )
    splits = {
        split: tuple(_cases(split, files[split], texts[split], side=side, subject_of=subject_of))
        for split in present
    }
    info = DatasetInfo(name=root.resolve().name, side=side, symmetry=symmetry)
    return Dataset(root=root, info=info, splits=MappingProxyType(splits))


def _cases(
    split: str,
    files: _SplitFiles,
    texts: Mapping[str, str],
    *,
    side: Side,
    subject_of: Callable[[str], str] | None,
) -> Iterator[Case]:
    """Yield a case for each picture of a split, in the order of their names."""
    for name, image in files.images.items():
        yield Case(
            case_id=f"{split}/{name}",
            image=image,
            text=texts[name],
            mask=None if files.masks is None else files.masks[name],
            subject=name if subject_of is None else subject_of(name),
            side=side,
        )


def _list_split(folder: Path) -> _SplitFiles:
    """List the pictures and masks of one split."""
    if not (folder / "img").is_dir():
        raise FileNotFoundError(
            f"{folder / 'img'} is missing. Put the pictures of the split there."
        )
    images = _by_name(folder / "img", known=())
    masks = folder / "labelcol"
    return _SplitFiles(
        images=images, masks=_by_name(masks, known=images) if masks.is_dir() else None
    )


def _by_name(folder: Path, *, known: Collection[str]) -> dict[str, Path]:
    """Return the picture files of a folder by the name of the picture that they belong to."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in _ENDINGS or path.name.startswith("."):
            continue
        name = _picture_name(path.name, known)
        if name in found:
            raise ValueError(
                f"{folder} has two files for one picture: {found[name].name} and {path.name}. "
                f"Keep one of them."
            )
        found[name] = path
    return found


def _picture_name(file_name: str, known: Collection[str]) -> str:
    """Return the name of the picture, without ending, that a file or a table's row belongs to."""
    ending = Path(file_name).suffix
    name = file_name.removesuffix(ending) if ending.lower() in _ENDINGS else file_name
    bare = name.removeprefix(_MASK_PREFIX)
    return bare if name not in known and bare in known else name


def _find_texts(root: Path, files: Mapping[str, _SplitFiles]) -> dict[str, dict[str, str]]:
    """Return the sentences of each split by picture, those without a picture among them."""
    readers: dict[Path, list[str]] = {}
    for split in files:
        readers.setdefault(_find_table(root, split), []).append(split)
    texts: dict[str, dict[str, str]] = {}
    for table, splits in readers.items():
        known = {name for split in splits for name in files[split].images}
        found = _texts_by_picture(table, known)
        for split in splits:
            texts[split] = {name: found[name] for name in files[split].images if name in found}
        # A joint table also serves the split that has been left away; nothing is amiss with it.
        if table.name != _JOINT_TABLE or set(splits) >= _JOINT_SPLITS:
            texts[splits[0]] |= {name: text for name, text in found.items() if name not in known}
    return texts


def _find_table(root: Path, split: str) -> Path:
    """Return the workbook with a split's sentences: in its folder, beside it, or above that."""
    names = [f"{_SPLITS[split]}_text.xlsx"] + [_JOINT_TABLE] * (split in _JOINT_SPLITS)
    folder = root / f"{_SPLITS[split]}_Folder"
    for name in names:
        for place in (folder, root, root.resolve().parent):
            if (place / name).is_file():
                return place / name
    raise FileNotFoundError(
        f"{folder / names[0]} is missing, and so is any {' or '.join(names)} beside or above it. "
        f"Put the workbook with the columns Image and Description there."
    )


def _texts_by_picture(table: Path, known: Collection[str]) -> dict[str, str]:
    """Return the sentences of a workbook by the picture that they belong to."""
    texts: dict[str, str] = {}
    for file_name, text in read_texts(table):
        name = _picture_name(file_name, known)
        if texts.setdefault(name, text) != text:
            raise ValueError(
                f"{table} has two texts for {file_name}: {texts[name]!r} and {text!r}. Keep one."
            )
    return texts


def _mismatches(split: str, files: _SplitFiles, texts: Mapping[str, str]) -> Iterator[str]:
    """Yield a phrase for each kind of thing that has no partner in a split."""
    images, named = files.images.keys(), texts.keys()
    yield from _phrase(split, "pictures without a text", images - named)
    yield from _phrase(split, "texts without a picture", named - images)
    if files.masks is not None:
        yield from _phrase(split, "pictures without a mask", images - files.masks.keys())
        yield from _phrase(split, "masks without a picture", files.masks.keys() - images)


def _phrase(split: str, what: str, names: Collection[str]) -> Iterator[str]:
    """Yield "3 pictures without a text in train (a, b, c)", or nothing if there are none."""
    if names:
        listed = ", ".join(sorted(names)[:_MOST_NAMED]) + ", …" * (len(names) > _MOST_NAMED)
        yield f"{len(names)} {what} in {split} ({listed})"
