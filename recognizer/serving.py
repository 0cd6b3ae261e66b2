"""The model that this process answers with: found by the champion's number, loaded aside, swapped by one reference."""

import logging
import threading
import time
from dataclasses import dataclass, replace

from django.db import Error as DatabaseError

from recognizer import registry
from recognizer.baseline import shipped_baseline
from recognizer.errors import CorruptArtifact, NoChampion
from recognizer.imaging.preprocessing import PREPROCESSING_VERSION
from recognizer.inference.calibrated_model import CalibratedModel
from recognizer.models import ModelVersion

logger = logging.getLogger(__name__)
LOADING_SECONDS = 1.0  # that a request waits while another loads the process's first model: it takes a tenth
CHAMPION_CHECK_SECONDS = 2  # one indexed query per process; every process must follow a promotion within 5


@dataclass(frozen=True)
class Served:
    """A loaded model and the version in whose name it answers.

    `degraded` says why it is not the champion, else it is empty.
    """

    version: int
    version_id: int
    model: CalibratedModel
    degraded: str = ""


class Champion:
    """Holds this process's model. Any thread may ask; one of them looks for a newer one, the others go on answering."""

    def __init__(self) -> None:
        self.reset()

    def get(self) -> Served:
        if self._served is not None and time.monotonic() - self._checked_at < CHAMPION_CHECK_SECONDS:
            return self._served
        if self._served is None:
            return self._first()
        if self._looking.acquire(blocking=False):
            try:
                return self._look()
            finally:
                self._looking.release()
        return self._served

    def _first(self) -> Served:
        """Wait for whoever loads the first: there is nothing to answer with. Not for long: each may wait for a database."""
        if not self._looking.acquire(timeout=LOADING_SECONDS):
            raise NoChampion("the model is still being loaded")
        try:
            return self._served or self._look()
        finally:
            self._looking.release()

    def reset(self) -> None:
        """Know nothing, as a new process does."""
        self._served: Served | None = None
        self._wanted_id: int | None = None
        self._checked_at = float("-inf")
        self._looking = threading.Lock()

    def _look(self) -> Served:
        try:
            self._follow_database()
        except DatabaseError:
            if self._served is None:
                raise
            logger.exception(
                "cannot ask the database for the champion; version %s goes on answering", self._served.version
            )
        self._checked_at = time.monotonic()
        return self._served  # type: ignore[return-value]  # loaded, or raised

    def _follow_database(self) -> None:
        wanted_id = ModelVersion.objects.filter(is_champion=True).values_list("pk", flat=True).first()
        is_settled = self._served is not None and not self._served.degraded  # else its row may have been mended
        if is_settled and wanted_id is not None and wanted_id == self._wanted_id:
            return
        if wanted_id is None:
            wanted_id = registry.ensure_baseline().pk
        self._served, self._wanted_id = self._load_best(wanted_id), wanted_id

    def _load_best(self, wanted_id: int) -> Served:
        """Load the wanted version.

        Failing that keep the last good one; failing that an earlier champion; failing that the baseline.
        """
        wanted = ModelVersion.objects.get(pk=wanted_id)
        try:
            served = load(wanted)
            registry.note_problem(wanted, "")
            return served
        except CorruptArtifact as error:
            reason = f"the champion cannot be served: {error}"
            if self._served is None or self._served.degraded != reason:  # it is tried at every look: say it once
                logger.error("%s", reason)
            registry.note_problem(wanted, str(error))
        if self._served is not None:
            return replace(self._served, degraded=reason)
        for version in ModelVersion.objects.servable().exclude(pk=wanted_id):
            try:
                return replace(load(version), degraded=reason)
            except CorruptArtifact as error:
                logger.error("%s cannot be served either: %s", version, error)
                registry.note_problem(version, str(error))
        return load_shipped(reason)


def load(version: ModelVersion) -> Served:
    """Load a version from its row.

    Raises:
        CorruptArtifact: its bytes are broken, or it was trained on another preparation of the ink.
    """
    if version.preprocessing_version != PREPROCESSING_VERSION:
        raise CorruptArtifact(
            f"{version} reads ink prepared by version {version.preprocessing_version}, "
            f"this server prepares version {PREPROCESSING_VERSION}"
        )
    return Served(version.number, version.pk, registry.load_model(version))


def load_shipped(reason: str) -> Served:
    """Load the baseline from the package itself, for when no row's bytes are sound."""
    row = registry.find_baseline()
    if row is None:
        raise NoChampion(reason)
    return Served(row.number, row.pk, registry.try_out(shipped_baseline().model), reason)


champion = Champion()


def current_classifier() -> Served:
    """Return this process's model; see Champion."""
    return champion.get()
