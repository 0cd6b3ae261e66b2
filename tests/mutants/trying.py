"""Run a module's tests against mutants of it, each in a fork of a process that has everything else loaded.

A new Python with Django costs seconds, a fork milliseconds. Nothing is written into the tree.
"""

import gc
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from enum import Enum
from types import ModuleType

import pytest
from hypothesis import settings

OURS = ("recognizer.", "training.", "digitre_site.")
KEPT_LOADED = ("tests.settings", "tests.mutants")
QUIET = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not mnist and not hypothesis"]
NO_PROGRAM = 100  # exit status of a fork whose mutant cannot even be imported
MEMORY = 6 * 1024**3  # bytes of address space; a mutant that asks for more has been noticed


class Outcome(Enum):
    NOTICED = "noticed"
    SURVIVED = "survived"
    NO_PROGRAM = "no program"


class Bench:
    """One module with its tests, which pass: then mutants can be laid on it."""

    def __init__(self, module: str, tests: tuple[str, ...]) -> None:
        """Load everything that the tests load, by running them.

        Raises:
            RuntimeError: they do not pass as things are.
        """
        # the same examples for every mutant, and none that another mutant failed
        settings.register_profile("mutants", database=None, derandomize=True)
        settings.load_profile("mutants")
        self._tests = [*QUIET, *tests]
        start = time.monotonic()
        if status := pytest.main(self._tests):
            raise RuntimeError(f"The tests of {module} do not pass as things are: pytest says {status}")
        self._seconds = 10 + int(4 * (time.monotonic() - start))  # to run the tests again, before it counts as hung
        self._module = importlib.import_module(module)
        gc.freeze()  # pytest collects garbage ten times a run: not through all of Django

    @property
    def source(self) -> str:
        assert self._module.__file__ is not None
        with open(self._module.__file__, encoding="utf-8") as file:
            return file.read()

    def lay(self, source: str) -> Outcome:
        """Run the tests with `source` in the module's place."""
        child = os.fork()
        if not child:
            os._exit(self._run(source))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)  # negative: killed, by the alarm or for its memory
        if code == NO_PROGRAM:
            return Outcome.NO_PROGRAM
        return Outcome.SURVIVED if code == pytest.ExitCode.OK else Outcome.NOTICED

    def _run(self, source: str) -> int:
        signal.alarm(self._seconds)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            _replace(self._module, source)
        except BaseException:
            return NO_PROGRAM
        for name in [name for name in sys.modules if name.startswith("tests.") and not name.startswith(KEPT_LOADED)]:
            del sys.modules[name]
        return int(pytest.main(self._tests))


def _replace(module: ModuleType, source: str) -> None:
    """Give a loaded module another source, and give those that had imported names from it the new ones."""
    before = dict(vars(module))
    exec(compile(source, str(module.__file__), "exec"), vars(module))
    for name, other in list(sys.modules.items()):
        if name.startswith(OURS) and other is not module:
            _rebind(vars(other), before, vars(module))


def _rebind(names: dict[str, object], before: Mapping[str, object], after: Mapping[str, object]) -> None:
    for name, value in list(names.items()):
        if name in before and value is before[name] and not isinstance(value, ModuleType):
            names[name] = after[name]
