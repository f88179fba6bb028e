"""Changes of a case that keep its sentence true.

An augmentation takes a triple (image, reference, text) and returns a new one. Chance is apart from
action: a `draw` function takes a generator and returns what will be done, `apply` does it. What
would make a sentence false is refused: the triple comes back as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from lingseg.datasets.case import Symmetry
from lingseg.imaging.image import MaskPixels, Rgb
from lingseg.language.grammar import understand
from lingseg.language.side import Side, states_side, states_zone
from lingseg.language.turn import Flip as FlipDirection
from lingseg.language.turn import can_mirror, can_turn, mirror_text, turn_text
from lingseg.training.recipe import Augmentation

Wording: TypeAlias = Literal["own", "none", "short", "paraphrase", "absent", "denied"]
"""Which sentence a case is shown with; for the last two the reference is empty."""

_KNOTS = 5
"""Of the grid that bends a picture, in each direction."""


@dataclass(frozen=True, kw_only=True)
class Triple:
    """What an augmentation changes: the three together, and whose left the text means."""

    image: Rgb
    reference: MaskPixels
    text: str
    side: Side


@runtime_checkable
class Change(Protocol):
    """Something that can be done to a triple."""

    def apply(self, triple: Triple) -> Triple:
        """Return the changed triple, or the same one where the change would make its text false."""


@dataclass(frozen=True)
class Flip:
    """Mirror the picture and rewrite the sentence."""

    direction: FlipDirection
    text_stays: bool = False
    """Leave the sentence, true or not."""

    def apply(self, triple: Triple) -> Triple:
        """Mirror all three."""
        if not self.text_stays and not can_mirror(triple.text, self.direction, triple.side):
            return triple
        axis = 1 if self.direction == "horizontal" else 0
        text = triple.text
        return replace(
            triple,
            image=np.flip(triple.image, axis),
            reference=np.flip(triple.reference, axis),
            text=text if self.text_stays else mirror_text(text, self.direction, triple.side),
        )


@dataclass(frozen=True)
class Turn:
    """Turn the picture by quarter turns, counter-clockwise, and rewrite the sentence."""

    quarter_turns: int
    text_stays: bool = False
    """Leave the sentence, true or not."""

    def apply(self, triple: Triple) -> Triple:
        """Turn all three; only square pictures keep their size."""
        (height, width), text, turns = triple.reference.shape, triple.text, self.quarter_turns
        if height != width or not (self.text_stays or can_turn(text, turns, triple.side)):
            return triple
        return replace(
            triple,
            image=np.rot90(triple.image, turns),
            reference=np.rot90(triple.reference, turns),
            text=text if self.text_stays else turn_text(text, turns, triple.side),
        )


@dataclass(frozen=True, kw_only=True)
class Warp:
    """Rotate, scale and shift a little."""

    angle: float
    """Degrees, counter-clockwise."""
    scale: float
    shift: tuple[float, float]
    """Shares of the height and width."""
    text_stays: bool = False
    """Do it even where that moves the target to where the text denies it."""

    def apply(self, triple: Triple) -> Triple:
        """Warp image and reference, unless that moves the target to where the text denies it."""
        matrix = self._inverse_matrix(*triple.reference.shape)
        moved = _transformed(triple, PillowImage.Transform.AFFINE, matrix)
        if not self.text_stays and _moves_out_of_place(triple, moved.reference):
            return triple
        return moved

    def _inverse_matrix(self, height: int, width: int) -> tuple[float, ...]:
        """Return Pillow's six numbers, which lead from a new pixel to the old one."""
        angle = np.deg2rad(self.angle)
        cosine, sine = np.cos(angle) / self.scale, np.sin(angle) / self.scale
        middle_x, middle_y = width / 2, height / 2
        moved_x = middle_x + self.shift[1] * width
        moved_y = middle_y + self.shift[0] * height
        return (
            cosine, -sine, middle_x - cosine * moved_x + sine * moved_y,
            sine, cosine, middle_y - sine * moved_x - cosine * moved_y,
        )  # fmt: skip


@dataclass(frozen=True)
class Bend:
    """Move the knots of a grid, and what lies between them along with them."""

    shifts: NDArray[np.float64]
    """Of every knot, in rows and columns of knots: shares of the width and of the height."""

    def apply(self, triple: Triple) -> Triple:
        """Bend image and reference, unless the text would no longer be true of them."""
        if _states_shape(triple):
            return triple
        bent = _transformed(triple, PillowImage.Transform.MESH, self._mesh(*triple.reference.shape))
        return triple if _moves_out_of_place(triple, bent.reference) else bent

    def _mesh(self, height: int, width: int) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
        """Return Pillow's mesh: each cell of the new picture, and its corners in the old one."""
        rows, columns = self.shifts.shape[:2]
        x = np.linspace(0, width, columns).round().astype(int).tolist()
        y = np.linspace(0, height, rows).round().astype(int).tolist()
        knots = (np.stack(np.meshgrid(x, y), axis=-1) + self.shifts * (width, height)).tolist()
        return [
            (
                (x[column], y[row], x[column + 1], y[row + 1]),
                (
                    *knots[row][column], *knots[row + 1][column],
                    *knots[row + 1][column + 1], *knots[row][column + 1],
                ),
            )
            for row in range(rows - 1)
            for column in range(columns - 1)
        ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Colour:
    """Other brightness, contrast, gamma and saturation; no colour changes its name."""

    brightness: float
    contrast: float
    gamma: float
    saturation: float

    def apply(self, triple: Triple) -> Triple:
        """Change the picture only."""
        image = (triple.image.astype(np.float32) / 255) ** self.gamma
        mean = image.mean()
        image = (image - mean) * self.contrast + mean + self.brightness
        # Each colour is mixed with the grey of all three: a product, as numpy's mean is slow here.
        grey = np.full((3, 3), (1 - self.saturation) / 3, dtype=np.float32)
        image = image @ (grey + self.saturation * np.eye(3, dtype=np.float32))
        return replace(triple, image=_to_bytes(image))


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Grain, the same in all three colours."""

    strength: float
    """Standard deviation, of a range of 1."""
    seed: int

    def apply(self, triple: Triple) -> Triple:
        """Change the picture only."""
        rng = np.random.default_rng(self.seed)
        grain = rng.standard_normal(triple.reference.shape, dtype=np.float32)[..., None]
        image = triple.image.astype(np.float32) / 255 + self.strength * grain
        return replace(triple, image=_to_bytes(image))


@dataclass(frozen=True)
class Blur:
    """A Gaussian blur."""

    radius: float
    """Pixels."""

    def apply(self, triple: Triple) -> Triple:
        """Change the picture only."""
        picture = PillowImage.fromarray(np.ascontiguousarray(triple.image))
        return replace(
            triple, image=np.asarray(picture.filter(ImageFilter.GaussianBlur(self.radius)))
        )


@dataclass(frozen=True)
class OtherText:
    """Another sentence that is just as true of the reference; "" is the null sentence."""

    text: str

    def apply(self, triple: Triple) -> Triple:
        """Change the text only."""
        return replace(triple, text=self.text)


@dataclass(frozen=True)
class AbsentText:
    """A sentence whose target is not in the picture."""

    text: str

    def apply(self, triple: Triple) -> Triple:
        """Change the text, and empty the reference."""
        return replace(triple, text=self.text, reference=np.zeros_like(triple.reference))


def draw_changes(
    rng: np.random.Generator, settings: Augmentation, symmetry: Symmetry
) -> list[Change]:
    """Draw what will be done to the picture of one case, and with it to reference and text."""
    changes: list[Change] = []
    text_stays = settings.text_stays
    symmetry = "any" if text_stays else symmetry
    if symmetry != "none" and rng.random() < settings.flip_rate:
        changes.append(Flip("horizontal", text_stays=text_stays))
    if symmetry == "any" and rng.random() < settings.flip_rate:
        changes.append(Flip("vertical", text_stays=text_stays))
    if symmetry == "any" and rng.random() < settings.turn_rate:
        changes.append(Turn(int(rng.integers(1, 4)), text_stays=text_stays))
    if rng.random() < settings.warp_rate:
        changes.append(_draw_warp(rng, settings))
    if settings.bend_rate and rng.random() < settings.bend_rate:
        far = settings.max_bend
        changes.append(Bend(rng.uniform(-far, far, size=(_KNOTS, _KNOTS, 2))))
    return changes + _draw_looks(rng, settings)


def _draw_looks(rng: np.random.Generator, settings: Augmentation) -> list[Change]:
    """Draw changes of the picture that leave everything in its place."""
    changes: list[Change] = []
    if rng.random() < settings.colour_rate:
        changes.append(_draw_colour(rng))
    if rng.random() < settings.noise_rate:
        seed = int(rng.integers(2**31))
        changes.append(Noise(strength=float(rng.uniform(0.01, 0.06)), seed=seed))
    if rng.random() < settings.blur_rate:
        changes.append(Blur(float(rng.uniform(0.5, 1.5))))
    return changes


def draw_wording(rng: np.random.Generator, settings: Augmentation, *, is_normal: bool) -> Wording:
    """Draw which kind of sentence a case is shown with."""
    rates: dict[Wording, float] = {
        "none": settings.null_text_rate,
        "absent": settings.normal_text_rate if is_normal else settings.absent_text_rate,
        "short": settings.short_text_rate,
        "denied": settings.denied_text_rate,
        "paraphrase": settings.paraphrase_rate,
    }
    chance = rng.random()
    for wording, rate in rates.items():
        if chance < rate:
            return wording
        chance -= rate
    return "own"


def _draw_warp(rng: np.random.Generator, settings: Augmentation) -> Warp:
    """Draw a rotation, a scale and a shift."""
    log_scale = np.log(settings.max_scale)
    shift = rng.uniform(-settings.max_shift, settings.max_shift, size=2)
    return Warp(
        angle=float(rng.uniform(-settings.max_angle, settings.max_angle)),
        scale=float(np.exp(rng.uniform(-log_scale, log_scale))),
        shift=(float(shift[0]), float(shift[1])),
        text_stays=settings.text_stays,
    )


def _draw_colour(rng: np.random.Generator) -> Colour:
    """Draw a change of brightness, contrast, gamma and saturation."""
    return Colour(
        brightness=float(rng.uniform(-0.12, 0.12)),
        contrast=float(np.exp(rng.uniform(-0.3, 0.3))),
        gamma=float(np.exp(rng.uniform(-0.3, 0.3))),
        saturation=float(rng.uniform(0.7, 1.3)),
    )


def _transformed(
    triple: Triple, how: PillowImage.Transform, data: Sequence[float] | Sequence[object]
) -> Triple:
    """Return image and reference as Pillow transforms them."""
    height, width = triple.reference.shape
    outline = triple.reference.astype(np.uint8) * 255
    image, reference = (
        np.asarray(
            PillowImage.fromarray(np.ascontiguousarray(pixels)).transform(
                (width, height), how, data, PillowImage.Resampling.BILINEAR
            )
        )
        for pixels in (triple.image, outline)
    )
    return replace(triple, image=image, reference=reference > 127)


def _states_shape(triple: Triple) -> bool:
    """Tell whether the text says of which shape its target is."""
    facts = understand(triple.text, side=triple.side).facts
    return any(finding.shape for finding in facts.findings)


def _moves_out_of_place(triple: Triple, reference: MaskPixels) -> bool:
    """Tell whether the text says where its target lies and `reference` has it elsewhere."""
    if not (states_side(triple.text) or states_zone(triple.text)):
        return False
    return _third(reference) != _third(triple.reference)


def _third(reference: MaskPixels) -> tuple[int, int] | None:
    """Return in which third, from the top and from the left, the middle of the reference lies."""
    rows, columns = np.nonzero(reference)
    if not len(rows):
        return None
    height, width = reference.shape
    return int(3 * rows.mean() / height), int(3 * columns.mean() / width)


def _to_bytes(image: NDArray[np.float32]) -> Rgb:
    """Return a picture in 0 to 1 as 8-bit numbers."""
    return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)
