import pytest

from lingseg.prediction.formats.coded_terms import code_of


@pytest.mark.parametrize(
    ("text", "meaning", "category"),
    [
        ("the liver", "Liver", "Anatomical Structure"),
        ("The LEFT kidney", "Kidney", "Anatomical Structure"),
        ("a nodule in the left lung", "Nodule", "Morphologically Abnormal Structure"),
        ("the gallbladder", "Gallbladder", "Anatomical Structure"),
        ("two tumours", "Neoplasm", "Morphologically Abnormal Structure"),
        ("liver and spleen", "Tissue", "Tissue"),
        ("the bright thing", "Tissue", "Tissue"),
        ("delivery", "Tissue", "Tissue"),
    ],
)
def test_a_sentence_has_the_code_of_what_it_names(text, meaning, category):
    code = code_of(text)
    assert (code.type.meaning, code.category.meaning) == (meaning, category)


def test_every_code_is_one_that_pydicom_knows_by_its_value():
    from pydicom.sr._snomed_dict import mapping

    from lingseg.prediction.formats import coded_terms

    known = {
        code
        for names in mapping["SCT"].values()
        for code in ([names] if isinstance(names, str) else names)
    }
    values = [
        value for value, _ in [*coded_terms._FINDINGS.values(), *coded_terms._STRUCTURES.values()]
    ]
    assert set(values) <= known | set(mapping["SCT"])
