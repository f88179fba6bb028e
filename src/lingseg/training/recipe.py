"""Every choice of one training run."""

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from cattrs.preconf.json import JsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

from lingseg.models import ModelConfig

Precision: TypeAlias = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class Data:
    """What is trained on, and how it is shown."""

    sets: tuple[str, ...] = ()
    """Names of the catalogue, or folders."""
    root: str = ""
    """The folder that holds the named sets; empty: the environment variable LINGSEG_DATA."""
    shares: tuple[float, ...] = ()
    """Each set's part of a batch (phantoms last), relative; empty: by their number of cases."""
    num_phantoms: int = 0
    """Phantom cases drawn for this run."""
    phantom_seed: int = 0
    companions: int = 0
    """How many other cases of its picture, with other masks, follow a case in the same batch: the
    same view several times, so that only the sentence can tell the masks apart."""
    height: int = 224
    width: int = 224
    cache_gigabytes: float = 4.0
    """Decoded pictures are kept in memory up to this size."""
    num_workers: int = 0
    """Processes that prepare batches; 0: the training process itself."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How often and how far a case is changed. Rates are probabilities per case."""

    flip_rate: float = 0.5
    """Applied only where the anatomy allows it and the sentence can be rewritten."""
    turn_rate: float = 0.0
    """Quarter turns; as for flips."""
    text_stays: bool = False
    """Flip, turn and warp pictures while their sentences stay as they are, true or not: what some
    papers did. Only for comparison with their numbers."""
    warp_rate: float = 0.0
    max_angle: float = 10.0
    """Degrees."""
    max_scale: float = 1.15
    max_shift: float = 0.06
    """Share of the height and width."""
    bend_rate: float = 0.0
    """Neighbouring parts of a picture are pulled apart or together, unless its sentence states a
    shape."""
    max_bend: float = 0.03
    """How far a knot of the grid that bends is moved: a share of the height and width."""
    colour_rate: float = 0.0
    noise_rate: float = 0.0
    blur_rate: float = 0.0
    short_text_rate: float = 0.0
    """The bare name of the target (column text_short) in place of the sentence."""
    null_text_rate: float = 0.0
    """No sentence: what teaches a model to go by the picture alone."""
    paraphrase_rate: float = 0.0
    """The sentence in other words, as the clinical grammar says it."""
    absent_text_rate: float = 0.0
    """A sentence whose target is not in the picture: an empty mask. It is of another data set,
    names what such a picture cannot show, or a target of its own set that this one lacks."""
    denied_text_rate: float = 0.0
    """The sentence denied ("no tumor"): an empty mask."""
    normal_text_rate: float = 0.0
    """On pictures labelled "normal": a sentence of another case of their set, absent here."""


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """How weights are moved."""

    name: Literal["adamw", "adam"] = "adamw"
    learning_rate: float = 1e-3
    encoder_rate: float = 1.0
    """The image encoder's learning rate, relative to the others'."""
    weight_decay: float = 0.01
    """Of matrices and kernels; never of norms and biases."""
    max_gradient_norm: float = 1.0
    """Longer gradients are shortened to it; 0: never."""
    ema_decay: float = 0.0
    """Of the averaged weights that are validated and kept; 0: none."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """For how long."""

    batch_size: int = 16
    """Over all processes together."""
    steps_per_epoch: int = 0
    """0: once through the data."""
    num_epochs: int = 10
    warmup_steps: int = 0
    shape: Literal["cosine", "restarts", "poly", "constant"] = "cosine"
    """"restarts": cosine warm restarts every ten epochs down to a third; "poly": what is left of
    the steps, to the power of 0.9."""
    shape_epochs: int = 0
    """Epochs that "cosine" or "poly" is drawn for, where training ends before; 0: `num_epochs`."""
    small_epochs: int = 0
    """Epochs at the start in which pictures are shown smaller, which takes less time (progressive
    learning: Tan and Le, EfficientNetV2, ICML 2021). For models that take any size."""
    small_scale: float = 0.75
    """Of the height and width in those epochs, rounded down to multiples of 32."""
    patience: int = 0
    """Epochs without a better validation score after which training stops; 0: never."""
    state_steps: int = 100
    """Steps between two saved states."""

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        if 0 < self.shape_epochs < self.num_epochs:
            raise ValueError(
                f"schedule.shape_epochs={self.shape_epochs} ends before schedule.num_epochs="
                f"{self.num_epochs}, and the learning rate with it; choose 0 or as many at least."
            )
        if not 0 < self.small_scale <= 1:
            raise ValueError(
                f"schedule.small_scale={self.small_scale} is no share of the height and width; "
                f"choose one above 0, and 1 at most."
            )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Every choice of one training run."""

    model: ModelConfig
    data: Data
    augmentation: Augmentation = field(default_factory=Augmentation)
    optimizer: Optimizer = field(default_factory=Optimizer)
    schedule: Schedule = field(default_factory=Schedule)
    seed: int = 0
    precision: Precision = "auto"
    """"auto": bf16 where the device computes in it, fp32 elsewhere."""
    half_weights: bool = False
    """Keep the finished weights in half precision; scores are then those of the rounded weights."""

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        num_sets = len(self.data.sets) + (self.data.num_phantoms > 0)
        if not num_sets:
            raise ValueError("The recipe names no data; set data.sets or data.num_phantoms.")
        if self.data.shares and len(self.data.shares) != num_sets:
            raise ValueError(
                f"data.shares has {len(self.data.shares)} numbers for {num_sets} sets "
                f"(phantoms count as one); give one number a set."
            )


def recipe_to_json(recipe: Recipe) -> str:
    """Return the recipe as text that `recipe_from_json` reads back."""
    return _converter().dumps(recipe, indent=1)


def recipe_from_json(text: str) -> Recipe:
    """Read a recipe; unknown names are refused.

    Raises:
        ValueError: The text is not a recipe of this version.
    """
    try:
        return _converter().loads(text, Recipe)
    except Exception as error:
        raise ValueError(f"Not a recipe of this version of lingseg: {error}") from error


def with_choices(recipe: Recipe, choices: dict[str, object]) -> Recipe:
    """Return the recipe with some choices changed, named as in `optimizer.learning_rate`.

    Raises:
        ValueError: A changed choice does not fit the others.
    """
    sections: dict[str, dict[str, object]] = {}
    top: dict[str, object] = {}
    for name, value in choices.items():
        section, _, leaf = name.rpartition(".")
        (sections.setdefault(section, {}) if section else top)[leaf] = value
    for section, values in sections.items():
        top[section] = replace(getattr(recipe, section), **values)
    return replace(recipe, **top)  # type: ignore[arg-type]  # checked by __post_init__


def _converter() -> JsonConverter:
    """Return what turns recipes into JSON and back, the model's class told by its name."""
    converter = make_converter(forbid_extra_keys=True)
    configure_tagged_union(ModelConfig, converter, tag_name="config")
    return converter
