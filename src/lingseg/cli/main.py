"""The command line: verbs that call the rooms below, and one line for what went wrong."""

import difflib
import errno
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError
from cyclopts.exceptions import UnknownCommandError

from lingseg import __version__

RESEARCH_USE = "Research use only; not a medical device."

EXTRAS = {
    "evaluate": ("imagehash", "jinja2", "scipy"),
    "pacs": ("urllib3",),
    "ray": ("ray",),
    "serve": ("fastapi", "prometheus_client", "python_multipart", "uvicorn"),
    "train": (
        "accelerate", "cattrs", "einops", "jaxtyping", "onnx", "onnxscript", "safetensors", "torch",
    ),
}  # fmt: skip
"""What is installed only on request, and the packages that tell it is not there."""

ADVICE = {
    errno.ENOENT: "Check the spelling.",
    errno.ENOSPC: "Free some space and run it again; what is done stays done.",
    errno.EDQUOT: "Free some space and run it again; what is done stays done.",
    errno.EROFS: "Choose another folder.",
    errno.EACCES: "Choose another folder, or ask for the right to use this one.",
    errno.EPERM: "Choose another folder, or ask for the right to use this one.",
    errno.EEXIST: "Choose another name.",
    errno.ENOTDIR: "Choose another name.",
    errno.ENAMETOOLONG: "Choose shorter names.",
}

app = App(
    name="lingseg",
    help=f"Segment what a sentence describes in a medical image. {RESEARCH_USE}",
    version=__version__,
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,  # it would leave without a word
)
datasets = App(name="datasets", help="List, check, describe and split data sets; draw phantoms.")
models = App(name="models", help="List models and what they cost.")

app.command(
    "lingseg.cli.demo:demo", name="demo", help="Run the shipped model on the shipped pictures."
)
app.command(
    "lingseg.cli.predict:predict", name="predict", help="Draw the mask that a sentence describes."
)
app.command(
    "lingseg.cli.serve:serve", name="serve", help="Open the page: type a sentence, see the mask."
)
app.command("lingseg.cli.train:app", name="train", help="Train a model by a recipe.")
app.command(
    "lingseg.cli.evaluate:evaluate",
    name="evaluate",
    help="Score a model, a run or saved predictions.",
)
app.command(
    "lingseg.cli.audit:audit",
    name="audit",
    help="Tell whether a model reads its sentence, and whether the data gives it away.",
)
app.command(
    "lingseg.cli.compare:compare", name="compare", help="Tell whether scored models differ."
)
app.command(
    "lingseg.cli.export:export",
    name="export",
    help="Turn a training run into a bundle, and prove that the two agree.",
)
app.command(
    "lingseg.cli.benchmark:benchmark",
    name="benchmark",
    help="Measure speed and memory on this machine.",
)
app.command(datasets)
app.command(models)
datasets.command(
    "lingseg.cli.datasets:list_datasets", name="list", help="List the data sets that have a reader."
)
datasets.command(
    "lingseg.cli.datasets:check", name="check", help="Look for what would spoil training or scores."
)
datasets.command(
    "lingseg.cli.datasets:stats", name="stats", help="Count cases, subjects, texts and mask sizes."
)
datasets.command(
    "lingseg.cli.datasets:phantom",
    name="phantom",
    help="Draw pictures in which the text is provably needed.",
)
datasets.command(
    "lingseg.cli.datasets:split",
    name="split",
    help="Keep a combination of words out of training, to test it.",
)
models.command("lingseg.cli.models:list_models", name="list", help="List the models.")
models.command(
    "lingseg.cli.models:info", name="info", help="Print parameters and compute of a model."
)
models.command(
    "lingseg.cli.bundle_info:bundle", name="bundle", help="Print what a bundle is made of."
)
models.command(
    "lingseg.cli.models:convert", name="convert", help="Turn pickled weights into safetensors."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 some inputs failed, 2 a wrong call."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        return app(list(arguments), result_action="return_value") or 0
    except (CycloptsError, ValueError, OSError) as error:
        print(f"lingseg: {' '.join(_sentence(error).split())}", file=sys.stderr)
        return 2
    except ImportError as error:
        missing = _missing_package(error)
        extra = next((name for name, packages in EXTRAS.items() if missing in packages), None)
        if extra is None:
            raise
        print(
            f"lingseg: this needs {missing}, which is not installed. "
            f"Run: pip install 'lingseg[{extra}]'",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt as stop:
        print(": ".join(["lingseg: stopped", *map(str, stop.args)]), file=sys.stderr)
        return 130


def _sentence(error: CycloptsError | ValueError | OSError) -> str:
    """Return what to tell a person."""
    if isinstance(error, UnknownCommandError):
        return _unknown_command(error)
    if isinstance(error, OSError) and error.errno is not None:
        what = os.strerror(error.errno)
        where = f" ({error.filename})" if error.filename else ""
        return f"{what}{where}. {ADVICE.get(error.errno, '')}"
    return str(error)


def _unknown_command(error: UnknownCommandError) -> str:
    """Name the commands. The library's own sentence would import every one of them, and torch."""
    known = [name for name in error.app or app if not name.startswith("-")]
    given = (error.unused_tokens or [""])[0]
    near = difflib.get_close_matches(given, known, n=1)
    advice = f"Did you mean {near[0]}?" if near else f"Expected one of {', '.join(known)}."
    return f"There is no command {given!r}. {advice}"


def _missing_package(error: ImportError) -> str:
    """Return the top name of the package that an import, perhaps a lazy one, did not find."""
    cause = error.__cause__ if isinstance(error.__cause__, ImportError) else error
    return (cause.name or "").partition(".")[0]
