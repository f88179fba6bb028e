import pytest

from lingseg.language.unplaced import without_place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the polyp at the upper left", "the polyp"),
        ("one small polyp, located in right, bottom of the image", "one small polyp"),
        ("the left kidney in the axial MRI", "the kidney in the axial MRI"),
        ("the lesion in the lower left corner of the picture", "the lesion"),
        ("Infection in the left lung.", "Infection in the lung."),
        ("two lesions at the left and the right", "two lesions"),
        ("the left ventricle", "the left ventricle"),
        ("infection in the left upper lobe", "infection in the upper lobe"),
        ("the whole hippocampus", "the whole hippocampus"),
        ("at the left", ""),
        ("", ""),
    ],
)
def test_a_sentence_keeps_what_it_names_and_loses_where(text, expected):
    assert without_place(text) == expected
