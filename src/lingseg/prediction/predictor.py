"""A picture and a sentence in, a mask in the picture's own geometry out."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

import lingseg
from lingseg.imaging import (
    Image,
    LargePicture,
    Probabilities,
    Rgb,
    Volume,
    as_rgb,
    decode_image,
    hash_pictures,
    read_file,
    resize_probabilities,
    resize_rgb,
)
from lingseg.imaging.large_picture import windows_of
from lingseg.imaging.parts import CleanUp
from lingseg.imaging.tiled_tiff import is_large_tiff, read_tiled_tiff
from lingseg.language.side import Side, means_unseen_side, to_side_on_picture
from lingseg.prediction.bundle import SUFFIX, Bundle, read_bundle
from lingseg.prediction.graphs import Floats, Graphs, WordMask
from lingseg.prediction.manifest import Manifest
from lingseg.prediction.result import Request, Result
from lingseg.prediction.sentence import SentenceReader, checked_text
from lingseg.prediction.tiles import TILE_SIDE, EncodedTiles, encode_tiles

if TYPE_CHECKING:
    from lingseg.prediction.volume_result import VolumeResult

SHIPPED = Path(lingseg.__file__).parent / "bundles"
ImageLike: TypeAlias = Image | Path | str | NDArray[np.generic]
Encoded: TypeAlias = "EncodedImage | EncodedTiles"
"""What may be asked many sentences."""
_REMEMBERED_SENTENCES = 256


def load(name_or_path: str | Path = "default", *, threads: int | None = None) -> "Model":
    """Load a model: one that ships with the package, by name, or a bundle, by path.

    Args:
        name_or_path: `default`, or the path of a `.lingseg` file or of a bundle's folder.
        threads: Cores that one prediction uses; None: all that this process may use.

    Raises:
        FileNotFoundError: There is no such model.
        ValueError: The bundle is damaged, or was changed after it was written.
    """
    return Model(read_bundle(find_bundle(name_or_path)), threads=threads)


def find_bundle(name_or_path: str | Path) -> Path:
    """Return where the bundle of a name or path lies.

    Raises:
        FileNotFoundError: There is no such model.
    """
    shipped = {path.stem: path for path in sorted(SHIPPED.glob(f"*{SUFFIX}"))}
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    if Path(name_or_path).exists():
        return Path(name_or_path)
    raise FileNotFoundError(
        f"There is no model {str(name_or_path)!r}; with the package come "
        f"{', '.join(shipped) or 'none'}. Give one of these names or the path of a bundle."
    )


class Model:
    """A loaded bundle. It may be used from several threads at once."""

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """Load the graphs and the tokenizer.

        Raises:
            ValueError: A graph or the tokenizer cannot be used.
        """
        manifest = bundle.manifest
        self.manifest: Manifest = manifest
        self.hash: str = bundle.hash
        self._graphs = Graphs(bundle.files, size=(manifest.height, manifest.width), threads=threads)
        self._reader = SentenceReader(bundle.files["tokenizer.json"], max_words=manifest.max_words)
        self._words_of = lru_cache(maxsize=_REMEMBERED_SENTENCES)(self._encode_text)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.name

    @property
    def threshold(self) -> float:
        """The probability from which on a pixel is in, unless a request says otherwise."""
        return self.manifest.threshold

    @property
    def side(self) -> Side:
        """Whose left and right the model learnt."""
        return self.manifest.side

    def encode(
        self,
        image: "ImageLike | LargePicture",
        *,
        input_hash: str | None = None,
        tiles: bool = False,
    ) -> Encoded:
        """Do once what every sentence on this picture needs.

        Args:
            image: A file, an `Image`, or pixels: grey (height, width) or colour
                (height, width, 3), in 8 or 16 bits or floating point. A file too large to be read
                at once must be a TIFF in tiles.
            input_hash: SHA-256 of the picture's file, where it was read elsewhere.
            tiles: Whether pictures of more than 2,048 pixels on a side are looked at tile by tile
                as well; those that are read by windows always are.

        Raises:
            UnreadableImage: The file is not a picture, or breaks a limit.
            ValueError: The pixels have another shape or type.
        """
        if isinstance(image, str | Path):
            image, input_hash = _read(Path(image))
        elif isinstance(image, np.ndarray):
            image = _image_of(image)
        if isinstance(image, Image) and not (tiles and max(image.size) > TILE_SIDE):
            return self.encode_whole(image, input_hash=input_hash)
        picture = windows_of(image) if isinstance(image, Image) else image
        return encode_tiles(self, picture, drawn_on=image, input_hash=input_hash)

    def encode_whole(
        self,
        image: Image,
        *,
        input_hash: str | None = None,
        drawn_on: Image | LargePicture | None = None,
    ) -> "EncodedImage":
        """Show the model the picture as one, whatever its size.

        Args:
            image: The pixels that are shown.
            input_hash: SHA-256 of the picture's file, where it was read elsewhere.
            drawn_on: The picture of which `image` is a part or a smaller copy; None: it is itself.
        """
        pixels = resize_rgb(as_rgb(image), (self.manifest.height, self.manifest.width))
        return EncodedImage(
            model=self,
            encoded=self._graphs.encode_image(_as_input(pixels)),
            size=image.size,
            image=image if drawn_on is None else drawn_on,
            input_hash=input_hash,
        )

    def checked_threshold(self, threshold: float | None) -> float:
        """Return `threshold`, or the model's own where it is None.

        Raises:
            ValueError: It is not between 0 and 1.
        """
        return self.threshold if threshold is None else checked_threshold(threshold)

    def segment(
        self,
        image: ImageLike,
        text: str,
        *,
        threshold: float | None = None,
        side: Side | None = None,
        allow_null: bool = False,
        tiles: bool = False,
    ) -> Result:
        """Draw what `text` describes in `image`; see `encode` and `EncodedImage.segment`.

        Raises:
            UnreadableImage: The file is not a picture, or breaks a limit.
            ValueError: The pixels, the text or the threshold cannot be used.
        """
        checked_text(text, allow_null=allow_null)  # before the costly part
        return self.encode(image, tiles=tiles).segment(
            text, threshold=threshold, side=side, allow_null=allow_null
        )

    def segment_volume(
        self,
        volume: Volume | Path | str,
        text: str,
        *,
        threshold: float | None = None,
        side: Side | None = None,
        clean_up: CleanUp | None = None,
        keeps_probabilities: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> "VolumeResult":
        """Draw what `text` describes in every slice of a volume.

        Args:
            volume: A volume, or where one lies: a folder with a series, NIfTI, DICOM, a zip.
            text: What to segment, in a few words.
            threshold: The probability from which on a voxel is in; None: the model's own.
            side: Whose left and right the text means; None: as the model learnt it.
            clean_up: Which parts of the mask stay; None: all.
            keeps_probabilities: Whether the result holds the probabilities too, in 255 steps, as
                `.fractional.dcm` needs them.
            progress: Is told after every slice how many are done, and how many there are.

        Raises:
            UnreadableImage: The volume cannot be read, or breaks a limit.
            ValueError: The text, the threshold or the clean-up cannot be used.
            ModuleNotFoundError: The clean-up needs scipy, which is not installed.
        """
        from lingseg.prediction.volume import segment_volume  # it imports this file

        (result,) = segment_volume(
            self,
            volume,
            [text],
            threshold=threshold,
            side=side,
            clean_up=clean_up,
            keeps_probabilities=keeps_probabilities,
            progress=progress,
        )
        return result

    def segment_encoded(
        self, encoded: tuple[Floats, ...], text: str
    ) -> tuple[Floats, float | None, tuple[str, ...]]:
        """Return probabilities at the model's size, that of presence, and the words lost."""
        words, word_mask, lost_words = self._words_of(text)
        mask_logits, presence_logit = self._graphs.segment(encoded, words, word_mask)
        presence = None if presence_logit is None else float(_sigmoid(np.float32(presence_logit)))
        return _sigmoid(mask_logits), presence, lost_words

    def _encode_text(self, text: str) -> tuple[Floats, WordMask, tuple[str, ...]]:
        """Return the words of a sentence, where they are, and those that were lost."""
        sentence = self._reader.read(text)
        words = self._graphs.encode_words(sentence.token_ids, sentence.word_mask)
        return words, sentence.word_mask, sentence.lost_words


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What a model sees of a sentence in a picture, before it is brought to the picture's size."""

    request: Request
    heard: str
    """The sentence as the model heard it: by its own left and right."""
    small: Probabilities
    """At the model's size."""
    presence: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedImage:
    """A picture of which a model has done its part; ask it as many sentences as you like."""

    model: Model
    encoded: tuple[Floats, ...]
    size: tuple[int, int]
    """Height and width of the pixels that were shown."""
    image: Image | LargePicture
    """The picture as it was given."""
    input_hash: str | None

    def segment(
        self,
        text: str,
        *,
        threshold: float | None = None,
        side: Side | None = None,
        allow_null: bool = False,
    ) -> Result:
        """Draw what `text` describes.

        Args:
            text: What to segment, in a few words.
            threshold: The probability from which on a pixel is in; None: the model's own.
            side: Whose left and right the text means; None: as the model learnt it. Where the two
                differ, or the picture does not hang as films do, the text is rewritten for the
                model: the picture tells where the patient's left lies.
            allow_null: Let the empty text pass: the model then goes by the picture alone.

        Raises:
            ValueError: The text is empty or far too long, or the threshold not between 0 and 1.
        """
        look = self.look(text, threshold=threshold, side=side, allow_null=allow_null)
        return self.answer(look, resize_probabilities(look.small, self.size))

    def look(
        self, text: str, *, threshold: float | None, side: Side | None, allow_null: bool
    ) -> "Look":
        """Return what the model sees of `text`, in its own size; see `segment`.

        Raises:
            ValueError: The text is empty or far too long, or the threshold not between 0 and 1.
        """
        asked = checked_text(text, allow_null=allow_null)
        side = side or self.model.side
        threshold = self.model.checked_threshold(threshold)
        patient_left = self.image.patient_left
        heard = to_side_on_picture(asked, side, self.model.side, patient_left)
        small, presence, lost_words = self.model.segment_encoded(self.encoded, heard)
        return Look(
            request=Request(
                text=asked,
                side=side,
                threshold=threshold,
                lost_words=lost_words,
                means_unseen_side=means_unseen_side(asked, side, patient_left),
            ),
            heard=heard,
            small=small,
            presence=presence,
        )

    def answer(self, look: "Look", probabilities: Probabilities) -> Result:
        """Return the answer of a look, from its probabilities at the picture's size."""
        is_in = probabilities >= look.request.threshold
        return Result(
            request=look.request,
            mask=is_in & self.is_present(look.presence),
            probabilities=probabilities,
            presence=look.presence,
            spacing=self.image.spacing,
            image=self.image,
            model_name=self.model.name,
            model_hash=self.model.hash,
            input_hash=self.input_hash,
            presence_sure_from=self.model.manifest.presence_sure_from,
        )

    def probabilities(self, heard: str) -> Probabilities:
        """Return the probabilities of a sentence as the model is to hear it, and nothing else."""
        small, _, _ = self.model.segment_encoded(self.encoded, heard)
        return resize_probabilities(small, self.size)

    def is_present(self, presence: float | None) -> bool:
        """Tell whether the model says that there is something to draw."""
        needed = self.model.manifest.presence_threshold
        return presence is None or needed is None or presence >= needed


def checked_threshold(threshold: float) -> float:
    """Return `threshold`.

    Raises:
        ValueError: It is not between 0 and 1.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"The threshold is {threshold}; expected a number between 0 and 1.")
    return threshold


def _read(path: Path) -> tuple[Image | LargePicture, str]:
    """Return a picture and the SHA-256 of its file, which is read once where that is possible."""
    if not is_large_tiff(path):
        data = read_file(path)
        return decode_image(data, str(path)), hashlib.sha256(data).hexdigest()
    return read_tiled_tiff(path), hash_pictures(path)


def _image_of(pixels: NDArray[np.generic]) -> Image:
    """Return pixels from memory as an image."""
    is_picture = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if not is_picture or min(pixels.shape) < 1:
        raise ValueError(
            f"The pixels have shape {pixels.shape}; expected (height, width) or (height, width, 3)."
        )
    if pixels.dtype == np.uint8:
        return Image(pixels=pixels.astype(np.uint8, copy=False))
    if pixels.dtype == np.uint16:
        return Image(pixels=pixels.astype(np.uint16, copy=False))
    if not np.issubdtype(pixels.dtype, np.number) or np.iscomplexobj(pixels):
        raise ValueError(f"The pixels have type {pixels.dtype}; expected uint8, uint16 or float32.")
    as_floats = pixels.astype(np.float32)
    if not np.isfinite(as_floats).all():
        raise ValueError("The pixels hold values that are not finite numbers; replace them.")
    return Image(pixels=as_floats)


def _as_input(pixels: Rgb) -> Floats:
    """Return a picture as the graphs take it: [1, 3, height, width], 0 to 1."""
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
    return planes.astype(np.float32) / np.float32(255)


def _sigmoid(logits: Floats | np.float32) -> Probabilities:
    """Return probabilities, without overflow for large logits."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), dtype=np.float32)
