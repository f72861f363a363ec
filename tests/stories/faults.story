# needs: jq
# Each fault of the demo target has its own code; a warning restarts nothing.
$ demo-target start --port $PORT
$ agent2 check -c agent2.yaml --json | jq -r '.targets[0].checks[0].code'
> ok
$ demo-target fault bad-json --port $PORT
? 2 agent2 check -c agent2.yaml --json > out.json
$ jq -r '.targets[0].checks[0].code' out.json
> json
$ demo-target fault status-error --port $PORT
? 2 agent2 check -c agent2.yaml --json > out.json
$ jq -r '.targets[0].checks[0].code' out.json
> status_value
$ demo-target fault warn --port $PORT
? 1 agent2 check -c agent2.yaml --json > out.json
$ jq -r '.targets[0] | .state, .checks[0].code' out.json
> warn
> status_value
$ demo-target fault 500 --port $PORT
? 2 agent2 check -c agent2.yaml --json > out.json
$ jq -r '.targets[0].checks[0].code' out.json
> http_status
$ demo-target fault hang --port $PORT
? 2 agent2 check -c agent2.yaml --json > out.json
$ jq -r '.targets[0].checks[0].code' out.json
> deadline
$ demo-target fault ok --port $PORT
$ agent2 check -c agent2.yaml
> webui	ok	http	ok	[...]ms	http://127.0.0.1:[...]/api/health	[...]
$ agent2 check -c agent2.yaml --nagios
> AGENT2 OK - webui ok | http=[...]s;;;0;5
$ demo-target fault die --port $PORT
? 3 demo-target status
? 2 agent2 check -c agent2.yaml --nagios
> AGENT2 CRITICAL - webui down: http refused: [...]

-- agent2.yaml --
version: 1
targets:
  - name: webui
    timeout: 5s
    checks:
      - {kind: http, url: "http://127.0.0.1:$PORT/api/health"}
