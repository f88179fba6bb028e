"""A step's memory is not asked of the kernel again and again."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from lingseg.training.freed_memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def step():
    np.ones(1 << 24)  # 128 MiB, 32,768 pages
step()
before = faults()
for _ in range(5):
    step()
print(faults() - before)
"""


def faults_of(what):
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, what], capture_output=True, text=True, check=True
    )
    return int(found.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc can be told")
def test_memory_that_was_freed_is_used_again():
    assert faults_of("kept") < 100 < faults_of("as ever")
