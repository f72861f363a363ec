"""``agent2 resources`` 的中文语句。"""

from __future__ import annotations

RESOURCES = {
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
