"""``agent2 why`` 的中文句子。"""

from __future__ import annotations

WHY = {
    "command.why": "对目标的判断、原因、做过什么、接下来会怎样",
    "help.why": "用平实的句子说明：对目标的判断和起始时间、发现了什么、做了什么、"
    "通知了谁以及是否送达、接下来何时发生什么。不给名字：所有不正常的目标。",
    "why.nobody_knows": "没有人知道 {target} 现在怎样：{why}。以下内容是旧的。",
    "why.healthy": "{target} 自 {since}（{age}）起正常。",
    "why.degraded": "{target} 自 {since}（{age}）起有应答，但不正常。",
    "why.failing": "{target} 自 {since}（{age}）起失败：连续 {count}/{most} 次。"
    "在此之前不算故障。",
    "why.unhealthy": "{target} 自 {since}（{age}）起故障，连续失败 {count} 次。",
    "why.recovering": "{target} 自 {since}（{age}）起又应答正常，但次数还不够。",
    "why.unknown": "{target} 的状况未知：还没有人能查看它。",
    "why.check": "它的检查 {name} 报告 {code}：{detail}。",
    "why.flapping": "它频繁起落，因此单条告警被压住。",
    "why.found": "它开始失败时发现：{summary}（{path}）。",
    "why.evidence": "它开始失败时看到的没有指出原因：{path}。",
    "why.helped": "{at} 请求了重启（第 {n} 次，{label}）：有效。",
    "why.no_help": "{at} 请求了重启（第 {n} 次，{label}）：无效。",
    "why.withdrawn": "{at} 请求了重启（第 {n} 次，{label}），后来撤回。",
    "why.under_way": "{at} 请求了重启（第 {n} 次，{label}）：是否有效还不知道。",
    "why.withheld": "不请求重启：{why}。",
    "why.nothing_done": "没有请求重启。",
    "why.arrived": "已通知 {name}（{kind}）：{at} 送达，第 {tries} 次尝试。",
    "why.given_up": "本要通知 {name}（{kind}），尝试 {tries} 次后放弃：{why}。",
    "why.no_answer": "尚无答复",
    "why.waits": "正在通知 {name}（{kind}）：已尝试 {tries} 次，{why}。",
    "why.acked": "{who} 已于 {at} 确认：不再提醒。",
    "why.silenced": "{who} 已将其静默至 {until}。",
    "why.nobody_told": "没有通知任何人。",
    "why.last": "上一次问题是 {code}（{detail}），"
    "从 {at} 起，持续 {length}：{command}。",
    "why.no_store": "做过什么、通知过谁不得而知：{why}。",
    "why.next_check": "下次查看在 {at}，每 {every} 秒一次。",
    "why.depends": "它依赖 {names}：这很可能是原因。在其恢复之前，不通知也不重启它。",
    "why.off": "它的重启已关闭。",
    "why.paused": "一道门拦住了它的重启：{command}。",
    "why.untaken": "重启命令已放了 {age}，还没有人接手。",
    "why.exhausted": "重启预算已用完（{spent}）：{at} 再试一次。",
    "why.next_restart": "如果仍然故障，最早 {at} 再次重启（已用 {spent}）。",
}
