"""What the telemetry program says, in both languages."""

from __future__ import annotations

import os

from agent2.plan import stored
from agent2.plan.sources import PLAN_NAME

EN = {
    "missing": 'OpenTelemetry is not installed: pip install "agent2[otlp]"',
    "begins": "sending to {endpoint}",
    "off": "telemetry.enabled is false; nothing is sent",
    "ends": "ends",
    "headers": "headers_file {path}: {why}; sending without it",
    "bad_header": "headers_file {path}: holds what no header may; nothing is sent",
}
ZH = {
    "missing": '未安装 OpenTelemetry: pip install "agent2[otlp]"',
    "begins": "发送到 {endpoint}",
    "off": "telemetry.enabled 为 false, 不发送",
    "ends": "结束",
    "headers": "headers_file {path}: {why}; 不带它发送",
    "bad_header": "headers_file {path}: 含有标头不允许的字符; 不发送",
}


def of(language: str) -> dict[str, str]:
    """Return the sentences of ``en`` or ``zh``."""
    return ZH if language == "zh" else EN


def words(state_dir: str) -> dict[str, str]:
    """Return the sentences in the language of the plan in *state_dir*."""
    try:
        return of(stored.load(os.path.join(state_dir, PLAN_NAME)).language)
    except stored.PlanError:
        return EN
