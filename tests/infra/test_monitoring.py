"""Alerts fire on recorded trouble and on nothing else; they and the dashboard ask for metrics that there are."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from recognizer import monitoring

pytestmark = [pytest.mark.docker, pytest.mark.sqlite]
ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docker" / "monitoring"
RULES = [rule for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]
ALERTS = [rule["alert"] for rule in RULES if "alert" in rule]
RECORDED = [rule["record"] for rule in RULES if "record" in rule]
SERIES_TESTS = sorted(FOLDER.glob("*.test.yaml"))


def promtool(*arguments: str) -> str:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed here (Debian: apt install prometheus)")
    outcome = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def metric_names() -> set[str]:
    """What /metrics may tell: what is counted, and what is read from rows."""
    counted = [thing for thing in vars(monitoring).values() if isinstance(thing, MetricWrapperBase)]
    names = {f"{metric._name}{end}" for metric in counted for end in ("_total", "_bucket", "_sum", "_count")}
    return names | set(re.findall(r'"(digitre_\w+)"', (ROOT / "digitre_site" / "state_metrics.py").read_text()))


def dashboard_expressions() -> Iterator[str]:
    for panel in json.loads((FOLDER / "dashboard.json").read_text())["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]


def asked_for(expressions: str) -> set[str]:
    return set(re.findall(r"\bdigitre_\w+", expressions))


def test_the_rules_and_the_scrape_are_what_prometheus_understands() -> None:
    promtool("check", "rules", "alerts.yaml")
    promtool("check", "config", "--syntax-only", "prometheus.yaml")


@pytest.mark.parametrize("path", SERIES_TESTS, ids=lambda path: path.name)
def test_alerts_fire_on_recorded_trouble_and_are_silent_on_the_rest(path: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", path.name)


def test_every_alert_is_seen_to_fire_and_to_be_silent() -> None:
    cases = [
        case
        for path in SERIES_TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == set(ALERTS)
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == set(ALERTS)


def test_alerts_and_dashboard_ask_for_metrics_that_there_are() -> None:
    asked = asked_for(" ".join([*(rule["expr"] for rule in RULES), *dashboard_expressions()]))
    assert len(asked) > 10
    assert asked <= metric_names()


def test_the_dashboards_expressions_are_promql(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(dashboard_expressions())
    ]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", str(file))
    assert {name for rule in rules for name in re.findall(r"digitre:[\w:]+", rule["expr"])} <= set(RECORDED)


@pytest.mark.parametrize("alert", ALERTS)
def test_docs_say_what_to_do_about_each_alert(alert: str) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    (said,) = re.findall(rf"^\*\*{alert}\*\*(.+)$", text, flags=re.MULTILINE)
    assert len(said) > 80
