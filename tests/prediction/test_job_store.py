import errno
import gc
import sqlite3
import threading
import tracemalloc
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingseg.prediction import Job, Jobs, Shard, make_jobs
from lingseg.prediction import job_store as module


def files(job: Job) -> list[Path]:
    return [job.output, job.overlay]


def filled(out: Path, *rows: tuple[str, str, str | None], shard: Shard | None = None) -> Jobs:
    jobs = Jobs(out, shard=shard)
    for image, text, output in rows:
        jobs.add(Path(image), text, None if output is None else out / output)
    return jobs


def test_the_rows_of_a_picture_come_together_in_their_order(tmp_path):
    jobs = filled(tmp_path, ("b.png", "1", None), ("a.png", "2", None), ("b.png", "3", None))
    assert [(job.image.name, job.text) for job in jobs] == [
        ("b.png", "1"),
        ("b.png", "3"),
        ("a.png", "2"),
    ]
    assert len(jobs) == 3


def test_a_row_that_stands_twice_is_one_job(tmp_path):
    jobs = filled(tmp_path, *[("a.png", "left", "x.png")] * 3, ("a.png", "left", "y.png"))
    jobs.settle(files)
    assert [job.output.name for job in jobs] == ["x.png", "y.png"]
    assert len(jobs) == 2


def test_a_named_output_may_not_be_what_another_gets(tmp_path):
    rows = ("a.png", "left", None), ("b.png", "dark", "a--left.png")
    with pytest.raises(ValueError, match=r"a--left\.png would be written twice"):
        filled(tmp_path, *rows).settle(files)


def test_a_file_of_the_whole_batch_may_not_be_a_job_s(tmp_path):
    jobs = filled(tmp_path, ("a.png", "left", "coco.png"))
    jobs.settle(files, [tmp_path / "coco.json"])
    with pytest.raises(ValueError, match="written twice"):
        jobs.settle(lambda job: [job.output.with_suffix(".json")], [tmp_path / "coco.json"])


def test_a_picture_behind_a_link_is_not_written_over(tmp_path):
    (tmp_path / "x.png").touch()
    (tmp_path / "link.png").symlink_to(tmp_path / "x.png")
    jobs = filled(tmp_path, (str(tmp_path / "link.png"), "left", "x.png"))
    with pytest.raises(ValueError, match="over a picture"):
        jobs.settle(files)


def test_only_names_that_are_shared_get_a_hash(tmp_path):
    jobs = make_jobs([Path("x/a.png"), Path("y/a.png"), Path("b.png")], ["left"], tmp_path)
    names = [job.output.stem for job in jobs]
    assert [name.startswith("a--left-") for name in names] == [True, True, False]
    assert names[2] == "b--left"
    assert len(set(names)) == 3


def test_names_that_tell_no_patient_have_no_name_and_no_hash_of_one(tmp_path):
    images = [Path("mueller/film.png"), Path("schmidt/film.png")]
    jobs = list(make_jobs(images, ["left"], tmp_path, is_deidentified=True))
    assert len({job.output for job in jobs}) == 2
    for job in jobs:
        assert job.output.name.startswith("picture-")
        assert job.output.name.endswith("--left.png")


@settings(max_examples=12)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=1, max_size=30),
    st.integers(1, 5),
)
def test_shards_are_the_whole_and_no_two_have_a_job_or_a_picture_in_common(rows, num_shards):
    def of(shard: Shard | None) -> list[Job]:
        named = ((f"{picture}.png", str(text), None) for picture, text in rows)
        jobs = filled(Path("out"), *named, shard=shard)
        jobs.settle(files)
        assert len(list(jobs)) == len(jobs)
        return list(jobs)

    parts = [of(Shard(number=number + 1, num_shards=num_shards)) for number in range(num_shards)]
    everything = of(None)
    assert sorted(repr(job) for part in parts for job in part) == sorted(map(repr, everything))
    pictures = [{job.image for job in part} for part in parts]
    assert sum(map(len, pictures)) == len(set().union(*pictures))
    assert len([image for image, _ in groupby(job.image for job in everything)]) == len(
        {job.image for job in everything}
    )


def test_the_pictures_of_a_shard_are_counted_once_each(tmp_path):
    rows = [(f"{number % 7}.png", f"text {number}", None) for number in range(30)]
    assert filled(tmp_path, *rows).count_pictures() == 7
    parts = [Shard(number=number, num_shards=3) for number in (1, 2, 3)]
    counts = [filled(tmp_path, *rows, shard=part).count_pictures() for part in parts]
    pictures = [{job.image for job in filled(tmp_path, *rows, shard=part)} for part in parts]
    assert counts == [len(one) for one in pictures]


def test_a_shard_goes_by_the_name_in_the_table_not_by_where_the_table_lies():
    def of(folder: str) -> list[str]:
        jobs = Jobs(Path("out"), shard=Shard.parse("1/3"))
        for number in range(30):
            jobs.add(Path(folder, f"{number}.png"), "left", name=f"{number}.png")
        return [job.image.name for job in jobs]

    assert of("shelf/here") == of("shelf/there/too")
    assert 0 < len(of("here")) < 30


def test_names_of_files_that_are_no_unicode_are_kept(tmp_path):
    image = Path("film\udcff.png")
    (job,) = filled(tmp_path, (str(image), "left", None))
    assert job.image == image


def test_addresses_stay_as_they_are(tmp_path):
    jobs = Jobs(tmp_path)
    address = "dicomweb://host/dicom-web/studies/1.2/series/1.2.3"
    jobs.add(address, "left", tmp_path / "x.png")
    (job,) = jobs
    assert job.image == address


def test_what_failed_is_left_out_of_what_is_done(tmp_path):
    jobs = filled(tmp_path, *((f"{name}.png", "left", None) for name in "abc"))
    for job in jobs:  # written while it is read
        if job.image.name == "b.png":
            jobs.note_failure(job)
    assert [job.image.name for job in jobs.done()] == ["a.png", "c.png"]


def test_a_full_disk_is_an_error_of_the_system(tmp_path, monkeypatch):
    def full(*_arguments, **_options):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(module.sqlite3, "connect", full)
    with pytest.raises(OSError, match="cannot be kept in a temporary file") as error:
        Jobs(tmp_path)
    assert error.value.errno == errno.ENOSPC


def test_nothing_is_left_when_the_jobs_go(tmp_path, monkeypatch):
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    jobs = filled(tmp_path / "out", *((f"{number}.png", "left", None) for number in range(3)))
    database = jobs._database
    del jobs
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        database.execute("SELECT 1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_jobs(tmp_path):
    def peak(num_rows: int) -> int:
        tracemalloc.start()
        jobs = Jobs(tmp_path)
        for number in range(num_rows):
            jobs.add(Path("scans", f"{number // 2}.png"), f"the lesion {number % 2}")
        jobs.settle(files)
        assert sum(1 for _ in jobs) == num_rows
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(100)  # what is imported and cached once
    assert peak(1_600) - peak(400) < 100_000  # a list of jobs takes 1,000 bytes each


def test_whichever_thread_drops_jobs_may_do_so(tmp_path):
    held = [filled(tmp_path, ("a.png", "left", None))]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    gc.collect()
    assert not held
