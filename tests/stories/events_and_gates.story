# needs: jq
# An event is decided at once; a pause holds a restart back, and nothing else.
$ agent2 events push -c agent2.yaml --type TASK_CREATED --subject task_1 --id e1
> e1: TASK_CREATED decision: allow (no concerns)
$ agent2 events push -c agent2.yaml --type TASK_CREATED --subject task_1 --id e1
> e1 is known already
$ agent2 events push -c agent2.yaml --type TASK_CREATED --subject task_2 --payload '{"load": 9}'
> ev-[...]: TASK_CREATED decision: pause (too busy)
$ agent2 gate list task_2 --json | jq -r '.gates[0].state'
> AWAITING_APPROVAL
$ agent2 audit task_2 --json | jq -r '.audit[0] | .event_type, .payload.decision_type'
> SUPERVISOR_PAUSED
> pause
$ agent2 inbox stats --json | jq '.completed_count, .levels.backlog'
> 2
> "normal"

$ demo-target start --port $PORT
$ agent2 start -c agent2.yaml
$ eventually grep -q '"health_status": "ok"' $D/agent2_status.json
$ agent2 gate pause webui --reason "new disk"
> webui: actions are paused (restart); checks and alerts go on
$ eventually jq -e '.targets[0].paused' $D/agent2_status.json
$ demo-target fault die --port $PORT
$ eventually grep -q 'webui is down' $D/agent2.log
$ eventually grep -q 'restarts are paused: AWAITING_APPROVAL: new disk' $D/agent2.log
! test -e $D/restart_signal
$ agent2 gate approve webui --reason done
> webui: actions may go on (restart)
$ eventually test -e $D/restart_signal
$ agent2 inbox list --subject webui --json | jq -r '[.events[] | select(.source == "cli") | .event_type] | join(" ")'
> GATE_APPROVED GATE_PAUSED
$ agent2 audit webui | grep -c SUPERVISOR_ALLOWED
> [...]
$ agent2 stop

-- agent2.yaml --
version: 1
targets:
  - name: webui
    interval: 500ms
    timeout: 10s
    checks:
      - {kind: http, url: "http://127.0.0.1:$PORT/api/health"}
events:
  rules:
    - name: busy
      event: TASK_CREATED
      when: [{field: payload.load, op: gt, value: 5}]
      then: pause
      reason: too busy
