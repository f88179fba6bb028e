"""Running official networks as black boxes: from a checkout, on a bare machine, at any size.

Nothing of a checkout is copied: it is imported, and what it asks for beyond torch is stood in for.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor

NUM_PROBES = 12


def probes(values: Tensor) -> list[float]:
    """Return a few numbers, and how large all of them are."""
    flat = values.detach().flatten()
    picked = flat[torch.linspace(0, len(flat) - 1, NUM_PROBES).long()]
    return [*picked.tolist(), flat.mean().item(), size(flat)]


def size(values: Tensor) -> float:
    """Return the root mean square."""
    return values.detach().square().mean().sqrt().item()


@contextmanager
def imports_from(checkout: Path) -> Iterator[None]:
    """Let the checkout's modules be imported, without a GPU; then forget them.

    Official codes call their modules alike (`nets`, `utils`): a second checkout must not find them.
    """
    sys.dont_write_bytecode = True
    torch.Tensor.cuda = lambda tensor: tensor
    sys.path.insert(0, str(checkout))
    try:
        yield
    finally:
        sys.path.remove(str(checkout))
        for name in [name for name, module in sys.modules.items() if _is_from(module, checkout)]:
            del sys.modules[name]


def _is_from(module: ModuleType, checkout: Path) -> bool:
    # Not getattr: some of torch's modules answer to any name.
    places = [vars(module).get("__file__") or "", *vars(module).get("__path__", ())]
    return any(Path(place).is_relative_to(checkout) for place in places)


def stand_in(name: str, **contents: Any) -> None:
    """Let `import name` give a module with `contents`."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, loader=None)  # torch's compiler looks some of them up
    vars(module).update(contents)
    sys.modules[name] = module


def stand_in_for_lvits_family() -> None:
    """Stand in for what LViT, and RecLMIS after it, import and a forward pass does not need."""
    stand_in("timm")
    stand_in("timm.models")
    stand_in("timm.models.layers", DropPath=None, drop_path=None)
    stand_in("ml_collections", ConfigDict=SimpleNamespace)
    stand_in("pandas")
    stand_in("cv2")
    stand_in("sklearn")
    stand_in("sklearn.metrics", roc_auc_score=None, jaccard_score=None)
    if find_spec("PIL") is None:
        stand_in("PIL", Image=None)


class _Rewritten(SourceFileLoader):
    """Reads a module as `rewrite` would have it."""

    rewrite: Callable[[str], str]

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        source = Path(self.path).read_text(encoding="utf-8")
        return self.source_to_code(type(self).rewrite(source), self.path)


def load_rewritten(name: str, checkout: Path, rewrite: Callable[[str], str]) -> ModuleType:
    """Import a module of the checkout with, say, other sizes than those it is written for."""
    path = checkout.joinpath(*name.split(".")).with_suffix(".py")
    loader = type("Rewritten", (_Rewritten,), {"rewrite": staticmethod(rewrite)})(name, str(path))
    module = module_from_spec(spec_from_file_location(name, path, loader=loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def write_reference(
    path: Path, *, checkout: Path, source: str, made_by: str, forms: Mapping[str, Any]
) -> None:
    """Write what an official network said, and which one it was."""
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    commit = subprocess.run(command, check=True, capture_output=True, text=True)
    reference = {
        "source": source,
        "commit": commit.stdout.strip(),
        "made_by": f"tests/parity/{Path(made_by).name}, torch {torch.__version__}",
        "forms": forms,
    }
    path.write_text(json.dumps(reference, indent=1) + "\n", encoding="utf-8")
