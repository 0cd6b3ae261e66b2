"""In processes of their own: what has been imported stays imported."""

import subprocess
import sys

import pytest

from tests.support.running_site import BASE_DIR

pytestmark = [pytest.mark.tensorflow, pytest.mark.sqlite]
LOADED = """
import sys
{before}
from training.learning.framework import load_framework
load_framework()
assert "tensorflow" in sys.modules
print(*sorted({{"matplotlib", "pandas", "sklearn"}} & set(sys.modules)))
import pandas
"""


@pytest.mark.parametrize(("before", "loaded"), [("", ""), ("import pandas", "pandas")])
def test_keras_loads_nothing_that_nobody_asks_of_it_and_others_may(before: str, loaded: str) -> None:
    command = [sys.executable, "-c", LOADED.format(before=before)]
    ended = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout.strip()) == (0, loaded), ended.stderr
