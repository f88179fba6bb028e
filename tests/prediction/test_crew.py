"""Several workers, one order."""

import threading
from collections.abc import Iterator

import pytest

from lingseg.prediction.crew import MAX_WORKERS, Crew, in_order


@pytest.mark.parametrize(
    ("pictures", "cores", "workers", "threads"),
    [(0, 2, 1, 2), (1, 2, 1, 2), (2, 2, 2, 1), (300, 2, 3, 1), (3, 16, 3, 5), (9, 64, 8, 8)],
)
def test_each_picture_of_many_gets_a_share_of_the_cores(pictures, cores, workers, threads):
    assert Crew.for_pictures(pictures, cores) == Crew(workers=workers, threads=threads)
    assert workers <= MAX_WORKERS


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_what_is_made_comes_in_the_order_of_the_items(workers):
    turns = [threading.Event() for _ in range(12)]
    turns[-1].set()

    def work(item: int) -> Iterator[str]:
        if workers > 1 and item % 2 == 0:  # the even ones wait for the one behind them
            assert turns[item + 1].wait(5)
        turns[item].set()
        yield from (f"{item} a", f"{item} b")

    expected = [f"{item} {letter}" for item in range(12) for letter in "ab"]
    assert list(in_order(work, range(12), workers=workers)) == expected


def test_items_are_asked_for_a_few_at_a_time_and_by_who_iterates():
    asked: list[int] = []

    def items() -> Iterator[int]:
        while True:
            assert threading.current_thread() is threading.main_thread()
            asked.append(len(asked))
            yield asked[-1]

    told = in_order(lambda item: [item], items(), workers=2)
    assert [next(told) for _ in range(20)] == list(range(20))
    assert len(asked) < 26
    told.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("lingseg")]


@pytest.mark.parametrize("workers", [1, 3])
def test_what_stops_an_item_is_raised_at_its_turn_behind_what_it_had_made(workers):
    def work(item: int) -> Iterator[int]:
        yield 10 * item
        if item == 2:
            raise OSError("the disk is full")
        yield 10 * item + 1

    told = in_order(work, range(50), workers=workers)
    assert [next(told) for _ in range(5)] == [0, 1, 10, 11, 20]
    with pytest.raises(OSError, match="the disk is full"):
        next(told)


def test_nothing_is_begun_after_the_iteration_ended():
    begun: list[int] = []
    may_go_on = threading.Event()

    def work(item: int) -> list[int]:
        begun.append(item)
        if item:
            may_go_on.wait(5)
        return [item]

    told = in_order(work, range(50), workers=2)
    assert next(told) == 0
    threading.Timer(0.5, may_go_on.set).start()
    told.close()
    assert len(begun) <= 3  # the fourth was asked for, and waited
