"""Chinese sentences of the web program."""

from __future__ import annotations

WEB = {
    "command.web": "提供 API 的程序",
    "command.metrics": "全部指标，供 Prometheus 使用",
    "help.web": "在前台提供 API, 直到被停止。配置 web.enabled: true 时, "
    "agent2 start 会与监控一起启动它。",
    "help.web.run": "在前台提供。",
    "help.web.start": "在后台启动。",
    "help.web.stop": "停止。",
    "help.web.status": "说明它是否在运行、地址是什么 (LSB: 0, 1, 3, 4)。",
    "help.web.token": "打印每次修改所需的令牌。",
    "option.host": "监听地址 (127.0.0.1)。",
    "option.web_port": "监听端口 (8642; 0 取空闲端口)。",
    "option.socket": "用 Unix 套接字代替地址和端口。",
    "web.at": "API 地址: {url}",
    "web.not_started": "API 未能提供: {why}; 监控继续。查看详情: {command}",
    "web.no_token": "{path}: {why}; 令牌在 web 程序首次启动时生成",
    "help.events.follow": "实时打印发生的事情 (需要 web 程序)。",
    "option.since_id": "从此事件 ID 之后开始; 先补上错过的。",
    "option.count": "打印这么多条后结束。",
    "option.json_lines": "每行打印一个 JSON 文档。",
    "events.follows": "从 {id} 开始跟随",
    "events.not_followed": "无法跟随事件: {why}",
    "help.metrics": "按 Prometheus 格式打印全部指标。",
    "option.textfile": "改为写入此文件，供 node exporter 读取 (*.prom)。",
    "error.textfile": "{path} 不以 {end} 结尾: node exporter 不会读取它",
    "command.open": "在浏览器中打开面板",
    "help.open": "在浏览器中打开面板, 并带上修改所需的令牌。web 程序未运行时会启动它。",
    "option.open_print": "打印带令牌的地址而不打开: 请勿外传。",
    "open.none": "web 程序未运行",
    "open.socket": "它监听 {url}, 浏览器无法打开: 请设置 web.port",
    "open.done": "正在浏览器中打开 {url}",
}
