import hashlib
import json
import math
from dataclasses import replace

import pytest
from fake_bundle import MANIFEST

from lingseg.prediction.manifest import manifest_as_json, manifest_from_json


def declared() -> dict:
    """Return the fields of a sound manifest."""
    fields = json.loads(manifest_as_json(MANIFEST))
    del fields["seal"]
    return fields


def sealed(fields: dict) -> bytes:
    """Return a manifest with these fields and a seal that is right."""
    data = json.dumps(fields | {"seal": "0" * 64}, indent=2) + "\n"
    return data.replace("0" * 64, hashlib.sha256(data.encode()).hexdigest()).encode()


def test_a_manifest_comes_back_as_written():
    data = manifest_as_json(replace(MANIFEST, files={"card.md": "0" * 64}))
    manifest, digest = manifest_from_json(data)
    assert manifest_as_json(manifest) == data
    assert manifest.provenance == {"seed": 0}
    assert json.loads(data)["seal"] == digest


def test_equal_manifests_have_equal_hashes_and_others_not():
    digests = [
        manifest_from_json(manifest_as_json(manifest))[1]
        for manifest in (MANIFEST, replace(MANIFEST), replace(MANIFEST, threshold=0.4))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_one_changed_byte_anywhere_is_noticed():
    data = manifest_as_json(MANIFEST)
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1
        with pytest.raises(ValueError, match=r"bundle\.json"):
            manifest_from_json(bytes(changed))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../../etc"),
        ("name", ""),
        ("height", 0),
        ("width", 224.0),
        ("width", True),
        ("fit", "crop"),
        ("side", "left"),
        ("threshold", 0),
        ("threshold", 1.5),
        ("threshold", math.nan),
        ("presence_threshold", -1),
        ("presence_sure_from", 1),
        ("presence_sure_from", 0.4),
        ("max_words", 0),
        ("precision", "int4"),
        ("scores", {"dice": 1}),
        ("trained_on", ["busi"]),
        ("licence", None),
        ("files", {"card.md": "no digest"}),
        ("provenance", []),
    ],
)
def test_a_field_that_makes_no_sense_is_named(field, value):
    with pytest.raises(ValueError, match=f"bundle.json has {field}=.*; expected "):
        manifest_from_json(sealed(declared() | {field: value}))


def test_fields_that_are_missing_or_unknown_are_named():
    lacking = declared()
    del lacking["side"]
    with pytest.raises(ValueError, match="lacks the fields side"):
        manifest_from_json(sealed(lacking))
    with pytest.raises(ValueError, match="unknown fields: 'flavour'"):
        manifest_from_json(sealed(declared() | {"flavour": "sweet"}))


def test_a_bundle_from_before_there_was_a_choice_is_in_fp32():
    older = declared() | {"precision": "int8"}
    assert manifest_from_json(sealed(older))[0].precision == "int8"
    del older["precision"]
    assert manifest_from_json(sealed(older))[0].precision == "fp32"


def test_a_bundle_from_before_there_was_unsure_claims_nothing():
    older = declared() | {"presence_sure_from": 0.7}
    assert manifest_from_json(sealed(older))[0].presence_sure_from == 0.7
    del older["presence_sure_from"]
    assert manifest_from_json(sealed(older))[0].presence_sure_from is None


def test_a_manifest_that_makes_no_sense_cannot_be_made():
    with pytest.raises(ValueError, match=r"has threshold=1\.5; expected a number between 0 and 1"):
        replace(MANIFEST, threshold=1.5)


def test_a_newer_format_is_told_apart_from_damage():
    data = manifest_as_json(MANIFEST).replace(b'"schema_version": 1', b'"schema_version": 2')
    with pytest.raises(ValueError, match="Install a newer lingseg"):
        manifest_from_json(data)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"{", b"[" * 100_000, b'{"name": "x"}'])
def test_what_is_no_manifest_gives_one_line(data):
    with pytest.raises(ValueError, match=r"bundle\.json"):
        manifest_from_json(data)


@pytest.mark.parametrize("field", ["name", "licence", "files", "a field that\n\x1bis new" * 50])
def test_long_and_unprintable_values_are_not_quoted_whole(field):
    with pytest.raises(ValueError, match=r"bundle\.json has") as caught:
        manifest_from_json(sealed(declared() | {field: ["\x1b[31m" * 200]}))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300
