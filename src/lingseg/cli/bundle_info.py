"""`lingseg models bundle`: what a bundle is made of. It needs no torch, as bundles do not."""

import json as json_format

from rich.console import Console
from rich.table import Table

from lingseg.prediction.bundle import read_bundle
from lingseg.prediction.predictor import find_bundle

_LABELS = {
    "method": "method",
    "precision": "its graphs multiply",
    "picture": "pictures are shown at",
    "megabytes": "MB",
    "agreement": "beside its training run",
    "model_sha256": "SHA-256",
}


def bundle(name: str, /, *, json: bool = False) -> int:
    """Print what a bundle is made of.

    Parameters
    ----------
    name
        The path of a bundle, or the name that it ships under.
    json
        Print it as JSON.
    """
    found = read_bundle(find_bundle(name))
    manifest = found.manifest
    rows = {
        "method": manifest.method,
        "precision": manifest.precision,
        "picture": f"{manifest.height} x {manifest.width}",
        "megabytes": sum(len(data) for data in found.files.values()) / 1e6,
        "agreement": manifest.provenance.get("agreement"),
        "model_sha256": found.hash,
    }
    if json:
        print(json_format.dumps(rows))
        return 0
    table = Table(title=manifest.name, show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for key, label in _LABELS.items():
        table.add_row(label, _shown(rows[key]))
    Console().print(table)
    return 0


def _shown(value: object) -> str:
    """Return a value as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(one)}" for key, one in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)
