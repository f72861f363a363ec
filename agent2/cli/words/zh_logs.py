"""Chinese sentences of the commands that read logs."""

from __future__ import annotations

LOGS = {
    "command.logs": "应用或网站服务器的日志说明了什么",
    "command.logs.analyze": "任意日志的错误、时段、响应耗时或来源地址",
    "command.logs.errors": "一天的错误: 总数、类型、时段",
    "command.logs.access": "谁访问最多, 谁访问过于频繁",
    "help.logs": "读取应用和 nginx 的日志, 压缩的也可以, 占用内存很少。"
    "标题和数字与运维指南的脚本一致。",
    "command.maintain": "清理旧日志",
    "command.maintain.logs": "删除超过指定天数的日志",
    "help.maintain": "删除旧日志: 指定目录中的普通文件, 或所跟踪日志的轮转文件; "
    "绝不删除正被打开的文件, 也不跟随链接。",
    "option.logs_days": "早于多少天",
    "option.logs_in": "在此目录及其下查找, 而不是在所跟踪的日志旁",
    "option.glob": "要删除的文件名; 指定目录时默认为 *.log 和 *.log.gz",
    "option.logs_dry": "只列出将被删除的文件",
    "maintain.goes": "将被删除",
    "maintain.gone": "已删除",
    "maintain.nothing": "没有指定目录, 也没有检查在跟踪日志",
    "maintain.name_folder": "agent2 maintain logs --in /var/log/multi-agent-service",
    "option.log_format": "auto、json、agent2、nginx:main、nginx:combined, "
    "或 nginx: 加上 log_format",
    "option.log_date": "只看这一天的行",
    "option.log_slow": "超过多少秒算慢请求",
    "option.log_top": "显示多少个地址",
    "option.log_suspicious": "对 /api/v1 的 POST 请求多于此数的地址会被列出",
    "logs.no_file": "没有给出文件",
    "logs.not_app": "这是访问日志",
    "logs.not_access": "这不是可以读取的访问日志",
    "logs.unreadable": "无法读取 {path}: {why}",
    "logs.name_file": "请给出文件: agent2 logs analyze FILE",
}
