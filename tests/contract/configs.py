"""Broken configurations: what is written, and what must be said of it.

``§`` stands where the complaint must point and is taken out before the text is read.
A row without ``targets`` gets a good one put in front.
"""

GOOD = "targets: [{name: web, checks: [{kind: tcp, port: 8080}]}]\n"


def _check(text):
    return "targets:\n  - name: web\n    checks:\n      - " + text + "\n"


def _target(text):
    return (
        "targets:\n  - name: web\n    checks: [{kind: tcp, port: 1}]\n    "
        + text
        + "\n"
    )


def _instances(text):
    check = 'checks: [{kind: tcp, port: "{instance}"}]'
    return f"targets:\n  - name: web\n    {check}\n    {text}\n"


def _notifier(text):
    return GOOD + "notifiers:\n  - " + text + "\n"


# id, text, key, words that the line must hold
ROWS = [
    # what is not YAML, or not one mapping
    ("a syntax error", "a: [1\n§", "file", "is not YAML"),
    ("an unclosed quote", "a: 'x\n§", "file", "is not YAML"),
    ("a tab that indents", "a:\n§\tb: 1\n", "file", "a tab indents|Indent with spaces"),
    ("nothing at all", "§", "file", "the file is empty"),
    ("only comments", "§# nothing\n", "file", "the file is empty"),
    ("a list", "§- a\n", "file", "is no mapping, got a list"),
    ("a text", "§hello\n", "file", "is no mapping, got a text"),
    ("two documents", GOOD + "§---\na: 1\n", "file", "a second document"),
    ("a NUL", "a: §\0\n", "file", "unseen character, got U+0000"),
    ("an escape character", "a: §\x1b[31m\n", "file", "unseen character, got U+001B"),
    ("a text that turns round", "a: §\u202e\n", "file", "unseen character, got U+202E"),
    ("41 levels", "[" * 40 + "§" + "[", "file", "nested deeper than 40"),
    ("an alias to nothing", "a: §*x\n", "file", "an alias to nothing"),
    ("an alias to itself", "a: &x [§*x]\n", "file", "holds itself"),
    ("a tag", GOOD + "profile: §!!str test\n", "profile", "tags are not taken"),
    (
        "a Python object",
        GOOD + "log: §!!python/object/apply:os.system [x]\n",
        "log",
        "tags",
    ),
    (
        "a merge key",
        "log: &l {level: INFO}\nweb: {§<<: *l}\n",
        'web."<<"',
        "merge keys",
    ),
    ("a doubled key", GOOD + "version: 1\n§version: 1\n", "version", "doubled|line 2"),
    (
        "a doubled key inside",
        _check("{kind: tcp, port: 1, §port: 2}"),
        "targets[0].checks[0].port",
        "doubled|line 4",
    ),
    ("a list as a key", "? §[a, b]\n: 1\n", "file", "a key is a list or mapping"),
    # keys
    (
        "an unknown key",
        GOOD + "§langage: en\n",
        "langage",
        "unknown key|Did you mean language?",
    ),
    (
        "an unknown key of a target",
        _target("§failure_treshold: 2"),
        "targets[0].failure_treshold",
        "unknown key|Did you mean failure_threshold?",
    ),
    (
        "an unknown key of a check",
        _check("{kind: http, url: http://127.0.0.1/, §stauts: 200}"),
        "targets[0].checks[0].stauts",
        "unknown key|Did you mean status?",
    ),
    (
        "a key of another tool",
        _check("{kind: pid, §pid_file: /x}"),
        "targets[0].checks[0].pid_file",
        "unknown key|Did you mean file?",
    ),
    (
        "an unknown key of restart",
        _target("restart: {§intensty: 3}"),
        "targets[0].restart.intensty",
        "Did you mean intensity?",
    ),
    ("a key with a newline", GOOD + '§"a\\nb": 1\n', '"a\\nb"', "unknown key"),
    (
        "both names of the interval",
        GOOD + "defaults: {interval: 1s, §check_interval: 2s}\n",
        "defaults.check_interval",
        "old name of interval",
    ),
    (
        "what is expected, twice",
        "targets: [{name: a, checks: [{kind: http, §status: 1, expect: {status: 2}}]}]",
        "targets[0].checks[0].status",
        "stands in expect too",
    ),
    ("no targets", "§version: 1\n", "targets", "is missing"),
    ("an empty list of targets", "targets: §[]\n", "targets", "is empty"),
    (
        "targets of the wrong sort",
        "targets: §web\n",
        "targets",
        "got a text; expected a list",
    ),
    (
        "a target of the wrong sort",
        "targets: [§web]\n",
        "targets[0]",
        "expected a mapping",
    ),
    (
        "a target without a name",
        "targets: [§{checks: [{kind: tcp, port: 1}]}]\n",
        "targets[0].name",
        "is missing",
    ),
    (
        "a target without checks",
        "targets: [§{name: web}]\n",
        "targets[0].checks",
        "is missing",
    ),
    (
        "no check in the list",
        "targets: [{name: web, checks: §[]}]\n",
        "targets[0].checks",
        "is empty",
    ),
    ("another version", GOOD + "version: §2\n", "version", "expected the number 1"),
    # words that YAML readers do not agree about
    (
        "a sexagesimal",
        _target("interval: §1:30"),
        "targets[0].interval",
        "disagree|quotes|1m30s",
    ),
    (
        "an octal",
        _target("failure_threshold: §010"),
        "targets[0].failure_threshold",
        "got 010|quotes",
    ),
    (
        "a file mode",
        _target("labels: {mode: §0600}"),
        "targets[0].labels.mode",
        "got 0600|quotes",
    ),
    ("on", _target("labels: {a: §on}"), "targets[0].labels.a", "got on|quotes"),
    ("no", GOOD + "web: {enabled: §no}\n", "web.enabled", "got no|quotes"),
    (
        "an exponent",
        _check("{kind: tcp, port: §1e3}"),
        "targets[0].checks[0].port",
        "got 1e3|quotes",
    ),
    (
        "an underscore",
        _check("{kind: tcp, port: §8_080}"),
        "targets[0].checks[0].port",
        "8_080|quotes",
    ),
    (
        "a hexadecimal",
        _check("{kind: tcp, port: §0x50}"),
        "targets[0].checks[0].port",
        "0x50|quotes",
    ),
    (
        "a date",
        _target("labels: {since: §2026-11-20}"),
        "targets[0].labels.since",
        "quotes",
    ),
    ("not a number", _target("interval: §.nan"), "targets[0].interval", "quotes"),
    # types and ranges
    (
        "a port too large",
        _check("{kind: tcp, port: §80800}"),
        "targets[0].checks[0].port",
        "is too large, got 80800; expected a port from 1 to 65535",
    ),
    (
        "port 0",
        _check("{kind: tcp, port: §0}"),
        "targets[0].checks[0].port",
        "is too small",
    ),
    (
        "a quoted port",
        _check('{kind: tcp, port: §"80"}'),
        "targets[0].checks[0].port",
        "Leave the quotes out",
    ),
    (
        "a port that is true",
        _check("{kind: tcp, port: §true}"),
        "targets[0].checks[0].port",
        "no whole number",
    ),
    (
        "a number of 30 digits",
        _check("{kind: tcp, port: §" + "9" * 30 + "}"),
        "targets[0].checks[0].port",
        "got",
    ),
    (
        "a value that is empty",
        _check("{kind: tcp, port: §}"),
        "targets[0].checks[0].port",
        "is empty, got nothing",
    ),
    (
        "a duration in words",
        _target("timeout: §fast"),
        "targets[0].timeout",
        'got "fast"|Write 5s',
    ),
    (
        "a negative duration",
        _target("timeout: §-5"),
        "targets[0].timeout",
        "is too small",
    ),
    (
        "an interval of 0",
        _target("interval: §0"),
        "targets[0].interval",
        "from 50ms to 1d",
    ),
    (
        "units in the wrong order",
        _target("interval: §30s1m"),
        "targets[0].interval",
        "is no duration",
    ),
    (
        "threshold 0",
        _target("failure_threshold: §0"),
        "targets[0].failure_threshold",
        "is too small",
    ),
    (
        "a threshold and a half",
        _target("failure_threshold: §1.5"),
        "targets[0].failure_threshold",
        "whole",
    ),
    (
        "a list as a number",
        _target("interval: §[5]"),
        "targets[0].interval",
        "wrong sort, got a list",
    ),
    (
        "a name with a slash",
        "targets: [{name: §a/b, checks: [{kind: tcp, port: 1}]}]\n",
        "targets[0].name",
        "cannot be a name|name of a file",
    ),
    (
        "a name that begins with a dot",
        "targets: [{name: §.., checks: [{kind: tcp, port: 1}]}]\n",
        "targets[0].name",
        "cannot be a name",
    ),
    (
        "a name of 64 letters",
        "targets: [{name: §" + "a" * 64 + ", checks: [{kind: tcp, port: 1}]}]\n",
        "targets[0].name",
        "…",
    ),
    (
        "a name that is a number",
        "targets: [{name: §8080, checks: [{kind: tcp, port: 1}]}]\n",
        "targets[0].name",
        "is no text|quotes",
    ),
    (
        "a name from a variable",
        'targets: [{name: §"${SECRET}", checks: [{kind: tcp, port: 1}]}]\n',
        "targets[0].name",
        "everybody can read",
    ),
    (
        "a severity",
        _target("severity: §high"),
        "targets[0].severity",
        "one of critical, error, warning, info",
    ),
    (
        "a way to count",
        _target("on_exit: §tripp"),
        "targets[0].on_exit",
        "Did you mean trip?",
    ),
    (
        "remediation",
        _target("restart: {remediation: §maybe}"),
        "targets[0].restart.remediation",
        "on or off",
    ),
    (
        "no action in the ladder",
        _target("restart: {actions: §[]}"),
        "targets[0].restart.actions",
        "remediation: off",
    ),
    (
        "reminders that are no list",
        _target("reminders: §1h"),
        "targets[0].reminders",
        "brackets",
    ),
    ("a profile", GOOD + "profile: §prd\n", "profile", "Did you mean prod?"),
    ("a language", GOOD + "language: §de\n", "language", "one of auto, en, zh"),
    (
        "a log level",
        GOOD + "log: {level: §debug}\n",
        "log.level",
        "Did you mean DEBUG?",
    ),
    (
        "a size",
        GOOD + "log: {max_bytes: §10 elephants}\n",
        "log.max_bytes",
        "such as 10MB",
    ),
    (
        "an argv that is a text",
        GOOD + "restarter: {argv: §systemctl restart}\n",
        "restarter.argv",
        "brackets",
    ),
    (
        "a verify that leaves the machine",
        GOOD + "restarter: {verify: §http://h/}\n",
        "restarter.verify",
        "https",
    ),
    (
        "an open listener without a token",
        GOOD + "web: §{enabled: true, host: 0.0.0.0}\n",
        "web.token_file",
        "is missing while host is open",
    ),
    # checks
    (
        "an unknown kind",
        _check("{kind: §htpp, url: x}"),
        "targets[0].checks[0].kind",
        "Did you mean http?",
    ),
    ("no kind", _check("§{port: 1}"), "targets[0].checks[0].kind", "is missing"),
    (
        "type for kind",
        _check("§{type: tcp, port: 1}"),
        "targets[0].checks[0].kind",
        "kind instead of type",
    ),
    ("no url", _check("§{kind: http}"), "targets[0].checks[0].url", "is missing"),
    (
        "a check that is a text",
        _check("§tcp"),
        "targets[0].checks[0]",
        "expected a mapping",
    ),
    (
        "a scheme",
        _check("{kind: http, url: §ftp://127.0.0.1/}"),
        "targets[0].checks[0].url",
        "scheme",
    ),
    (
        "a local file",
        _check('{kind: http, url: §"file:///etc/passwd"}'),
        "targets[0].checks[0].url",
        "scheme",
    ),
    (
        "a URL without a host",
        _check('{kind: http, url: §"http:///x"}'),
        "targets[0].checks[0].url",
        "no host",
    ),
    (
        "a URL with a space",
        _check('{kind: http, url: §"http://h/a b"}'),
        "targets[0].checks[0].url",
        "characters",
    ),
    (
        "every address",
        _check('{kind: http, url: §"http://0.0.0.0:80/"}'),
        "targets[0].checks[0].url",
        "0.0.0.0 means every address|127.0.0.1",
    ),
    (
        "every address of six",
        _check('{kind: http, url: §"http://[::]/"}'),
        "targets[0].checks[0].url",
        "every address",
    ),
    (
        "zero as an address",
        _check('{kind: http, url: §"http://0/"}'),
        "targets[0].checks[0].url",
        "odd spelling",
    ),
    (
        "the keys of the cloud",
        _check('{kind: http, url: §"http://169.254.169.254/x"}'),
        "targets[0].checks[0].url",
        "link-local",
    ),
    (
        "the same behind six",
        _check('{kind: http, url: §"http://[::ffff:169.254.169.254]/"}'),
        "targets[0].checks[0].url",
        "link-local",
    ),
    (
        "plain http elsewhere",
        _check('{kind: http, url: §"http://example.com/"}'),
        "targets[0].checks[0].url",
        "allow_insecure",
    ),
    (
        "plain http to a false friend",
        _check('{kind: http, url: §"http://127.0.0.1.example.com/"}'),
        "targets[0].checks[0].url",
        "allow_insecure",
    ),
    (
        "every address for tcp",
        _check("{kind: tcp, port: 1, host: §0.0.0.0}"),
        "targets[0].checks[0].host",
        "0.0.0.0 means every address",
    ),
    (
        "a status that is a word",
        _check("{kind: http, url: http://127.0.0.1/, status: §ok}"),
        "targets[0].checks[0].status[0]",
        "no whole number",
    ),
    (
        "a status of 99",
        _check("{kind: http, url: http://127.0.0.1/, status: §99}"),
        "targets[0].checks[0].status",
        "99",
    ),
    (
        "a pattern that is none",
        _check('{kind: pid, file: /x, match: §"["}'),
        "targets[0].checks[0].match",
        "pattern",
    ),
    (
        "a command that is a text",
        _check("{kind: command, argv: §ls -l}"),
        "targets[0].checks[0].argv",
        "brackets",
    ),
    (
        "two checks of a name",
        _check("{kind: tcp, port: 1, name: a}\n      - {kind: tcp, port: 2, name: §a}"),
        "targets[0].checks[1].name",
        "is doubled",
    ),
    # names that lead nowhere
    (
        "two targets of a name",
        (
            "targets:\n- {name: a, checks: [{kind: tcp, port: 1}]}\n"
            "- {name: §a, checks: [{kind: tcp, port: 1}]}\n"
        ),
        "targets[1].name",
        "is doubled|line 2",
    ),
    (
        "a parent that is not there",
        _target("depends_on: [§wep]"),
        "targets[0].depends_on[0]",
        "no such target",
    ),
    (
        "itself as a parent",
        _target("depends_on: §[web]"),
        "targets[0].depends_on",
        '"web" -> "web"',
    ),
    (
        "a ring",
        (
            "targets:\n- {name: a, depends_on: §[b], checks: [{kind: tcp, port: 1}]}\n"
            "- {name: b, depends_on: [a], checks: [{kind: tcp, port: 1}]}\n"
        ),
        "targets[0].depends_on",
        '"a" -> "b" -> "a"',
    ),
    (
        "two primaries",
        (
            "targets:\n- {name: a, primary: true, checks: [{kind: tcp, port: 1}]}\n"
            "- {name: b, primary: §true, checks: [{kind: tcp, port: 1}]}\n"
        ),
        "targets[1].primary",
        "doubled",
    ),
    (
        "a route to nobody",
        GOOD + "routes: [{notifiers: [§ops]}]\n",
        "routes[0].notifiers[0]",
        "no such notifier",
    ),
    (
        "a route without notifiers",
        GOOD + "routes: [{notifiers: §[]}]\n",
        "routes[0].notifiers",
        "is empty",
    ),
    (
        "a fact that no alert has",
        GOOD + "routes: [{match: {§host: a}, notifiers: [x]}]\n",
        "routes[0].match.host",
        "no such fact",
    ),
    (
        "a severity that no alert has",
        GOOD + "routes: [{match: {severity: §crit}, notifiers: [x]}]\n",
        "routes[0].match.severity",
        "matches no alert",
    ),
    (
        "two notifiers of a name",
        _notifier(
            "{name: a, kind: apprise, url: json://x}\n  - {name: §a, kind: apprise, url: json://y}"
        ),
        "notifiers[1].name",
        "is doubled",
    ),
    (
        "a notifier without a name",
        _notifier("§{kind: apprise, url: json://x}"),
        "notifiers[0].name",
        "is missing",
    ),
    # notifiers and secrets
    (
        "a mail to a text",
        _notifier("{name: m, kind: email, to: §a@b.c}"),
        "notifiers[0].to",
        "brackets",
    ),
    (
        "a mail to nobody",
        _notifier("{name: m, kind: email, to: §[]}"),
        "notifiers[0].to",
        "names nobody",
    ),
    (
        "a mail without TLS",
        _notifier(
            "{name: m, kind: email, to: [a@b.c], host: mx.example.com, tls: §none}"
        ),
        "notifiers[0].tls",
        "allow_insecure",
    ),
    (
        "no routing key",
        _notifier("§{name: p, kind: pagerduty}"),
        "notifiers[0].routing_key",
        "is missing",
    ),
    (
        "a key that is a number",
        _notifier("{name: p, kind: pagerduty, routing_key: §4715471547}"),
        "notifiers[0].routing_key",
        "is no text, got ***|quotes",
    ),
    (
        "a password that is an octal",
        _notifier("{name: m, kind: email, to: [a@b.c], password: §04715}"),
        "notifiers[0].password",
        "got ***|quotes",
    ),
    (
        "an unset variable",
        _notifier('{name: s, kind: slack, webhook_url: §"${UNSET_HOOK}"}'),
        "notifiers[0].webhook_url",
        "UNSET_HOOK is not set|${UNSET_HOOK:-}",
    ),
    (
        "a missing file",
        _notifier('{name: p, kind: pagerduty, routing_key: §"${file:nope.key}"}'),
        "notifiers[0].routing_key",
        "nope.key is not there",
    ),
    (
        "a broken reference",
        _notifier('{name: p, kind: pagerduty, routing_key: §"${oops"}'),
        "notifiers[0].routing_key",
        "a reference is not understood|$$",
    ),
    (
        "a reference to a sentence",
        _notifier('{name: p, kind: pagerduty, routing_key: §"${A B}"}'),
        "notifiers[0].routing_key",
        "names no variable",
    ),
    (
        "a port from a variable",
        _check('{kind: tcp, port: §"${SECRET}"}'),
        "targets[0].checks[0].port",
        "got ***",
    ),
    (
        "a user name in a URL",
        _check('{kind: http, url: §"http://me:hunter2@127.0.0.1/"}'),
        "targets[0].checks[0].url",
        "user name or password, got ***",
    ),
    (
        "a token in a URL",
        _check('{kind: http, url: §"http://example.com/?token=hunter2"}'),
        "targets[0].checks[0].url",
        "got ***",
    ),
    (
        "a header as a text",
        _check('{kind: http, url: http://127.0.0.1/, headers: §"Bearer hunter2"}'),
        "targets[0].checks[0].headers",
        "got a text",
    ),
    (
        "a secret under an unknown key",
        _notifier("{name: p, kind: pagerduty, routing_key: x, §rooting_key: hunter2}"),
        "notifiers[0].rooting_key",
        "Did you mean routing_key?",
    ),
    (
        "a list of secrets",
        _notifier("{name: p, kind: pagerduty, routing_key: §[hunter2]}"),
        "notifiers[0].routing_key",
        "wrong sort, got ***",
    ),
    (
        "a webhook in the clear",
        _notifier('{name: w, kind: webhook, url: §"http://example.com/hunter2"}'),
        "notifiers[0].url",
        "got ***|https",
    ),
    (
        "a webhook to the cloud's keys",
        _notifier('{name: w, kind: webhook, url: §"https://169.254.169.254/hunter2"}'),
        "notifiers[0].url",
        "link-local address, got ***",
    ),
    (
        "the plan's own key",
        _check("{kind: http, url: http://127.0.0.1/, headers: §{$secret: x}}"),
        "targets[0].checks[0].headers",
        "a key is not taken",
    ),
    # several that do one work
    (
        "an instance twice",
        _instances("instances: [1, §1]"),
        "targets[0].instances[1]",
        "is doubled",
    ),
    (
        "an instance that cannot be a name",
        _instances("instances: [1, §'a b']"),
        "targets[0].instances[1]",
        "cannot be a name",
    ),
    (
        "instances that are no list",
        _instances("instances: §8000"),
        "targets[0].instances",
        "got a number|expected a list|Put it in brackets",
    ),
    (
        "instances that are all the same",
        _target("instances: §[1, 2]"),
        "targets[0].instances",
        'in the same place|port: "{instance}"',
    ),
    (
        "a group beside instances",
        _instances("instances: [1, 2]\n    group: §x"),
        "targets[0].group",
        "stands beside instances",
    ),
    (
        "more to be well than there are",
        _instances("instances: [1, 2]\n    min_healthy: §3"),
        "targets[0].min_healthy",
        "can never be reached|at most 2",
    ),
    (
        "how many of one must be well",
        _target("min_healthy: §1"),
        "targets[0].min_healthy",
        "stands alone|instances or group",
    ),
    (
        "a group with the name of a target",
        _target("group: §web"),
        "targets[0].group",
        "name of a target too",
    ),
    (
        "a group that does not agree",
        _target("group: g")
        + "  - {name: b, group: g, min_healthy: §2, checks: [{kind: tcp, port: 2}]}\n",
        "targets[1].min_healthy",
        "differs within its group|1, as at the first of g",
    ),
    *(
        (
            f"{path} as the path of a proxy",
            GOOD + f"web: {{root_path: §{path}}}\n",
            "web.root_path",
            "is no such path, or one of our own",
        )
        for path in ("/api", "/api/agent2", "/metrics", "/a/../b", "/.", "/a/")
    ),
    (
        "a group that depends on itself",
        _instances("instances: [1, 2]\n    depends_on: §[web]"),
        "targets[0].depends_on",
        "depends on itself",
    ),
]
