"""``agent2 db`` 与 ``agent2 backup`` 的中文语句。"""

from __future__ import annotations

CARE = {
    "command.db": "维护数据库: 备份, 清理, 归档, 完整性",
    "help.db": "维护数据库。除恢复外, 均可在 Agent2 运行时执行。",
    "help.db.backup": "把数据库复制为一个带清单的文件, 校验后删除过期备份。",
    "help.db.verify": "校验备份: 校验和, 行数, 每一页。全部完好为 0, 否则为 1。"
    "未指定时校验状态目录中的备份。",
    "help.db.restore": "用备份替换数据库, 原数据库保留在旁边。必须先停止 Agent2。"
    "指定目录时取最新的完好备份。",
    "help.db.cleanup": "删除过期的已完成事件与审计。等待或失败的事件以及事故保留。",
    "help.db.archive": "把收件箱状态写入 supervisor_metrics_archive, 每小时一行。",
    "help.db.check": "检查每一页 (integrity_check), 然后 ANALYZE。完好为 0, 否则为 1。",
    "help.db.vacuum": "把空页还给磁盘; 其间写入需等待。",
    "help.db.upkeep": "执行到期的维护: 本小时的归档行; 每天一次清理与检查; "
    "在 store.vacuum 的时段内归还空页; 查看大小、来源与备份。Agent2 会自行执行。",
    "db.upkeep_nothing": "没有到期的维护",
    "db.upkeep_runs": "维护已在进行 (PID {pid})",
    "try.later": "请稍后再试",
    "help.db.stats": "大小, 行数, 30 天审计, 7 天的决策与延迟。",
    "option.event_days": "删除早于该天数的已完成事件。",
    "option.audit_days": "删除早于该天数的审计; 至少 30。",
    "option.keep_days": "删除早于该天数的备份; 新备份除外。",
    "option.copies": "备份目录 (默认为状态目录下的 backups)。",
    "option.large": "大于 256 MiB 时也执行。",
    "db.cleaned": "Cleaned up {count} old events",
    "db.cleaned_audits": "Cleaned up {count} old audits",
    "db.archived": "已归档 {at}: 等待 {pending}, 失败 {failed}, 延迟 {lag} 秒",
    "db.archived_before": "本小时已有 {at}: 等待 {pending}, 失败 {failed}, "
    "延迟 {lag} 秒",
    "db.sound": "ok",
    "db.unsound": "停止 Agent2 并恢复备份, 或重启它: 它会移开该文件并新建一个",
    "db.squeezed": "之前 {before}, 现在 {after}",
    "db.retired": "已删除 {count} 个早于 {days} 天的备份",
    "db.no_copy": "{path} 中没有完好的备份",
    "db.verified": "完好: {path} ({size}, {rows} 行)",
    "db.restored": "已恢复 {path} ({rows} 行): 数据库与备份一致",
    "db.aside": "原数据库保留为 {path}",
    "db.size": "文件 {size}, WAL {wal}, 空页 {free}",
    "db.audits": "30 天审计: {count} 条, 涉及 {subjects} 个对象",
    "db.day": "{date}: 平均延迟 {mean} 秒, 最大 {most} 秒, 最多等待 {pending}",
    "db.copies": "备份: {count} 个, 最新 {newest}",
    "command.backup": "整套备份: 程序, 配置, 数据库, 日志",
    "help.backup": "整套备份, 每套一个目录, 带清单。",
    "help.backup.create": "生成一套备份: application, config, logs 为 .tar.gz, "
    "数据库为 database.sql.gz, manifest.txt 含校验和; 然后删除过期的备份。",
    "help.backup.hourly": "仅把数据库写入 hourly/db_HH.sql.gz。",
    "help.backup.verify": "按清单核对每个文件, 并试着载入数据库。完好为 0, 否则为 1。",
    "help.backup.restore": "恢复配置与数据库, 原有的保留在旁边。必须先停止 Agent2。"
    "成功为 0, 失败为 1。",
    "option.keep_sets": "删除早于该天数的整套备份; 新备份除外。",
    "option.start": "然后启动 Agent2; 它须在 10 秒内正常。",
    "try.backup": "用 --to DIR 指定其他目录; 或腾出空间, 修正权限",
    "backup.good": "完好: {path} ({count} 个文件)",
    "backup.kept": "原 {name} 保留为 {path}",
    "backup.not_well": "已全部恢复, 但 Agent2 未能正常运行",
}
