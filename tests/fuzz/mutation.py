"""Ways to spoil a file: every change comes from the generator that is handed in."""

import gzip
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO
from random import Random
from typing import TypeAlias

import onnx

Change: TypeAlias = Callable[[bytearray, Random], bytearray]

MAX_BYTES = 1 << 17
"""Longer results are cut: what large files do is tested by name."""
_HEADER = 1024
_IN_HEADER = 0.6
"""Share of changes that go into the first bytes, where lengths and sizes stand."""
_MAX_CHANGES = 4
_NUMBERS = (
    0, 1, 2, 3, 7, 8, 16, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000,
    0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF,
)  # fmt: skip
_WORDS = (
    b"", b"0", b"-1", b"1", b"NaN", b"inf", b"1e999", b"99999999999999999999", b"\\", b"\0",
    b"null", b"[]", b"{}", b'"', b"\xff\xfe", b"\r\n", b"../../x", b"1.2.840.10008.1.2.4.50",
    b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.5", b"MONOCHROME1", b"YBR_FULL_422",
)  # fmt: skip

_NAMES = (
    "../x",
    "/x",
    "a/../../x",
    "C:\\x",
    "x" * 300,
    "\x1b[31m",
    "a.zip",
    "DICOMDIR",
    ".x",
    "a/",
)
_KINDS = (0, 0o120777, 0o040755, 0o010644, 0o020644, 0o100000)
"""Links, folders, pipes and devices among them."""


def mutate(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """Return `data` with one to four changes; `others` are files to splice it with."""
    if data.startswith(b"\x1f\x8b") and rng.random() < 0.7:
        return gzip.compress(mutate(gzip.decompress(data), others, rng), 1, mtime=0)
    if data.startswith(b"PK") and rng.random() < 0.6:
        return _zipped_anew(data, rng)
    is_text = b"\0" not in data
    spoiled = bytearray(data)
    for _ in range(rng.randint(1, _MAX_CHANGES)):
        if rng.random() < 0.08:
            spoiled = _spliced(spoiled, rng.choice(others), rng)
        else:
            spoiled = rng.choice(_CHANGES)(spoiled, rng)
    del spoiled[MAX_BYTES:]
    if is_text and rng.random() < 0.7:  # most of it would end at the first byte that is no UTF-8
        return spoiled.decode("utf-8", "ignore").encode()
    if spoiled.startswith(b"\x89PNG") and rng.random() < 0.7:
        spoiled = with_right_checksums(spoiled)
    return bytes(spoiled)


def _zipped_anew(data: bytes, rng: Random) -> bytes:
    """Return an archive that is sound, but for the names, kinds and contents of some members."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for member in old.infolist():
            content = old.read(member)
            spoiled = zipfile.ZipInfo(member.filename, member.date_time)
            spoiled.external_attr = member.external_attr
            if rng.random() < 0.4:
                content = mutate(content, [content], rng)
            if rng.random() < 0.1 and (name := rng.choice(_NAMES)) not in new.namelist():
                spoiled.filename = name
            if rng.random() < 0.1:
                spoiled.external_attr = rng.choice(_KINDS) << 16
            packing = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
            new.writestr(spoiled, content, packing)
        new.comment = old.comment
    return buffer.getvalue()


def mutate_graph(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """Return an ONNX graph that can be parsed but says something else, or bytes that cannot.

    It asks for nothing that is large: a graph may be as slow as its maker likes.
    """
    if rng.random() < 0.3:
        return mutate(data, others, rng)
    model = onnx.load_from_string(data)
    for _ in range(rng.randint(1, 3)):
        rng.choice(_GRAPH_CHANGES)(model.graph, rng)
    if rng.random() < 0.1:
        model.opset_import[0].version = rng.choice((0, 1, 7, 19, 21, 99, 2**31))
    return model.SerializeToString()


def _rewire(graph: onnx.GraphProto, rng: Random) -> None:
    names = [name for node in graph.node for name in (*node.input, *node.output)]
    node = rng.choice(graph.node) if graph.node else None
    if node is not None and node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice((*names, "", "nowhere"))


def _change_operator(graph: onnx.GraphProto, rng: Random) -> None:
    if graph.node:
        kinds = sorted({node.op_type for node in graph.node})
        rng.choice(graph.node).op_type = rng.choice((*kinds, "Reshape", "Gather", "None"))


def _drop_or_repeat_node(graph: onnx.GraphProto, rng: Random) -> None:
    if graph.node and rng.random() < 0.5:
        del graph.node[rng.randrange(len(graph.node))]
    elif graph.node:
        graph.node.add().CopyFrom(rng.choice(graph.node))


def _change_weights(graph: onnx.GraphProto, rng: Random) -> None:
    if not graph.initializer:
        return
    weights, what = rng.choice(graph.initializer), rng.random()
    if what < 0.3 and weights.dims:
        weights.dims[rng.randrange(len(weights.dims))] = rng.choice((-1, 0, 1, 7, 2**31, 2**62))
    elif what < 0.6:
        weights.data_type = rng.randrange(25)
    else:
        weights.raw_data = mutate(weights.raw_data or b"0", [weights.raw_data], rng)


def _change_shape(graph: onnx.GraphProto, rng: Random) -> None:
    given = rng.choice((*graph.input, *graph.output)).type.tensor_type
    if given.shape.dim and rng.random() < 0.7:
        rng.choice(given.shape.dim).dim_value = rng.choice((-1, 0, 1, 7, 99))
    else:
        given.elem_type = rng.randrange(25)


def _change_attribute(graph: onnx.GraphProto, rng: Random) -> None:
    # ONNX Runtime 1.31 ends the process on a Split that says another number than it has outputs.
    found = [one for node in graph.node for one in node.attribute if one.name != "num_outputs"]
    if found:
        rng.choice(found).i = rng.choice((-9, -1, 0, 1, 5, 99))


_GRAPH_CHANGES = (
    _rewire, _change_operator, _drop_or_repeat_node, _change_weights, _change_weights,
    _change_shape, _change_attribute,
)  # fmt: skip


def with_right_checksums(png: bytearray) -> bytearray:
    """Return a PNG whose chunks have the checksum of what they hold: it is looked at first."""
    place = 8
    while place + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, place)
        end = place + 8 + length
        if end + 4 > len(png):
            break
        struct.pack_into(">I", png, end, zlib.crc32(png[place + 4 : end]))
        place = end + 4
    return png


def _place(data: bytearray, rng: Random) -> int:
    """Return where a change goes, more often near the beginning than not."""
    if not data:
        return 0
    last = min(len(data), _HEADER) if rng.random() < _IN_HEADER else len(data)
    return rng.randrange(last)


def _flip_bits(data: bytearray, rng: Random) -> bytearray:
    for _ in range(rng.choice((1, 1, 2, 8, 32)) if data else 0):
        data[_place(data, rng)] ^= 1 << rng.randrange(8)
    return data


def _set_bytes(data: bytearray, rng: Random) -> bytearray:
    for _ in range(rng.choice((1, 2, 16)) if data else 0):
        data[_place(data, rng)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return data


def _cut_short(data: bytearray, rng: Random) -> bytearray:
    return data[: rng.randrange(len(data) + 1)]


def _write_number(data: bytearray, rng: Random) -> bytearray:
    """Change what may be a length, a count or an offset, in either byte order."""
    size, order = rng.choice((1, 2, 4, 8)), rng.choice(("little", "big"))
    place = _place(data, rng)
    old = int.from_bytes(data[place : place + size], order)
    new = rng.choice((*_NUMBERS, old + 1, old - 1, old * 2, rng.getrandbits(8 * size)))
    data[place : place + size] = (new % (1 << 8 * size)).to_bytes(size, order)
    return data


def _take_out(data: bytearray, rng: Random) -> bytearray:
    start = _place(data, rng)
    del data[start : start + rng.choice((1, 2, 4, 8, 64, 512))]
    return data


def _put_in(data: bytearray, rng: Random) -> bytearray:
    start = _place(data, rng)
    data[start:start] = rng.randbytes(rng.choice((1, 2, 4, 8, 64)))
    return data


def _repeat(data: bytearray, rng: Random) -> bytearray:
    start = _place(data, rng)
    piece = data[start : start + rng.choice((4, 16, 128, 1024))]
    data[start:start] = piece * rng.choice((1, 2, 20))
    return data


def _move(data: bytearray, rng: Random) -> bytearray:
    start, length = _place(data, rng), rng.choice((2, 8, 64))
    piece = data[start : start + length]
    del data[start : start + length]
    place = _place(data, rng)
    data[place:place] = piece
    return data


def _blank(data: bytearray, rng: Random) -> bytearray:
    start = _place(data, rng)
    length = min(rng.choice((4, 32, 256)), len(data) - start)
    data[start : start + length] = rng.choice((b"\0", b"\xff", b" ")) * length
    return data


def _write_word(data: bytearray, rng: Random) -> bytearray:
    """Write a word that some format knows, over what is there or in between."""
    start, word = _place(data, rng), rng.choice(_WORDS)
    data[start : start + (len(word) if rng.random() < 0.7 else 0)] = word
    return data


def _change_digits(data: bytearray, rng: Random) -> bytearray:
    """Change one of the numbers that stand there as text."""
    found = list(re.finditer(rb"-?[0-9][0-9.]*", data))
    if found:
        start, end = rng.choice(found).span()
        new = rng.choice((*_WORDS, str(rng.choice(_NUMBERS)).encode(), str(rng.random()).encode()))
        is_same_length = rng.random() < 0.7
        data[start:end] = new.ljust(end - start)[: end - start] if is_same_length else new
    return data


def _spliced(data: bytearray, other: bytes, rng: Random) -> bytearray:
    """Return the beginning of one file with the end of another."""
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


_CHANGES: tuple[Change, ...] = (
    _flip_bits, _flip_bits, _set_bytes, _cut_short, _write_number, _write_number, _write_number,
    _take_out, _put_in, _repeat, _move, _blank, _write_word, _change_digits,
)  # fmt: skip
