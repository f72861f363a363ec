# needs: jq
# A crash: signal, restart by the restarter, recovery, all of it on record.
$ demo-target start --port $PORT
$ agent2 start -c agent2.yaml
$ eventually agent2 status --exit-code
$ agent2 restarter start
> [...]
> Agent1 started (PID: [...])
> [...]
$ kill -9 $(cat ~/.agentos/webui.pid)
$ eventually jq -e '.fixes[-1].result == "success"' $D/agent2_status.json
> true
$ jq -e '.consecutive_failures == 0 and .health_status == "ok"' $D/agent2_status.json
! test -e $D/restart_signal
$ jq -r '.restart_count' $D/agent1_status.json
> 1
$ agent2 incidents list
> ID	TARGET	OPENED	AGE	CLOSED	DETAIL
> webui@[...]	webui	[...]	[...]: process [...]
$ agent2 incidents show $(agent2 incidents list --json | jq -r '.incidents[0].id') | grep -o 'restart.requested\|incident.resolved'
> restart.requested
> incident.resolved
$ grep "修复操作" $D/agent2.log | awk -F'修复操作: ' '{print $2}' | cut -d',' -f1 | sort | uniq -c
>       1 create restart signal
$ agent2 restarter stop
$ agent2 stop

-- agent2.yaml --
version: 1
defaults: {interval: 200ms, timeout: 10s}
targets:
  - name: webui
    checks:
      - {kind: pid, file: ~/.agentos/webui.pid}
      - {kind: http, url: "http://127.0.0.1:$PORT/api/health"}
restarter:
  argv: [demo-target, restart, --port, "$PORT"]
  verify: "http://127.0.0.1:$PORT/api/health"
