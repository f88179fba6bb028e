from pathlib import Path

import numpy as np
import pytest
from fake_bundle import write_fake_bundle
from PIL import Image as PillowImage

from lingseg.cli.main import run
from lingseg.imaging import read_image, read_mask
from lingseg.prediction import demo as demonstration
from lingseg.prediction import predictor


@pytest.fixture
def shipped(tmp_path, monkeypatch) -> Path:
    """A package with a model and two pictures, the first with its reference."""
    folder = tmp_path / "bundles"
    write_fake_bundle(folder / "default.lingseg")
    pictures = folder / "demo"
    pictures.mkdir()
    pixels = np.full((40, 70), 20, np.uint8)
    pixels[10:30, 5:30] = 240
    PillowImage.fromarray(pixels).save(pictures / "light.png")
    upper_half = np.zeros((40, 70), np.uint8)
    upper_half[10:20, 5:30] = 255
    PillowImage.fromarray(upper_half).save(pictures / "light-mask.png")
    PillowImage.fromarray(pixels.T).save(pictures / "tall.png")
    (pictures / "demo.csv").write_text(
        "image,text,mask\nlight.png,the left light,light-mask.png\ntall.png,nothing,\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(predictor, "SHIPPED", folder)
    monkeypatch.setattr(demonstration, "PICTURES", pictures)
    monkeypatch.chdir(tmp_path)
    return folder


def test_the_demo_writes_masks_overlays_and_a_contact_sheet(shipped, capsys):
    assert shipped.is_dir()
    assert run(["demo", "--out", "here"]) == 0
    assert sorted(path.name for path in Path("here").iterdir()) == [
        "01-light--the-left-light.json",
        "01-light--the-left-light.overlay.png",
        "01-light--the-left-light.png",
        "02-tall--nothing.json",
        "02-tall--nothing.overlay.png",
        "02-tall--nothing.png",
        "contact-sheet.png",
    ]
    assert read_mask(Path("here/01-light--the-left-light.png")).pixels.any()
    assert not read_mask(Path("here/02-tall--nothing.png")).pixels.any()
    assert read_image(Path("here/contact-sheet.png")).size[0] > 500
    shown = capsys.readouterr().out
    assert "Research use only; not a medical device." in shown
    assert "light.png" in shown


def test_the_demo_tells_dice_where_the_reference_is_known(shipped):
    model = predictor.load()
    light, tall = demonstration.run_demo(model, shipped / "demo")
    assert light.dice == pytest.approx(2 / 3, abs=0.03)  # all of the light, of which half is meant
    assert f"Dice {light.dice:.3f}" in light.remark
    assert light.remark.startswith("found, confidence ")
    assert tall.dice is None
    assert tall.remark.startswith("not found, confidence 1.00, ")


def test_a_package_without_pictures_says_so(shipped, capsys):
    (shipped / "demo" / "demo.csv").unlink()
    assert run(["demo"]) == 2
    assert "The demo's pictures are not at" in capsys.readouterr().err
    assert not Path("lingseg-demo").exists()
