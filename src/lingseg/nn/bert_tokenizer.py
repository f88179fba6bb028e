"""BERT's tokenizer, from tokenizer.json or, where a folder has none, from its list of pieces."""

from pathlib import Path
from string import ascii_uppercase
from typing import Any

from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from lingseg.nn.pretrained import MismatchedWeights, MissingWeights
from lingseg.nn.text_weights import read_settings, read_tokenizer

_START, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_SPECIAL = ("[PAD]", _UNKNOWN, _START, _END, "[MASK]")


def read_bert_tokenizer(folder: Path) -> Tokenizer:
    """Return the tokenizer of a BERT's folder.

    Raises:
        MissingWeights: There is neither tokenizer.json nor vocab.txt.
        MismatchedWeights: It cannot be read, or the folder does not tell how it treats capitals.
    """
    if (folder / "tokenizer.json").is_file():
        return read_tokenizer(folder / "tokenizer.json")
    if not (folder / "vocab.txt").is_file():
        raise MissingWeights(
            f"No tokenizer.json and no vocab.txt in {str(folder)!r}; one of them was expected "
            f"beside config.json. Put it there."
        )
    pieces = _read_pieces(folder / "vocab.txt")
    path = folder / "tokenizer_config.json"
    settings = read_settings(path) if path.is_file() else {}
    return build_bert_tokenizer(
        pieces,
        is_lowercase=_is_lowercase(pieces, settings, folder),
        strip_accents=settings.get("strip_accents"),
        split_chinese=settings.get("tokenize_chinese_chars", True),
    )


def build_bert_tokenizer(
    pieces: dict[str, int],
    *,
    is_lowercase: bool,
    strip_accents: bool | None = None,
    split_chinese: bool = True,
) -> Tokenizer:
    """Return BERT's tokenizer of word pieces.

    Args:
        pieces: The number of each piece; those inside a word start with "##".
        is_lowercase: Whether capitals are made small.
        strip_accents: Whether accents are taken off; None: where capitals are made small.
        split_chinese: Whether each Chinese character is a word.
    """
    tokenizer = Tokenizer(WordPiece(pieces, unk_token=_UNKNOWN, max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=split_chinese,
        strip_accents=strip_accents,
        lowercase=is_lowercase,
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(
        (_END, pieces[_END]), (_START, pieces[_START])
    )
    tokenizer.add_special_tokens([token for token in _SPECIAL if token in pieces])
    return tokenizer


def _read_pieces(path: Path) -> dict[str, int]:
    """Return the number of each piece: that of its line, from 0.

    Raises:
        MismatchedWeights: It is no list of BERT's pieces.
    """
    try:
        with path.open(encoding="utf-8") as file:
            pieces = {line.rstrip("\n"): number for number, line in enumerate(file)}
    except UnicodeDecodeError as error:
        raise MismatchedWeights(f"{path} is not UTF-8 text ({error}); fetch it anew.") from error
    missing = [token for token in (_UNKNOWN, _START, _END) if token not in pieces]
    if missing:
        raise MismatchedWeights(
            f"{path} has no line {' and no line '.join(missing)}; a BERT's list of pieces was "
            f"expected. Fetch the file that belongs to the weights."
        )
    return pieces


def _is_lowercase(pieces: dict[str, int], settings: dict[str, Any], folder: Path) -> bool:
    """Return whether capitals are made small.

    Bio_ClinicalBERT and BioBERT are cased but long did not say so, and were read in lower case.

    Raises:
        MismatchedWeights: The pieces have capitals and the folder does not say what to do.
    """
    told = settings.get("do_lower_case")
    if isinstance(told, bool):
        return told
    if any(set(piece) & set(ascii_uppercase) for piece in pieces if piece not in _SPECIAL):
        raise MismatchedWeights(
            f"vocab.txt in {str(folder)!r} has capitals, and no tokenizer_config.json says whether "
            f'texts keep theirs. Write {{"do_lower_case": false}} into tokenizer_config.json there '
            f"for a cased model, true for one that was used in lower case."
        )
    return True
