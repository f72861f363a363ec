"""English sentences of ``agent2 db`` and ``agent2 backup``."""

from __future__ import annotations

CARE = {
    "command.integrity": "lists of checksums: write, compare, show",
    "help.integrity": "Has anybody changed, added or removed a file? For the integrity "
    "checks of the configuration.",
    "help.integrity.baseline": "Write the list of each check (SHA-256, as sha256sum "
    "writes it) of what is there now, of all targets or of those named.",
    "help.integrity.check": "Compare with the lists: 0 when nothing differs, else 2.",
    "help.integrity.show": "Show the lists.",
    "integrity.made": "{target}: {files} files in {baseline} ({unreadable} unreadable)",
    "integrity.same": "Nothing differs.",
    "integrity.empty": "No file is in the list.",
    "integrity.changed": "changed",
    "integrity.added": "added",
    "integrity.removed": "removed",
    "integrity.none": "no target {name} with an integrity check; there are: {names}",
    "integrity.no_baseline": "there is no baseline {path}",
    "integrity.failed": "{path}: {why}",
    "table.path": "PATH",
    "table.checksum": "CHECKSUM",
    "command.db": "care of the store: copies, cleanup, archive, soundness",
    "help.db": "Care of the store. All of it may be done while Agent2 runs, but "
    "restore.",
    "help.db.backup": "Copy the store into one file with a manifest, prove the copy, "
    "and delete copies that are too old.",
    "help.db.verify": "Prove copies: checksum, rows, every page. 0, or 1 when one is "
    "not good. Without a name: those in the state folder.",
    "help.db.restore": "Put a copy in the place of the store, which is kept beside it. "
    "Agent2 must be stopped. Of a folder the newest good copy is taken.",
    "help.db.cleanup": "Delete completed events and audits that are too old. Events "
    "that wait or failed stay, and so do incidents.",
    "help.db.archive": "Write how the inbox stands into supervisor_metrics_archive, "
    "once an hour.",
    "help.db.check": "Look at every page (integrity_check), then ANALYZE. 0, or 1 when "
    "something is wrong.",
    "help.db.vacuum": "Give empty pages back to the disk; writers wait meanwhile.",
    "help.db.upkeep": "Do what is due: the archive row of this hour; once a day the "
    "cleanup and the check; in a window of store.vacuum give empty pages back; look at "
    "size, sources and backups. Agent2 does this by itself.",
    "db.upkeep_nothing": "nothing is due",
    "db.upkeep_runs": "an upkeep runs already (PID {pid})",
    "try.later": "try again in a moment",
    "help.db.stats": "Size, rows, audits of 30 days, decisions and lag of 7 days.",
    "option.event_days": "Delete completed events older than this.",
    "option.audit_days": "Delete audits older than this; 30 or more.",
    "option.keep_days": "Delete copies older than this; never the new one.",
    "option.copies": "Folder of the copies (backups in the state folder).",
    "option.large": "Also where it is larger than 256 MiB.",
    "db.cleaned": "Cleaned up {count} old events",
    "db.cleaned_audits": "Cleaned up {count} old audits",
    "db.archived": "archived {at}: {pending} pending, {failed} failed, lag {lag} s",
    "db.archived_before": "already there, {at}: {pending} pending, {failed} failed, "
    "lag {lag} s",
    "db.sound": "ok",
    "db.unsound": "stop Agent2 and restore a copy, or restart it: it moves the file "
    "aside and begins a new one",
    "db.squeezed": "{before} before, {after} now",
    "db.retired": "{count:copy|copies} older than {days} days deleted",
    "db.no_copy": "there is no good copy in {path}",
    "db.verified": "ok: {path} ({size}, {rows} rows)",
    "db.restored": "restored {path} ({rows} rows): the store holds what it holds",
    "db.aside": "the old store is kept as {path}",
    "db.size": "file {size}, WAL {wal}, empty {free}",
    "db.audits": "audits of 30 days: {count}, of {subjects} subjects",
    "db.day": "{date}: lag {mean} s on average, {most} s at most, {pending} pending "
    "at most",
    "db.copies": "copies: {count}, the newest {newest}",
    "command.backup": "sets of all that Agent2 is: code, configuration, store, logs",
    "help.backup": "Sets of all that Agent2 is, each in a folder with its manifest.",
    "help.backup.create": "Make a set: application, config and logs as .tar.gz, the "
    "store as database.sql.gz, manifest.txt with checksums; then delete old sets.",
    "help.backup.hourly": "Write the store alone to hourly/db_HH.sql.gz.",
    "help.backup.verify": "Hold each file of a set against its manifest and load its "
    "store on trial. 0, or 1 when the set is not good.",
    "help.backup.restore": "Put configuration and store of a set back; what stood "
    "there is kept beside it. Agent2 must be stopped. 0, or 1 when it failed.",
    "option.keep_sets": "Delete sets older than this; never the new one.",
    "option.start": "Start Agent2 then; it must be well within 10 s.",
    "try.backup": "choose another folder: --to DIR; or make room and mend its rights",
    "backup.good": "ok: {path} ({count:file|files})",
    "backup.kept": "the old {name} is kept as {path}",
    "backup.not_well": "all is restored, but Agent2 did not become well",
}
