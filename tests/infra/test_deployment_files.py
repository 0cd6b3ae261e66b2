"""Units and manifests, without systemd or a cluster: they are understood, bounded, and name what is there."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

pytestmark = [pytest.mark.docker, pytest.mark.sqlite]
ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "docker" / "systemd").iterdir())
KUBERNETES = ROOT / "docker" / "kubernetes"
VERSION = "1.33"
MOST_EXPOSED = 20  # tenths; systemd calls up to 20 "OK", and a unit without hardening has 96
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units as they lie on a host, whose programs are all there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here (Debian: apt install systemd)")
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS:
        text = re.sub(r"(?m)^(Exec\w+=)\S+", r"\1/bin/true", unit.read_text())
        (folder / unit.name.replace("@", "@1")).write_text(text.replace("/opt/digitre\n", "/tmp\n"))
    return folder


def test_systemd_understands_the_units(installed: Path) -> None:
    command = ["systemd-analyze", "verify", *(f"./{path.name}" for path in sorted(installed.iterdir()))]
    outcome = subprocess.run(command, cwd=installed, capture_output=True, text=True)
    assert (outcome.returncode, outcome.stdout + outcome.stderr) == (0, "")


@pytest.mark.parametrize("name", [unit.name for unit in UNITS if unit.suffix == ".service"])
def test_a_service_is_hardened_and_bounded(installed: Path, name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}"]
    outcome = subprocess.run([*command, f"./{name.replace('@', '@1')}"], cwd=installed, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout[-300:]
    text = (ROOT / "docker" / "systemd" / name).read_text()
    assert "\nMemoryMax=" in text
    assert "\nTasksMax=" in text


def test_the_replicas_listen_where_nginx_looks() -> None:
    unit = (ROOT / "docker" / "systemd" / "digitre-web@.service").read_text()
    ports = re.findall(r"server 127\.0\.0\.1:(\d+)", (ROOT / "docker" / "nginx" / "upstream.conf").read_text())
    assert ports == [unit.partition("PORT=")[2].partition(" ")[0].replace("%i", str(number)) for number in (1, 2, 3)]


def manifests() -> list[Manifest]:
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    found = [
        part for name in kustomization["resources"] for part in yaml.safe_load_all((KUBERNETES / name).read_text())
    ]
    assert {*kustomization["resources"], "kustomization.yaml"} == {path.name for path in KUBERNETES.iterdir()}
    return found


@pytest.mark.parametrize(
    "manifest", manifests(), ids=lambda manifest: f"{manifest['kind']}-{manifest['metadata']['name']}"
)
def test_kubernetes_understands_a_manifest(manifest: Manifest) -> None:
    kubernetes_validate.validate(manifest, VERSION, strict=True)


def pods() -> dict[str, Manifest]:
    """Each pod's spec, by the name of what makes it."""
    found = {}
    for manifest in manifests():
        if manifest["kind"] in ("Deployment", "Job"):
            found[manifest["metadata"]["name"]] = manifest["spec"]["template"]["spec"]
        if manifest["kind"] == "CronJob":
            found[manifest["metadata"]["name"]] = manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("name", ["web", "worker", "beat", "redis", "migrate", "backup"])
def test_a_pod_may_do_nothing_that_it_need_not(name: str) -> None:
    pod = pods()[name]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]


def test_the_web_is_probed_where_it_answers_and_leaves_slowly() -> None:
    web = pods()["web"]
    (container,) = web["containers"]
    paths = {
        probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    graceful = int(
        re.findall(r"^graceful_timeout = (\d+)", (ROOT / "gunicorn.conf.py").read_text(), flags=re.MULTILINE)[0]
    )
    (_, leaving) = container["lifecycle"]["preStop"]["exec"]["command"]
    assert int(leaving) + graceful < web["terminationGracePeriodSeconds"]


def test_every_secret_that_a_container_reads_is_one_that_docs_tell_to_make() -> None:
    told = (ROOT / "docs" / "operations.md").read_text()
    text = "".join(path.read_text() for path in KUBERNETES.iterdir())
    named = set(re.findall(r"/run/secrets/digitre/(\w+)", text))
    assert named == {"secret_key", "database_url", "database_url_pooled", "metrics_token"}
    assert not [name for name in named if f"--from-file={name}=" not in told]
