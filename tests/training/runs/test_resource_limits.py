"""What a training process may take, and what it leaves behind."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from training.runs.resource_limits import own_folder

GREEDY = """
import os, resource
from training.config import RunLimits
from training.runs.resource_limits import confine
confine(RunLimits(memory_bytes=600 * 1024 * 1024))
print(os.nice(0))
import numpy as np
try:
    np.ones(800 * 1024 * 1024, "uint8")
except MemoryError:
    print("refused")
"""


def test_confined_process_is_nice_and_bounded() -> None:
    root = Path(__file__).resolve().parents[3]
    nice = os.nice(0)
    run = subprocess.run([sys.executable, "-c", GREEDY], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout.split() == [str(max(10, nice)), "refused"]


def test_own_folder_leaves_with_its_process_and_so_do_those_of_dead_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f"digitre-run-{gone.pid}").mkdir()
    alive = tmp_path / f"digitre-run-{os.getppid()}"
    alive.mkdir()
    with own_folder() as folder:
        assert tempfile.gettempdir() == str(folder)
        assert folder.exists()
    assert tempfile.gettempdir() == str(tmp_path)
    assert list(tmp_path.iterdir()) == [alive]
