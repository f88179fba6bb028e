"""A mask and a command in words, and what becomes of the mask."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from lingseg.imaging import mask_edit
from lingseg.imaging.image import PatientLeft
from lingseg.imaging.mask_edit import AnyMask, Parts, Steps
from lingseg.language.command import Amount, Choice, Command
from lingseg.language.command_grammar import read_commands
from lingseg.language.side import Side


@dataclass(frozen=True, kw_only=True, eq=False)
class EditedMask:
    """What a command made of a mask."""

    mask: NDArray[np.bool_]
    """Of the shape that was given."""
    done: str
    """What was done, in a sentence for each command."""
    understood: tuple[dict[str, object], ...]
    """The commands as they were read, ready for JSON."""
    notices: tuple[str, ...]
    """Words that were taken for misspelt."""
    is_changed: bool


def edit_mask(
    mask: AnyMask,
    command: str,
    *,
    spacing: tuple[float, ...] | None,
    side: Side = "image",
    patient_left: PatientLeft | None = None,
) -> EditedMask:
    """Do to a mask what a command says; the mask that was given stays as it is.

    Args:
        mask: (height, width), or (slice, height, width).
        command: What to do, as "grow 2 mm" or "keep the largest, then fill holes".
        spacing: Millimetres from pixel to pixel along each axis of the mask; None: not known.
        side: Whose left and right the command means.
        patient_left: Where the patient's left lies in the picture; None: on the right, as usual.

    Raises:
        ValueError: The command is not understood, asks for millimetres where none are known, or
            for a part that cannot be told from the others. One line says what to do.
        ModuleNotFoundError: scipy is not installed; it comes with the extra `evaluate`.
    """
    read = read_commands(command, side=side)
    if mask.ndim not in (2, 3) or mask.dtype != np.bool_:
        raise ValueError(
            f"The mask has shape {mask.shape} and type {mask.dtype}; expected bool values in "
            f"(height, width) or (slice, height, width)."
        )
    current, told = mask, []
    for one in read.commands:
        edited = _Editor(one.on_picture(patient_left), spacing).edit(current)
        told.append(_what_was_done(one, current, edited, spacing))
        current = edited
    return EditedMask(
        mask=current.copy() if current is mask else current,
        done=" ".join(told),
        understood=tuple(map(_as_record, read.commands)),
        notices=tuple(map(str, read.notices)),
        is_changed=not np.array_equal(current, mask),
    )


class _Editor:
    """Does one command."""

    def __init__(self, command: Command, spacing: tuple[float, ...] | None) -> None:
        """Keep the command, by the picture's own sides, and how far pixels lie apart."""
        self._command, self._spacing = command, spacing

    def edit(self, mask: AnyMask) -> AnyMask:
        """Return the mask after the command; an empty one has nothing to be changed."""
        command = self._command
        steps = self._steps(command.amount, mask.ndim)
        if not mask.any():
            return mask
        match command.action, command.amount:
            case "fill", _:
                return mask_edit.fill_holes(mask)
            case "smooth", amount:
                return mask_edit.smooth(mask, amount.number if amount else min(steps), steps)
            case (("keep" | "remove"), _):
                chosen = self._chosen(mask, command.choice)
                return mask & (chosen if command.action == "keep" else ~chosen)
            case _, Amount(number=length):
                return self._changed(mask, length, steps)
        raise AssertionError(f"a command without an amount: {command}")

    def _changed(self, mask: AnyMask, length: float, steps: Steps) -> AnyMask:
        """Return the mask grown, shrunk or moved."""
        towards = self._command.towards
        match self._command.action:
            case "shrink":
                return mask_edit.shrink(mask, length, steps)
            case "move" if towards:
                return mask_edit.move(mask, length, steps, towards)
            case _ if towards:
                return mask_edit.grow_towards(mask, length, steps, towards)
        return mask_edit.grow(mask, length, steps)

    def _steps(self, amount: Amount | None, num_axes: int) -> Steps:
        """Return the length from pixel to pixel in the unit of an amount.

        Without one, the spacing where it is known, so that smoothing is alike in all directions.
        """
        if amount is None and self._spacing is not None:
            return self._known_spacing(num_axes)
        if amount is None or amount.unit != "mm":
            return (1.0,) * num_axes
        return self._known_spacing(num_axes)

    def _known_spacing(self, num_axes: int) -> Steps:
        """Return the spacing, of which there must be one for every axis."""
        if self._spacing is None:
            raise ValueError(
                "The command says millimetres, and the picture does not tell how large its pixels "
                "are. Say pixels, as 'grow 3 pixels', or 'smaller than 50 pixels'."
            )
        if len(self._spacing) != num_axes:
            raise ValueError(
                f"The spacing {self._spacing} has {len(self._spacing)} numbers; expected one for "
                f"each of the mask's {num_axes} axes."
            )
        return self._spacing

    def _chosen(self, mask: AnyMask, choice: Choice) -> AnyMask:
        """Return what of a mask is meant."""
        if choice.is_half:
            (where,) = choice.places
            return mask_edit.half_of(mask, where)
        parts = mask_edit.find_parts(mask)
        return parts.mask_of(self._numbers(parts, choice, mask.ndim))

    def _numbers(self, parts: Parts, choice: Choice, num_axes: int) -> list[int]:
        """Return the numbers of the parts that are meant."""
        found = list(range(len(parts)))
        if choice.limit:
            least = self._pixels(choice.limit.amount, num_axes)
            sign = -1 if choice.limit.is_below else 1
            found = [one for one in found if sign * (float(parts.sizes[one]) - least) > 0]
        if choice.order:
            found = parts.in_half(choice.places) if choice.places else found
            ranked = parts.by_size(found, largest_first=choice.order == "largest")
        elif choice.places and choice.number is not None:
            if len(parts) == 1 and self._command.action == "remove":
                raise ValueError(
                    "The mask has one part only, so that there are no others to tell it from. To "
                    "cut it, say 'remove the left half'; to remove it, say 'remove everything'."
                )
            ranked = parts.by_place(found, choice.places)
        else:
            found = [one for one in found if one in set(parts.in_half(choice.places))]
            ranked = [(0.0, one) for one in found]
        return _first(ranked, choice.number)

    def _pixels(self, amount: Amount, num_axes: int) -> float:
        """Return an area or a volume in pixels."""
        if amount.unit == "pixels":
            return amount.number
        if (amount.unit == "mm2") != (num_axes == 2):
            what, unit = ("a picture", "mm2") if num_axes == 2 else ("a volume", "ml or mm3")
            raise ValueError(f"{amount} does not fit {what}; say {unit}, or pixels.")
        return amount.number / float(np.prod(self._known_spacing(num_axes)))


def _first(ranked: Sequence[tuple[float, int]], number: int | None) -> list[int]:
    """Return the first of some ranked parts, unless it cannot be told which these are."""
    if number is None or len(ranked) <= number:
        return [one for _, one in ranked]
    if ranked[number - 1][0] == ranked[number][0]:
        raise ValueError(
            f"{len(ranked)} parts fit and cannot be told apart by what was said; "
            f"say which of them, as 'the largest one' or 'the upper one'."
        )
    return [one for _, one in ranked[:number]]


def _what_was_done(
    command: Command, before: AnyMask, after: AnyMask, spacing: tuple[float, ...] | None
) -> str:
    """Return a sentence that says what a command did, with the pixels before and after."""
    num_before, num_after = int(before.sum()), int(after.sum())
    if not num_before:
        return "The mask is empty: there is nothing to change."
    if np.array_equal(before, after):
        return f"{_said(command)}: nothing changed.{_why_nothing(command, spacing)}"
    return f"{_said(command)}: {num_before:,} pixels became {num_after:,}."


def _why_nothing(command: Command, spacing: tuple[float, ...] | None) -> str:
    """Return why a length changed nothing, if it is less than a pixel."""
    amount = command.amount
    if amount is None or command.action == "smooth":
        return ""
    least = min(spacing) if spacing and amount.unit == "mm" else 1.0
    if amount.number >= least:
        return ""
    return f" A pixel is {least:g} {'mm' if amount.unit == 'mm' else 'pixel'}."


def _said(command: Command) -> str:
    """Return a command as what was done."""
    names = {
        "grow": "Grown",
        "shrink": "Shrunk",
        "move": "Moved",
        "smooth": "Smoothed",
        "fill": "Holes filled",
        "keep": "Kept",
        "remove": "Removed",
    }
    words = [names[command.action]]
    if command.amount:
        words.append(f"by {command.amount}")
    if command.towards:
        words.append({"upper": "up", "lower": "down"}.get(command.towards, command.towards))
    if command.action in ("keep", "remove"):
        words.append(_said_of(command.choice))
    return " ".join(words)


def _said_of(choice: Choice) -> str:
    """Return which parts were meant."""
    places = " ".join(place for place in _IN_ORDER if place in choice.places)
    if choice.is_half:
        return f"the {places} half"
    words = [] if choice.number in (None, 1) else [str(choice.number)]
    words += [choice.order or "", places, "part" if choice.number == 1 else "parts"]
    if choice.limit:
        words.append(f"{'smaller' if choice.limit.is_below else 'larger'} than")
        words.append(str(choice.limit.amount))
    has_all = choice == Choice()
    return f"{'all' if has_all else 'the'} {' '.join(word for word in words if word)}"


_IN_ORDER = ("upper", "lower", "middle", "left", "right")


def _as_record(command: Command) -> dict[str, object]:
    """Return a command ready for JSON; what it does not say is left out."""
    said = asdict(command)
    choice = said.pop("choice")
    choice["places"] = [place for place in _IN_ORDER if place in command.choice.places]
    if command.action in ("keep", "remove"):
        said["choice"] = {name: value for name, value in choice.items() if value}
    return {name: value for name, value in said.items() if value is not None}
