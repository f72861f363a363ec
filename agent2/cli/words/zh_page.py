"""Chinese sentences of the public status page."""

from __future__ import annotations

PAGE = {
    "command.statuspage": "以静态文件导出公开状态页",
    "help.statuspage": "供任何 web 服务器使用的公开状态页: "
    "仅含 public: true 的目标, 不含主机和检查文本。",
    "help.statuspage.export": "把 index.html、summary.json (Statuspage v2)、"
    "feed.atom 和徽章写入 DIR。",
    "option.page_title": "页面标题。",
    "option.page_every": "反复写入的间隔: 1m, 5m。",
    "page.title": "服务状态",
    "page.written": "{folder}: {count} 个目标",
    "page.none": "没有目标设置 public: true, 因此没有可显示的内容",
    "page.refused": "{path}: {why}",
    "page.all_ok": "全部服务正常",
    "page.all_warn": "部分服务降级",
    "page.all_down": "部分服务故障",
    "page.all_unknown": "部分服务状态未知",
    "page.ok": "正常",
    "page.warn": "降级",
    "page.down": "故障",
    "page.unknown": "未知",
    "page.resolved": "已解决",
    "page.going_on": "进行中",
    "page.troubles": "最近 14 天的事件",
    "page.no_trouble": "没有。",
    "page.updated": "截至",
    "page.again": "重新查看",
    "page.days": "{count} 天: 可用率 {share}",
}
