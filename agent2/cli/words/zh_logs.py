"""Chinese sentences of logs, and of the use of a machine."""

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
    "command.resources": "机器用量、其序列与走势",
    "help.resources": "resources 与 process 类检查所测得的: 现值、序列与走势。",
    "help.resources.show": "显示监控器最近一次测得的值。",
    "help.resources.export": "输出机器用量序列: 每五分钟一行, 本地时间, 格式为 "
    "YYYY-mm-dd "
    "HH:MM:SS,CPU:x,Memory:x,Disk:x,Connections:n。",
    "help.resources.forecast": "显示 CPU、内存与磁盘的走势, 何者将超限, 磁盘何时写满。",
    "option.resources": "机器所属的目标 (默认: 首个带 resources 检查的目标)",
    "option.disk": "挂载点 (默认 /)",
    "option.ahead": "预测的天数 (默认 7)",
    "option.limit": "超过此百分比即警告 (默认 80)",
    "resources.none": "没有检查测量用量: 请添加 resources 类检查",
    "resources.few": "数据太少, 无法预测: 每五分钟一个值",
    "resources.full": "照此下去, {name} 将于 {day} 写满。",
    "resources.span": "依据 {days} 天的数据。",
    "resources.unknown": "目标 {name} 没有机器用量序列",
    "resources.known": "--target {name}",
    "resources.empty": "尚未测量任何机器",
    "resources.try": "为某目标添加 resources 类检查; 一分钟内即有首个值",
    "resources.no_disk": "没有磁盘 {name} 的序列",
    "resources.disks": "可选: {names}",
    "table.figure": "指标",
    "table.amount": "数值",
}
