"""The networks of a bundle, run by ONNX Runtime. No other file of prediction knows it."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# From 1.31 on the builds for Linux, too, collect what is to be sent to their maker: when they are
# imported they number the machine and begin a file, so that `disable_telemetry_events` is too late.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # type: ignore[import-untyped]
from onnxruntime.capi import (  # type: ignore[import-untyped]
    onnxruntime_pybind11_state as runtime_errors,
)

Floats: TypeAlias = NDArray[np.float32]
TokenIds: TypeAlias = NDArray[np.int64]
WordMask: TypeAlias = NDArray[np.bool_]

# They have no parent of their own, and their list grows from version to version.
_RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    *(
        error
        for error in vars(runtime_errors).values()
        if isinstance(error, type) and issubclass(error, Exception)
    ),
    UnicodeDecodeError,  # its messages quote names that the graph has, whatever bytes they are
)
_FATAL_ONLY = 4
"""What it logs of lesser errors, it raises as well, and that becomes our one line."""
_OUTSIDE_FILES = "session.model_external_initializers_file_folder_path"
"""Where a graph may look for weights that it names as files: below what is no folder, nowhere.

Otherwise it would read any file below, or above, the folder that the program was started in."""
_NO_OVERFLOW = "session.x64quantprecision"
"""Keeps 8-bit products right on x86 processors without VNNI, which would add them up in 16 bits.

It makes them two and a half times slower on those with VNNI, too, and is nothing to fp32 or Arm."""
_PROCESSOR = Path("/proc/cpuinfo")
_FIRST_CORE = 8192
"""Letters in which the first core has told its abilities."""

onnxruntime.disable_telemetry_events()  # for builds that do not know the variable
onnxruntime.set_default_logger_severity(_FATAL_ONLY)


class Graphs:
    """The two or three networks of a bundle, and the contract between them."""

    def __init__(
        self,
        files: Mapping[str, bytes | memoryview],
        *,
        size: tuple[int, int],
        threads: int | None = None,
    ) -> None:
        """Load the graphs.

        Args:
            files: The files of a checked bundle, by name.
            size: Height and width of the picture that the graphs take.
            threads: Cores that one prediction uses; None: all that this process may use.

        Raises:
            ValueError: ONNX Runtime refuses a graph, or a graph breaks the contract.
        """
        self._size = size
        num_threads = threads or usable_cores()
        self._text = _Graph("text.onnx", files, num_threads)
        self._image = _Graph("image.onnx", files, num_threads) if "image.onnx" in files else None
        self._mask = _Graph("mask.onnx", files, num_threads)
        self._encoded_names = self._check_contract()

    def encode_words(self, token_ids: TokenIds, word_mask: WordMask) -> Floats:
        """Return one vector a token."""
        (words,) = self._text.run(["words"], {"token_ids": token_ids, "word_mask": word_mask})
        return words

    def encode_image(self, image: Floats) -> tuple[Floats, ...]:
        """Return what `segment` needs of an image [1, 3, height, width], 0 to 1."""
        if self._image is None:
            return (image,)
        return tuple(self._image.run(self._encoded_names, {"image": image}))

    def segment(
        self, encoded: Sequence[Floats], words: Floats, word_mask: WordMask
    ) -> tuple[Floats, float | None]:
        """Return the logits of the mask [height, width] and of its presence, if the model tells.

        Raises:
            ValueError: The graph gave another size, or values that are not finite.
        """
        given: dict[str, Floats | TokenIds | WordMask]
        given = {"words": words, "word_mask": word_mask}
        given |= zip(self._encoded_names, encoded, strict=True)
        wanted = [name for name in ("mask_logits", "presence_logits") if name in self._mask.outputs]
        mask_logits, *rest = self._mask.run(wanted, given)
        if mask_logits.shape != (1, 1, *self._size) or not np.isfinite(mask_logits).all():
            raise ValueError(
                f"mask.onnx gave a mask of shape {mask_logits.shape} or values that are not "
                f"finite; expected finite ones of shape {(1, 1, *self._size)}. Export it again."
            )
        return mask_logits[0, 0], float(rest[0].reshape(-1)[0]) if rest else None

    def _check_contract(self) -> list[str]:
        """Return the names of what goes from the image part to the mask part."""
        _expect(self._text, inputs=("token_ids", "word_mask"), outputs=("words",))
        encoded = ["image"]
        if self._image is not None:
            encoded = [f"encoded_{number}" for number in range(len(self._image.outputs))]
            _expect(self._image, inputs=("image",), outputs=encoded)
        _expect(self._mask, inputs=(*encoded, "words", "word_mask"), outputs=("mask_logits",))
        return encoded


class _Graph:
    """One loaded network. An input that it does not declare (it was of no use) is not fed."""

    def __init__(
        self,
        name: str,
        files: Mapping[str, bytes | memoryview],
        num_threads: int,
        options: Any = None,  # noqa: ANN401 - the library has no types
    ) -> None:
        """Load it from memory, so that what runs is what was checked."""
        self.name = name
        options = options or _options(num_threads)
        try:
            self._session = onnxruntime.InferenceSession(
                bytes(files[name]),
                options,
                providers=["CPUExecutionProvider"],
                enable_fallback=0,  # it would print, and try the same once more
            )
            self.inputs = {one.name for one in self._session.get_inputs()}
            self.outputs = {one.name for one in self._session.get_outputs()}
        except _RUNTIME_ERRORS as error:
            raise ValueError(
                f"ONNX Runtime cannot load {name} ({_first_line(error)}). Export it again."
            ) from error

    def run(
        self, outputs: Sequence[str], given: Mapping[str, Floats | TokenIds | WordMask]
    ) -> list[Floats]:
        """Run it on the inputs that it declares."""
        fed = {name: value for name, value in given.items() if name in self.inputs}
        try:
            return self._session.run(outputs, fed)
        except _RUNTIME_ERRORS as error:
            raise ValueError(f"{self.name} failed ({_first_line(error)}).") from error

    def end_trace(self) -> str:
        """Return the path of what was written about the run, where that was asked for."""
        return str(self._session.end_profiling())


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation of a graph as it was run, with the shapes of what went in and came out."""

    operation: str
    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]


def trace(
    name: str,
    files: Mapping[str, bytes | memoryview],
    given: Mapping[str, Floats | TokenIds | WordMask],
) -> tuple[dict[str, Floats], list[Step]]:
    """Run a graph once as it is written, nothing fused, and return what it gave and its steps.

    Args:
        name: The graph's file.
        files: The files of a checked bundle, by name.
        given: What it takes, and perhaps more.

    Raises:
        ValueError: ONNX Runtime refuses the graph or fails to run it.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = _options(1)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.add_session_config_entry("session.disable_prepacking", "1")  # would hide weights
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "trace")
        graph = _Graph(name, files, 1, options)
        names = sorted(graph.outputs)
        try:
            outputs = graph.run(names, given)
        finally:
            written = Path(graph.end_trace())
        events = json.loads(written.read_text(encoding="utf-8"))
    return dict(zip(names, outputs, strict=True)), [_step(event) for event in _kernels(events)]


def _kernels(events: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield what a trace tells of each operation that was run."""
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            yield event["args"]


def _step(told: Mapping[str, Any]) -> Step:
    """Return an operation, of which the trace tells shapes by their types."""

    def shapes(of: str) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(shape) for typed in told[of] for shape in typed.values())

    return Step(
        operation=told["op_name"],
        inputs=shapes("input_type_shape"),
        outputs=shapes("output_type_shape"),
    )


def _options(num_threads: int) -> Any:  # noqa: ANN401 - the library has no types
    """Return how a graph is loaded and run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    # Spinning while a run waits for its next kernel saves a quarter of its time; spinning on after
    # it would slow the next graph, which has threads of its own.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.add_session_config_entry(_NO_OVERFLOW, "0" if _has_vnni() else "1")
    options.add_session_config_entry(_OUTSIDE_FILES, os.devnull)
    return options


def _expect(graph: _Graph, *, inputs: Iterable[str], outputs: Iterable[str]) -> None:
    """Refuse a graph with inputs that nobody feeds or without outputs that are needed."""
    unknown = sorted(graph.inputs - set(inputs))
    missing = sorted(set(outputs) - graph.outputs)
    if unknown or missing:
        raise ValueError(
            f"{graph.name} takes unknown inputs {unknown} or lacks the outputs {missing}; see the "
            f"contract in lingseg.prediction.bundle. Export it again."
        )


def _has_vnni() -> bool:
    """Tell whether the processor is known to add products of 8-bit numbers in 32 bits."""
    if not _PROCESSOR.is_file():
        return False
    with _PROCESSOR.open(encoding="utf-8") as told:
        return "vnni" in told.read(_FIRST_CORE)


def usable_cores() -> int:
    """Return how many cores this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _first_line(error: BaseException) -> str:
    """Return what ONNX Runtime says, without the lines that follow and what no line can show."""
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:200]
