"""Chinese sentences of the telemetry program."""

from __future__ import annotations

TELEMETRY = {
    "command.telemetry": "向 OpenTelemetry 收集器发送数据的程序",
    "help.telemetry": "在前台向 OpenTelemetry 收集器发送指标、日志和链路。"
    "配置 telemetry.enabled: true 时, 由监控程序保持它运行。",
    "help.telemetry.run": "在前台发送。",
    "help.telemetry.status": "说明它是否在运行, "
    "以及已发送和已丢弃的数量 (LSB: 0, 1, 3, 4)。",
    "telemetry.signal": "{signal}: 已发送 {sent}, 已丢弃 {dropped}{why}",
    "telemetry.never": "尚未发送",
}
