"""The command line: verbs that call the rooms below, and one line for what went wrong."""

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from lingseg import __version__

RESEARCH_USE = "Research use only; not a medical device."

app = App(
    name="lingseg",
    help=f"Segment what a sentence describes in a medical image. {RESEARCH_USE}",
    version=__version__,
    exit_on_error=False,
    print_error=False,
)
datasets = App(name="datasets", help="List, check and describe data sets; draw phantoms.")
models = App(name="models", help="List models and what they cost.")

app.command(
    "lingseg.cli.demo:demo", name="demo", help="Run the shipped model on the shipped pictures."
)
app.command(
    "lingseg.cli.predict:predict", name="predict", help="Draw the mask that a sentence describes."
)
app.command("lingseg.cli.train:train", name="train", help="Train a model by a recipe.")
app.command(
    "lingseg.cli.evaluate:evaluate",
    name="evaluate",
    help="Score a model, a run or saved predictions.",
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
models.command("lingseg.cli.models:list_models", name="list", help="List the models.")
models.command(
    "lingseg.cli.models:info", name="info", help="Print parameters and compute of a model."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 some inputs failed, 2 a wrong call."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        return app(list(arguments), result_action="return_value") or 0
    except (CycloptsError, ValueError, OSError) as error:
        print(f"lingseg: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lingseg: stopped", file=sys.stderr)
        return 130
