import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingseg.prediction import Shard
from lingseg.prediction.shard import place_of


@given(st.text(), st.integers(1, 20))
def test_a_picture_belongs_to_one_shard_whatever_their_number(name, num_shards):
    shards = [Shard(number=number, num_shards=num_shards) for number in range(1, num_shards + 1)]
    assert sum(shard.has(place_of(name)) for shard in shards) == 1


def test_a_place_is_the_same_on_every_machine_and_in_every_version():
    assert place_of("scans/a.png") == 22864324567772312
    assert 0 <= place_of("") < 2**56


def test_shards_are_about_equal():
    in_first = sum(Shard.parse("1/4").has(place_of(f"{number}.png")) for number in range(4000))
    assert 900 < in_first < 1100


def test_a_shard_is_read_as_it_is_shown():
    assert str(Shard.parse(" 2/8 ")) == "2/8"
    assert Shard.parse("2/8") == Shard(number=2, num_shards=8)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "2", "a/b", "-1/4", "1/4/2", "1.0/4", ""])
def test_what_is_no_shard_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="expected i/n"):
        Shard.parse(text)
