"""A training run made into a bundle, and proved to agree with it."""

import numpy as np
import pytest
import torch
from models.small import SMALL, TEXTS, batch

from lingseg.datasets.folder import read_folder
from lingseg.export import agreement, bundling
from lingseg.export.bundling import Disagreement, Evidence, add_findings, export_run
from lingseg.export.card import flatten_scores, shorten_audit
from lingseg.export.graphs import export_graphs
from lingseg.imaging.image import Image
from lingseg.imaging.reading import read_image
from lingseg.models import EncodesImageFirst, build_model
from lingseg.prediction import load
from lingseg.prediction.bundle import read_bundle
from lingseg.prediction.graphs import Graphs
from lingseg.training.checkpoint import read_summary
from lingseg.training.run_predictor import RunPredictor

pytestmark = pytest.mark.slow  # torch.onnx.export takes seconds for the smallest graph


@pytest.mark.parametrize("config", SMALL, ids=lambda config: config.__name__)
def test_every_model_exports_and_agrees_to_a_ten_thousandth(config):
    torch.manual_seed(0)
    model = build_model(SMALL[config])
    model.train()
    inputs = batch(model, texts=TEXTS[:1] * 2)
    with torch.no_grad():
        model(**inputs)
    model.eval()
    files = export_graphs(model, (64, 48))
    assert ("image.onnx" in files) == isinstance(model, EncodesImageFirst)
    graphs = Graphs(files, size=(64, 48), threads=1)
    for text in (*TEXTS, "left", ""):
        token_ids, word_mask = model.text_encoder.tokenize([text])
        image = batch(model)["image"][:1]
        with torch.no_grad():
            expected = model(image, model.text_encoder(token_ids, word_mask), word_mask)
        words = graphs.encode_words(token_ids.numpy(), word_mask.numpy())
        found, _ = graphs.segment(graphs.encode_image(image.numpy()), words, word_mask.numpy())
        np.testing.assert_allclose(found, expected.mask_logits[0, 0], atol=1e-4, rtol=1e-4)


@pytest.fixture(scope="module")
def cases(run):
    return read_folder(run.parent / "data").split("val")


def of_set(cases):
    return Evidence(validation={"blocks": cases})


@pytest.fixture(scope="module")
def bundle(run, cases):
    out = run.parent / "blocks.lingseg"
    export_run(run, out, of_set(cases), licence="CC0-1.0")
    return out


def test_a_bundle_predicts_what_its_run_predicts(run, cases, bundle):
    model, predictor = load(bundle), RunPredictor(run)
    for case in cases:
        image = read_image(case.image)
        expected = predictor.probabilities(case, image)
        found = model.segment(image, case.text).probabilities
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_bundle_says_where_it_comes_from(bundle):
    manifest = load(bundle).manifest
    assert manifest.name == "blocks"
    assert manifest.method == "Tiny"
    assert manifest.licence == "CC0-1.0"
    assert manifest.side == "image"
    assert manifest.provenance["seed"] == 0
    assert (manifest.height, manifest.width) == (32, 40)


@pytest.mark.parametrize(
    ("sure_from", "told"),
    [(0.75, " Below one of 0.75 what is drawn is said to be unsure."), (0.25, ""), (None, "")],
)
def test_a_bundle_and_its_card_carry_what_is_sure(run, cases, monkeypatch, sure_from, told):
    found = {"presence_threshold": 0.25, "presence_sure_from": sure_from}
    monkeypatch.setattr(bundling, "read_summary", lambda run: read_summary(run) | found)
    made = export_run(run, run.parent / "sure.lingseg", of_set(cases), licence="CC0-1.0")
    assert made.manifest.presence_sure_from == sure_from
    card = " ".join(bytes(made.files["card.md"]).decode().split())
    assert f"Below a presence of 0.25 nothing is drawn.{told} ## Trained on" in card


def test_a_run_from_before_there_was_unsure_exports(run, cases, monkeypatch):
    older = {k: v for k, v in read_summary(run).items() if k != "presence_sure_from"}
    monkeypatch.setattr(bundling, "read_summary", lambda _: older)
    made = export_run(run, run.parent / "older.lingseg", of_set(cases), licence="CC0-1.0")
    assert made.manifest.presence_sure_from is None


def test_scores_are_added_to_a_bundle_that_stays_the_same_model(bundle, cases):
    report = {
        "dataset": "blocks", "split": "test", "text": "right",
        "predictors": [
            {"name": "blocks", "threshold": 0.5, "empty": "count", "overall": {
                "num_images": 2, "num_subjects": 2,
                "dice_per_image": {"value": 0.5, "low": 0.25, "high": 0.75},
            }}
        ],
    }  # fmt: skip
    out = bundle.parent / "scored.lingseg"
    scored = add_findings(bundle, out, scores=list(flatten_scores(report)))
    card = bytes(scored.files["card.md"]).decode()
    assert "| blocks | test | blocks | right | 2 | 2 | 50.0 [25.0, 75.0] |" in card
    assert "Not scored yet" in bytes(read_bundle(bundle).files["card.md"]).decode()
    image, text = read_image(cases[0].image), cases[0].text
    found, expected = (load(path).segment(image, text).probabilities for path in (out, bundle))
    assert np.array_equal(found, expected)


def test_audits_are_added_and_what_they_missed_is_a_known_failure(bundle):
    def report(name, traits):
        row = {"number": 2, "title": "Ablations", "verdict": "no", "sentence": f"Of {name}.",
               "figures": [], "traits": traits}  # fmt: skip
        return {"dataset": name, "split": "test", "num_cases": 4, "num_subjects": 2, "seed": 0,
                "traits": traits, "rows": [row]}  # fmt: skip

    found = [report("blocks", {"side": "no", "count": "yes"}), report("spots", {"size": "unclear"})]
    out = bundle.parent / "audited.lingseg"
    add_findings(bundle, out, audits=list(map(shorten_audit, found)))
    add_findings(out, out, scores=[])  # which leaves the audits as they are
    card = bytes(read_bundle(out).files["card.md"]).decode()
    assert "|  | side | count | size |" in card
    assert "| blocks, test | no | yes | - |\n| spots, test | - | - | unclear |" in card
    assert "### blocks, test: 4 cases of 2 subjects" in card
    assert "| Ablations | no | Of spots. |" in card
    assert "- On blocks it does not heed: side.\n- It draws one mask" in card
    before = bytes(read_bundle(bundle).files["card.md"]).decode()
    assert "Not audited yet" in before
    assert "does not heed" not in before


def test_a_run_and_a_bundle_that_differ_are_not_written(run, cases, monkeypatch):
    def spoilt(model, size):
        for weight in model.mask_head.parameters():
            weight.data += 0.1
        files = export_graphs(model, size)
        for weight in model.mask_head.parameters():
            weight.data -= 0.1
        return files

    monkeypatch.setattr(bundling, "export_graphs", spoilt)
    out = run.parent / "spoilt.lingseg"
    with pytest.raises(Disagreement, match="nothing was written"):
        export_run(run, out, of_set(cases), licence="CC0-1.0")
    assert not out.exists()


def test_a_difference_that_is_no_number_is_a_difference(run, cases, monkeypatch):
    monkeypatch.setattr(bundling, "largest_difference", lambda *_: float("nan"))
    with pytest.raises(Disagreement):
        export_run(run, run.parent / "nan.lingseg", of_set(cases), licence="CC0-1.0")


def test_a_bundle_must_be_called_one(run, cases):
    with pytest.raises(ValueError, match=r"ends in \.lingseg"):
        export_run(run, run.parent / "blocks.zip", of_set(cases), licence="CC0-1.0")


def test_without_a_picture_there_is_no_proof(run):
    with pytest.raises(ValueError, match="no picture"):
        export_run(run, run.parent / "unproved.lingseg", of_set([]), licence="CC0-1.0")


def test_the_allowed_difference_is_a_thousandth():
    assert agreement.MAX_DIFFERENCE == 1e-3


def test_a_run_predicts_at_the_pictures_own_size(run, cases):
    image = Image(pixels=np.zeros((50, 21), dtype=np.uint8))
    assert RunPredictor(run).probabilities(cases[0], image).shape == (50, 21)
