import re

from lingseg.language import WORDS

REAL_SENTENCES = """
One small circle-shaped benign tumor at the top right in the breast ultrasound image.
No tumor in the breast ultrasound image.
one medium-sized oval seborrheic keratosis, located in the centre of the dermoscopic image
one small brown middle of ear polyp, located in bottom left of the image
the large fetal head in the upper part of the ultrasound image, head circumference mm
bilateral pulmonary infection, two infected areas, all left lung and middle lower right lung.
The nuclei are sparsely distributed. The nuclei density in the lower is high.
the muscle wall (myocardium) of the left ventricle in the short-axis cardiac MRI
the posterior part (body and tail) of the hippocampus in the sagittal brain MRI
the nasogastric tube in the centre of the chest X-ray; the cardiomediastinum
bilateral ground glass opacities, three areas; pleural effusion, pneumothorax, consolidation
the spleen, the liver and the left kidney in the axial weighted abdominal MRI
"""


def test_no_word_comes_twice():
    assert len(set(WORDS)) == len(WORDS)


def test_words_are_lower_case_letters_only():
    assert [word for word in WORDS if not re.fullmatch("[a-z]+", word)] == []


def test_there_are_a_few_hundred_words():
    assert 300 <= len(WORDS) <= 450


def test_words_of_real_sentences_are_known():
    assert set(re.findall("[a-z]+", REAL_SENTENCES.lower())) - set(WORDS) == set()
