# From nothing to a running agent and back, with no configuration at all.
? 3 agent2 status --exit-code
> === Agent2 monitor status ===
> [...]
>   State: not running
> [...]
> ! nothing is watched now: agent2 start
? 2 agent2 check
> webui	down	pid	pid_missing	[...]ms	[...]/.agentos/webui.pid	[...]
> webui	down	tcp	[...]
> webui	down	http	[...]
$ agent2 start
> Starting the Agent2 monitor...
> Log file: [...]/.agentos/multi_agent/agent2.log
> PID file: [...]/.agentos/multi_agent/agent2.pid
> Agent2 started (PID: [...])
> [...]
$ agent2 healthcheck
> healthy
$ agent2 start
> Agent2 is already running (PID: [...])
$ cat ~/.agentos/multi_agent/agent2.pid | xargs ps -o args= -p | grep -c agent2_monitor.py
> 1
$ agent2 stop
> Stopping Agent2 (PID: [...])...
> Agent2 stopped
! test -e ~/.agentos/multi_agent/agent2.pid
$ agent2 stop
> Agent2 is not running
