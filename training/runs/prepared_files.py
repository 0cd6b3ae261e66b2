"""Making the files that were asked for in the admin: data sets with Parquet, models as ONNX."""

import hashlib
import logging
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from recognizer import registry
from recognizer.models import ModelVersion
from training.exchange.exporting import export_drawings
from training.exchange.formats import entry
from training.exchange.records import read_records
from training.exchange.selection import Selection
from training.learning.framework import load_framework
from training.models import PreparedFile
from training.models.prepared_files import PART
from training.runs.progress import connect_anew

logger = logging.getLogger(__name__)


def is_wanted() -> bool:
    """Whether anything is to be made or thrown away: the clock asks often, and mostly in vain."""
    return PreparedFile.objects.exclude(kind=PreparedFile.Kind.ONNX, finished_at__isnull=False).exists()


def make_all() -> int:
    """Make every requested file, and delete those that are over. Returns how many were made."""
    PreparedFile.objects.expire()
    made = 0
    while (request := PreparedFile.objects.claim()) is not None:
        made += make(request)
    return made


def make(request: PreparedFile) -> bool:
    """Make one file and keep it; where that fails, the row says why. Returns whether it was made."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = MAKERS[request.kind](request.parameters, Path(folder))
            connect_anew()  # it may have taken long
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            request.keep(path.name, _blocks(path), digest)
    except Exception as error:  # a worker's edge: whatever it was, whoever asked is told
        logger.exception("cannot make %s", request)
        request.fail(f"{type(error).__name__}: {error}")
        return False
    return True


def data_set(parameters: dict[str, Any], folder: Path) -> Path:
    """Export what a page asked for, with all that describes it, as one archive."""
    drawings = Selection.of(parameters.get("filters", {})).drawings()
    out = folder / "digitre-drawings"
    export_drawings(out, tuple(parameters["formats"]), read_records(drawings, names=parameters.get("names", False)))
    path = folder / "digitre-drawings.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(path for path in out.rglob("*") if path.is_file()):
            kind = zipfile.ZIP_DEFLATED if part.suffix in (".csv", ".md", ".json") else zipfile.ZIP_STORED
            with archive.open(entry(part.relative_to(folder).as_posix(), kind), "w", force_zip64=True) as member:
                for block in _blocks(part):
                    member.write(block)
    return path


def onnx_model(parameters: dict[str, Any], folder: Path) -> Path:
    """Convert a version's network, whose bytes its row vouches for."""
    version = ModelVersion.objects.get(pk=parameters["version"])
    keras = registry.check_artifact(version.keras, version.keras_sha256)
    load_framework()  # in this child only, which ends with its task
    from training.learning import conversion

    path = folder / f"digitre-version-{version.number}.onnx"
    path.write_bytes(conversion.export_onnx(conversion.load_keras(keras)))
    return path


MAKERS: dict[str, Callable[[dict[str, Any], Path], Path]] = {
    PreparedFile.Kind.DATA_SET: data_set,
    PreparedFile.Kind.ONNX: onnx_model,
}


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(PART):
            yield block
