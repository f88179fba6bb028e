import torch
from torch.nn.functional import pad

from lingseg.nn.word_convolution import WordConvolution, WordConvolutionNormReLU


def words_and_mask():
    words = torch.rand(2, 4, 6, generator=torch.Generator().manual_seed(0))
    return words, torch.tensor([[True] * 4, [True, True, False, False]])


def test_sums_a_word_and_its_neighbours():
    convolution = WordConvolution(1, 1)
    convolution.convolution.weight.data.copy_(torch.tensor([[[100.0, 10.0, 1.0]]]))
    convolution.convolution.bias.data.zero_()
    words = torch.tensor([[[1.0], [2.0], [3.0]]])
    heard = convolution(words, torch.ones(1, 3, dtype=torch.bool))
    assert heard.flatten().tolist() == [12, 123, 230]


def test_what_stands_in_the_padding_changes_nothing():
    torch.manual_seed(0)
    words, word_mask = words_and_mask()
    scribbled = words.masked_fill(~word_mask[..., None], torch.nan)
    for block in (WordConvolution(6, 5), WordConvolutionNormReLU(6)):
        torch.testing.assert_close(block(scribbled, word_mask), block(words, word_mask))


def test_how_much_padding_there_is_changes_nothing_in_training_either():
    torch.manual_seed(0)
    words, word_mask = words_and_mask()
    longer = pad(words, (0, 0, 0, 3), value=7.0), pad(word_mask, (0, 3))
    for block in (WordConvolution(6, 5), WordConvolutionNormReLU(6)):
        torch.testing.assert_close(block(*longer)[:, :4], block(words, word_mask))


def test_real_words_are_normed_together():
    torch.manual_seed(0)
    block = WordConvolutionNormReLU(6)
    words, word_mask = words_and_mask()
    refined = block(words, word_mask)
    real = block.convolution(words, word_mask)[word_mask]
    expected = ((real - real.mean(0)) / (real.var(0, correction=0) + 1e-5).sqrt()).relu()
    torch.testing.assert_close(refined[word_mask], expected)
    assert (refined[~word_mask] == 0).all()


def test_one_word_alone_is_not_divided_by_its_own_variance():
    block = WordConvolutionNormReLU(6)
    refined = block(torch.rand(1, 1, 6), torch.ones(1, 1, dtype=torch.bool))
    refined.sum().backward()
    assert refined.isfinite().all()
    assert all(weight.grad is not None for weight in block.parameters())
