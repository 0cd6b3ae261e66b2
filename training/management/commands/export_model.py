from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recognizer import registry
from recognizer.errors import CorruptArtifact
from recognizer.models import ModelVersion
from training.exchange import model_files
from training.learning.framework import load_framework


class Command(BaseCommand):
    help = "Write a version's files into a folder: .tflite, .keras and .onnx, its card, and ten lines for each that read with it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int, help="of the version")
        parser.add_argument("folder", type=Path)
        parser.add_argument("--without-onnx", action="store_true", help="TensorFlow need not be loaded then")

    def handle(self, *args: object, number: int, folder: Path, **options: bool) -> None:
        version = ModelVersion.objects.here().filter(number=number).first()
        if version is None:
            raise CommandError(f"There is no version {number} whose files are here.")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            files = {
                "tflite": registry.check_artifact(version.tflite, version.tflite_sha256),
                "keras": registry.check_artifact(version.keras, version.keras_sha256),
            }
        except CorruptArtifact as error:
            raise CommandError(str(error)) from error
        if not options["without_onnx"]:
            load_framework()
            from training.learning import conversion

            files["onnx"] = conversion.export_onnx(conversion.load_keras(files["keras"]))
        for kind, content in files.items():
            (folder / model_files.file_name(version, kind)).write_bytes(content)
            (folder / f"read_{kind}.py").write_text(model_files.example(version, kind))
        hashes = {kind: registry.sha256(content) for kind, content in files.items()}
        (folder / model_files.file_name(version, "card.md")).write_text(model_files.card(version, hashes))
        self.stdout.write(f"{version} in {folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
