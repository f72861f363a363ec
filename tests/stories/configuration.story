# Every problem at once, with its place; a running agent is not hurt by any of them.
$ agent2 config check good.yaml
> [...]good.yaml: ok, [...]
> [...]
? 78 agent2 config check bad.yaml
> [...]bad.yaml:2:1: [...]
> [...]
? 78 agent2 start -c bad.yaml
> [...]
> Try: [...]
? 78 agent2 config check missing.yaml
> [...]missing.yaml[...]
> [...]
$ cp good.yaml live.yaml
$ agent2 start -c live.yaml
$ cp bad.yaml live.yaml
? 78 agent2 reload
> agent2: the new configuration is refused, the old one stays: [...]
> [...]
$ agent2 status | grep -c 'the last configuration was refused'
> 1
$ cp good.yaml live.yaml
$ agent2 reload
> Reloaded live.yaml (PID: [...])
> Changed: nothing
$ agent2 stop

-- good.yaml --
version: 1
targets:
  - name: webui
    checks:
      - {kind: tcp, port: $PORT}
-- bad.yaml --
version: 1
intervall: 5s
targets:
  - name: webui
    checks:
      - {kind: htpp, port: 99999}
