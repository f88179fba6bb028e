"""The words of clinical picture description that a small text encoder knows whole."""


def _without_repeats(*themes: str) -> tuple[str, ...]:
    """Return the words of all themes in their order, each where it comes first."""
    return tuple(dict.fromkeys(" ".join(themes).split()))


_FUNCTION = """
a all also an and any are around as at away be behind beside between both but by contains does
each every except few for from has have here in inside into is it its just many more most near next
of on one only or other others outlined outside over shown shows show some than that the their them
there these this those through to toward under visible was were where which while whole with within
whatever segment find mark outline select delineate everything anything nothing else please picked
pick
"""
_NEGATION = "no not none without absent absence negative never neither nor free clear normal"
_PLACE = """
left right upper lower top bottom middle mid center centre central above below superior inferior
lateral medial anterior posterior apical basal proximal distal cranial caudal ventral dorsal
bilateral unilateral peripheral side sided part parts half third thirds quarter quadrant corner edge
border area areas region regions zone zones field fields located lying lies situated position
horizontal vertical axial sagittal coronal axis view plane leftmost rightmost topmost bottommost
"""
_NUMBER = """
two three four five six seven eight nine ten single multiple several pair double couple number
"""
_SIZE = """
small smaller smallest large larger largest medium big bigger biggest tiny little huge size sized
wide narrow thin thick long short tall mm cm millimetre diameter circumference extensive
"""
_SHAPE = """
round rounded circle circular oval ovoid ellipse elliptical square rectangle rectangular triangle
triangular star diamond heart kidney donut ring irregular elongated flat pedunculated sessile
semicircle spiculated lobulated smooth shape shaped shadow fingerprint thumb mouth bone ear
well ill defined margin margins contour spot
"""
_COLOUR = """
white black brown tan pink red orange yellow peach blue grey gray pale colour colored coloured
pigmented
"""
_BRIGHTNESS = """
dark darker darkest bright brighter brightest light dim faint dense denser density low high higher
intensity signal hypoechoic hyperechoic anechoic echogenic hypointense hyperintense opaque
lucent attenuation echo contrast texture homogeneous heterogeneous weighted
"""
_FINDING = """
tumor tumors tumour tumours lesion lesions mass masses nodule nodules cyst cysts polyp polyps nevus
nevi melanoma mole moles spot spots seborrheic keratosis opacity opacities consolidation ground
glass infection infected pulmonary covid pneumonia effusion pleural pneumothorax finding findings
abnormality benign malignant cancer blob blobs object objects structure structures patch growth node
nodes nuclei nucleus cell cells distributed evenly sparsely irregularly consolidations growths
"""
_ORGAN = """
lung lungs heart cardiac cardiomediastinum mediastinum ventricle ventricular atrium myocardium
cavity muscle wall liver spleen kidneys hippocampus head body tail brain breast skin colon bowel
fetal fetus skull airways trachea diaphragm rib ribs abdomen abdominal organ organs tissue vessel
"""
_DEVICE = "tube tubings nasogastric endotracheal venous line monitoring probes catheter"
_MODALITY = """
image picture ultrasound sonogram dermoscopic dermoscopy photograph colonoscopy endoscopic
endoscopy histology chest x ray radiograph film mri mr ct scan slice frame phantom
"""

WORDS: tuple[str, ...] = _without_repeats(
    _FUNCTION,
    _NEGATION,
    _PLACE,
    _NUMBER,
    _SIZE,
    _SHAPE,
    _COLOUR,
    _BRIGHTNESS,
    _FINDING,
    _ORGAN,
    _DEVICE,
    _MODALITY,
)
"""Lower-case words without hyphens or digits, sorted by theme, each once. A tokenizer built from
them also needs letters, digits and punctuation marks, so that nothing is out of its vocabulary."""
