"""The official codes as black boxes: how a checkout is recognised, and what opens it.

Nothing of them lies here. A network is built and run as the parity tests do it, with random
weights, as most checkpoints are not public. Where a pretrained text encoder would be downloaded,
one of its shape stands: for RecLMIS, LanGuideMedSeg, MMI-UNet and LAVT of the checkout's own code,
for LViT, whose BERT belongs to a package that can no longer be installed, of ours.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from torch import Tensor, nn

# The official networks are run as the parity tests run them.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

CXR_BERT = "lib/BiomedVLP-CXR-BERT-specialized"


@dataclass(frozen=True, kw_only=True)
class Network:
    """An official network with its text encoder, ready to be asked."""

    module: "nn.Module"
    """Both of them: what has parameters."""
    text_encoder: Any
    """What has the method that encodes a text."""
    text_method: str
    ask: "Callable[[Tensor, Tensor, Tensor], Tensor]"
    """From image, token ids and word mask to the mask."""
    num_words: int
    """How long its texts are made, start and end included."""
    vocabulary: int
    is_standardised: bool
    """Whether it is shown images of mean 0 and spread 1."""
    settings: str
    """For the page."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A published method with official code."""

    name: str
    source: str
    files: tuple[str, ...]
    says: str
    """What the first of the files holds, where methods have files of the same names."""
    open: Callable[[Path], Network]
    """Build it from a checkout."""

    @property
    def expected(self) -> str:
        """What a checkout is recognised by, for messages."""
        said = f" with {self.says!r}" if self.says else ""
        return f"{self.files[0]}{said} ({self.name})"


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A folder that was recognised."""

    method: Method
    folder: Path

    @property
    def source(self) -> str:
        """Where it is from and, if git knows it, which commit."""
        if not (self.folder / ".git").exists() or shutil.which("git") is None:
            return self.method.source
        command = ["git", "-C", str(self.folder), "rev-parse", "--short=7", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        commit = done.stdout.strip()
        return f"{self.method.source}, commit {commit}" if commit else self.method.source


def recognise(folder: Path) -> Checkout:
    """Tell whose code lies in a folder.

    Raises:
        ValueError: It is no checkout that is known.
    """
    for method in METHODS:
        if _is_of(folder, method):
            return Checkout(method=method, folder=folder.resolve())
    expected = ", ".join(method.expected for method in METHODS)
    raise ValueError(f"{folder} is no official code that is known here; expected {expected}.")


def recognise_all(folders: Iterable[Path]) -> tuple[Checkout, ...]:
    """Tell whose code lies in each folder.

    Raises:
        ValueError: One of them is no checkout that is known, or two are of the same method.
    """
    found = tuple(recognise(folder) for folder in folders)
    names = [checkout.method.name for checkout in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Two checkouts of {twice[0]}; name one of each.")
    return found


def checkout_of(name: str, folder: Path) -> Path:
    """Return a folder, made sure of.

    Raises:
        ValueError: It is not a checkout of the method.
    """
    (method,) = (method for method in METHODS if method.name == name)
    if not _is_of(folder, method):
        raise ValueError(f"{folder} is no checkout of {name}; expected {method.expected}.")
    return folder.resolve()


def _is_of(folder: Path, method: Method) -> bool:
    """Tell whether a folder is a checkout of a method."""
    if not all((folder / name).is_file() for name in method.files):
        return False
    return method.says in (folder / method.files[0]).read_text(encoding="utf-8", errors="replace")


def numbered(sentence: str, *, length: int, vocabulary: int) -> tuple[list[int], list[int]]:
    """Return a number for each word of a sentence, filled up with 0, and 1 where a word is.

    Their tokenizers need files that their repositories lack. What a token is called does not change
    what it costs, and all of them pad to a fixed length.
    """
    words = sentence.split()[:length]
    ids = [1 + crc32(word.encode()) % (vocabulary - 1) for word in words]
    padding = [0] * (length - len(ids))
    return ids + padding, [1] * len(ids) + padding


def _open_reclmis(checkout: Path) -> Network:
    """Open RecLMIS as a mask needs it: its auxiliary branch off."""
    from parity import make_reclmis_reference as parity

    form = parity.FORMS["full"]
    model = parity.build(checkout, form).model
    with parity.imports_from(checkout):
        from nets.module_clip import CLIP

        model.clip = CLIP(form.dim, 224, 12, 768, 32, 77, 49408, form.dim, 8, 12)  # ViT-B/32
    model.aux = False
    return Network(
        module=model,
        text_encoder=model.clip,
        text_method="encode_text",
        ask=lambda image, ids, mask: model(image, None, ids, mask)[0],
        num_words=form.words,
        vocabulary=49408,
        is_standardised=False,
        settings="QaTa-COV19's, auxiliary branch off; text tower of CLIP ViT-B/32",
    )


def _open_reclmis_as_it_is(checkout: Path) -> Network:
    """Open RecLMIS as its forward runs in evaluation too: its auxiliary branch on."""
    network = _open_reclmis(checkout)
    model: Any = network.module

    def ask(image: "Tensor", ids: "Tensor", mask: "Tensor") -> "Tensor":
        model.aux = True  # it switches itself off for good after a failure
        found = network.ask(image, ids, mask)
        if not model.aux:
            raise RuntimeError("The official network switched its auxiliary branch off.")
        return found

    return replace(
        network,
        ask=ask,
        settings="As above, but its auxiliary branch on, as its forward leaves it in evaluation",
    )


def _open_lvit(checkout: Path) -> Network:
    """Open LViT with a BERT of ours."""
    from parity import make_lvit_reference as parity
    from torch import nn

    from lingseg.nn.pretrained import RANDOM
    from lingseg.nn.text_encoders import build_text_encoder

    model = parity.build(checkout, parity.FORMS["full"]).model
    num_words = parity.NUM_WORDS + 2
    bert = build_text_encoder("bert", weights=RANDOM, max_words=num_words)

    def ask(image: "Tensor", ids: "Tensor", mask: "Tensor") -> "Tensor":
        words = bert(ids, mask.bool())
        return model(image, words[:, 1:-1])  # [CLS] and [SEP] are dropped

    return Network(
        module=nn.ModuleList([model, bert]),
        text_encoder=bert,
        text_method="forward",
        ask=ask,
        num_words=num_words,
        vocabulary=30522,
        is_standardised=False,
        settings="QaTa-COV19's; BERT-base",
    )


def _open_languidemedseg(checkout: Path) -> Network:
    """Open LanGuideMedSeg."""
    from parity import make_languidemedseg_reference as parity

    text = _cxr_bert(checkout)
    model = parity.build(checkout, parity.FORMS["full"], text)
    return _reads_cxr_bert(model, parity.NUM_WORDS, "ConvNeXt-Tiny, CXR-BERT")


def _open_mmiunet(checkout: Path) -> Network:
    """Open MMI-UNet."""
    import transformers
    from parity import make_mmiunet_reference as parity

    text = _cxr_bert(checkout)
    transformers.AutoModel.from_pretrained = lambda *_, **__: text
    model = parity.build(checkout, parity.FORMS["full"], None)
    return _reads_cxr_bert(model, parity.NUM_WORDS, "MMIUNet_V2; ConvNeXt-Tiny, CXR-BERT")


def _cxr_bert(checkout: Path) -> "nn.Module":
    """Return CXR-BERT, random, from the checkout's copy of its code."""
    package = ModuleType("cxr_bert")
    package.__path__ = [str(checkout / CXR_BERT)]
    sys.modules["cxr_bert"] = package  # its folder's name is none that Python imports
    from cxr_bert import configuration_cxrbert, modeling_cxrbert

    modeling_cxrbert.CXRBertOutput = dict  # its own, written for transformers 4, is refused by 5
    settings = checkout / CXR_BERT / "config.json"
    config = configuration_cxrbert.CXRBertConfig.from_json_file(settings)
    return modeling_cxrbert.CXRBertModel(config)


def _reads_cxr_bert(model: "nn.Module", num_words: int, settings: str) -> Network:
    """Return a network whose text encoder is its own part."""

    def ask(image: "Tensor", ids: "Tensor", mask: "Tensor") -> "Tensor":
        return model((image, {"input_ids": ids, "attention_mask": mask}))

    return Network(
        module=model,
        text_encoder=model.text_encoder,
        text_method="forward",
        ask=ask,
        num_words=num_words,
        vocabulary=30522,
        is_standardised=True,
        settings=settings,
    )


def _open_lavt(checkout: Path) -> Network:
    """Open LAVT, with the windows that its Swin has for pictures of 224 x 224."""
    from parity import make_lavt_reference as parity
    from torch import nn

    model = parity.build(checkout, replace(parity.FORMS["full"], window_size=7))
    with parity.imports_from(checkout):
        from bert.configuration_bert import BertConfig
        from bert.modeling_bert import BertModel

        bert = BertModel(BertConfig())
    bert.pooler = None  # as in its training script

    def ask(image: "Tensor", ids: "Tensor", mask: "Tensor") -> "Tensor":
        words = bert(ids, attention_mask=mask)[0]
        return model(image, words.transpose(1, 2), mask[..., None])

    return Network(
        module=nn.ModuleList([model, bert]),
        text_encoder=bert,
        text_method="forward",
        ask=ask,
        num_words=20,
        vocabulary=30522,
        is_standardised=True,
        settings="Swin-Base, windows of 7; BERT-base",
    )


METHODS = (
    Method(
        name="RecLMIS",
        source="github.com/ShawnHuang497/RecLMIS",
        files=("nets/RecLMIS.py", "nets/module_clip.py", "Config_covid19.py"),
        says="",
        open=_open_reclmis,
    ),
    Method(
        name="LViT",
        source="github.com/HUANGLIZI/LViT",
        files=("nets/LViT.py", "nets/Vit.py", "Config.py"),
        says="",
        open=_open_lvit,
    ),
    Method(
        name="MMI-UNet",
        source="github.com/nguyenpbui/MMI-UNet",
        files=("utils/model.py", "utils/layers.py"),
        says="class MMIUNet_V2",
        open=_open_mmiunet,
    ),
    Method(
        name="LanGuideMedSeg",
        source="github.com/Junelin2333/LanGuideMedSeg-MICCAI2023",
        files=("utils/model.py", "utils/layers.py"),
        says="class LanGuideMedSeg",
        open=_open_languidemedseg,
    ),
    Method(
        name="LAVT",
        source="github.com/yz93/LAVT-RIS",
        files=("lib/backbone.py", "lib/mask_predictor.py", "bert/modeling_bert.py"),
        says="",
        open=_open_lavt,
    ),
)
"""Asked in this order: MMI-UNet's checkout holds LanGuideMedSeg's class, too."""
VARIANTS: dict[str, tuple[str, Callable[[Path], Network]]] = {
    "RecLMIS": ("RecLMIS, as evaluated", _open_reclmis_as_it_is)
}
"""Methods that are measured in a second form, with the name of that form."""
