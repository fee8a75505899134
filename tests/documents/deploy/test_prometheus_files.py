"""The dashboard and the alert rules in docs/deploy: of metrics that there are, and right about a night that fails."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.repository import ROOT
from tests.support.running.chromium import missing
from warehouse.condition import night_metrics

RULES = ROOT / "docs" / "deploy" / "prometheus-rules.yml"
DASHBOARD = ROOT / "docs" / "deploy" / "grafana-dashboard.json"
PAGE = ROOT / "docs" / "reference" / "metrics.md"
METRIC = re.compile(r"\bpulse_[a-z0-9_]+")

# A night has published at 02:00, the next one fails at 02:05 of the next day, and the one after that publishes again.
SCENARIO = """
rule_files: [{rules}]
evaluation_interval: 1h
tests:
  - interval: 1h
    input_series:
      - series: 'pulse_night_built_timestamp_seconds'
        values: '7200x48 180000x24'
      - series: 'pulse_run_failed_timestamp_seconds{{run="nightly"}}'
        values: '_x26 93900x46'
      - series: 'pulse_night_served'
        values: '1x72'
      - series: 'pulse_sources_days_drifted{{stream="xp_events"}}'
        values: '0x71 2'
      - series: 'pulse_sources_days_drifted{{stream="sessions"}}'
        values: '0x71 1'
      - series: 'pulse_night_unknown_rows{{stream="xp_events"}}'
        values: '6x72'
      - series: 'pulse_night_landed_rows{{stream="xp_events"}}'
        values: '100x72'
      - series: 'pulse_night_unknown_rows{{stream="empty"}}'
        values: '0x72'
      - series: 'pulse_night_landed_rows{{stream="empty"}}'
        values: '0x72'
    alert_rule_test:
      - {{eval_time: 24h, alertname: PulseNightFailed, exp_alerts: []}}
      - eval_time: 28h
        alertname: PulseNightFailed
        exp_alerts:
          - exp_labels: {{severity: warning}}
            exp_annotations:
              summary: A run has failed, and nothing has been published since.
              description: "Readers see the last good version. `pulse status`, and the run in `pulse ui`, say why."
      - {{eval_time: 60h, alertname: PulseNightFailed, exp_alerts: []}}
      - {{eval_time: 36h, alertname: PulseNightMissing, exp_alerts: []}}
      - eval_time: 40h
        alertname: PulseNightMissing
        exp_alerts:
          - exp_labels: {{severity: critical}}
            exp_annotations:
              summary: Nothing has been published for 36 hours.
              description: "No night ran, or every night failed: look at the schedule, then at `pulse status`."
      - {{eval_time: 70h, alertname: PulseSourcesDrifted, exp_alerts: []}}
      - eval_time: 72h
        alertname: PulseSourcesDrifted
        exp_alerts:
          - exp_labels: {{severity: info}}
            exp_annotations:
              summary: "3 days were not what their sources have."
              description: "They were extracted again. If it happens often, `lookback_days` is too short."
      - eval_time: 2h
        alertname: PulseUnknownLearners
        exp_alerts:
          - exp_labels: {{severity: warning, stream: xp_events}}
            exp_annotations:
              summary: "6% of the rows of xp_events are of nobody known."
              description: "The users stream is behind, or the stream names learners otherwise (R21)."
      - {{eval_time: 72h, alertname: PulsePinned, exp_alerts: []}}
"""


@pytest.fixture(scope="module")
def promtool() -> str:
    """Prometheus's own checker of rules."""
    found = shutil.which("promtool")
    if found is None:
        missing("promtool is not here; it is in Debian's package prometheus")
    return found


def named_in(text: str) -> set[str]:
    """Return the metrics that a text names, as the metrics page names them."""
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in METRIC.findall(text)}


def test_every_metric_of_rules_and_dashboard_is_on_the_page_and_so_is_every_metric_of_nights() -> None:
    on_page = named_in(PAGE.read_text(encoding="utf-8"))
    expressions = [
        target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]
    ]
    assert len(expressions) > 10
    asked = named_in(" ".join(expressions)) | named_in(RULES.read_text(encoding="utf-8"))
    assert asked - on_page == set()
    assert night_metrics.EVERY.keys() - on_page == set()


def test_panels_of_the_dashboard_do_not_cover_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for cell in [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]:
            assert cell not in taken, (panel["title"], taken.get(cell))
            taken[cell] = panel["title"]


def test_prometheus_takes_the_rules(promtool: str) -> None:
    done = subprocess.run([promtool, "check", "rules", str(RULES)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_fire_when_they_should_and_not_before(promtool: str, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yml"
    scenario.write_text(SCENARIO.format(rules=RULES))
    done = subprocess.run([promtool, "test", "rules", str(scenario)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
