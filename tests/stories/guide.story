# needs: jq
# needs: lsof
# needs: curl
# The lines of the operations guide, as they stand there, against a live agent.
# (The port is this test's, not 8080.)
$ demo-target start --port $PORT
$ AGENT2_CONFIG=~/agent2.yaml bash $SCRIPTS/start_agent2.sh --lang zh
> 启动 Agent2 监控器...
> [...]
> Agent2 启动成功 (PID: [...])
> [...]
$ eventually agent2 status --exit-code
$ bash $SCRIPTS/status_agent2.sh --lang zh | head -1
> === Agent2 监控器状态 ===
$ curl -sv http://127.0.0.1:$PORT/api/health 2>&1 | grep -o '"status": "ok"'
> "status": "ok"
$ cat ~/.agentos/webui.pid | xargs ps -fp | tail -1 | grep -c demo
> 1
$ lsof -i :$PORT | grep -c LISTEN
> 1
$ ps aux | grep agent2_monitor.py | grep -vc grep > /dev/null
$ chmod 755 ~/.agentos ~/.agentos/multi_agent
$ chmod 644 ~/.agentos/multi_agent/agent2_status.json ~/.agentos/multi_agent/agent2.log ~/.agentos/multi_agent/agent2.pid
# the target is killed
$ WEBUI_PID=$(cat ~/.agentos/webui.pid); kill $WEBUI_PID
$ eventually ls -l ~/.agentos/multi_agent/restart_signal
$ jq -r '.reason, .requested_by' ~/.agentos/multi_agent/restart_signal
> process_not_alive
> agent2
$ jq '.consecutive_failures >= 2' ~/.agentos/multi_agent/agent2_status.json
> true
$ tail -n 100 ~/.agentos/multi_agent/agent2.log | grep ERROR
$ tail -n 100 ~/.agentos/multi_agent/agent2.log | grep WARNING | grep -o '检测到异常 (连续失败: 1)'
> 检测到异常 (连续失败: 1)
$ grep ERROR ~/.agentos/multi_agent/agent2.log | tail -n 10
$ cat ~/.agentos/multi_agent/agent2_status.json | jq '.' > /dev/null
$ cat ~/.agentos/multi_agent/agent2_status.json | jq '.fixes[-5:] | length'
> 1
# it comes back by itself: the signal is withdrawn
$ demo-target start --port $PORT
$ eventually test ! -e ~/.agentos/multi_agent/restart_signal
$ eventually jq -e '.consecutive_failures == 0' ~/.agentos/multi_agent/agent2_status.json
> true
$ cat ~/.agentos/multi_agent/agent2_status.json | jq '.fixes | length'
> 1
$ grep "修复操作" ~/.agentos/multi_agent/agent2.log | awk -F'修复操作: ' '{print $2}' | cut -d',' -f1 | sort | uniq -c | sort -rn
>       1 创建重启信号
$ grep "响应时间" ~/.agentos/multi_agent/agent2.log | awk -F'响应时间: ' '{print $2}' | awk '{print $1}' | awk '{sum+=$1; count++} END {if (count > 0) printf "平均: %.2fs\n", sum/count}'
> 平均: 0.[...]s
$ du -h ~/.agentos/multi_agent/agent2.log | grep -c agent2.log
> 1
# monthly care
$ cp ~/.agentos/multi_agent/agent2_status.json ~/.agentos/multi_agent/agent2_status.json.backup
$ jq '.fixes = []' ~/.agentos/multi_agent/agent2_status.json > status.tmp
$ mv status.tmp ~/.agentos/multi_agent/agent2_status.json
$ eventually jq -e '.fixes == [] and .seq > 0' ~/.agentos/multi_agent/agent2_status.json
> true
$ > ~/.agentos/multi_agent/agent2.log
$ eventually grep -q "响应时间" ~/.agentos/multi_agent/agent2.log
$ stat -c %a ~/.agentos/multi_agent/agent2.log
> 644
# rotation
$ mv $D/agent2.log $D/agent2.log.1; kill -HUP $(cat ~/.agentos/multi_agent/agent2.pid) 2>/dev/null || true
$ eventually test -s $D/agent2.log
$ jq -r '.fixes | length' ~/.agentos/multi_agent/agent2_status.json
> 0
$ bash $SCRIPTS/stop_agent2.sh
$ jq -r '.status' $D/agent2_status.json
> stopped
? 3 bash $SCRIPTS/status_agent2.sh

-- agent2.yaml --
version: 1
language: zh
defaults: {interval: 200ms, timeout: 1s}
targets:
  - name: webui
    checks:
      - {kind: pid, file: ~/.agentos/webui.pid}
      - {kind: tcp, port: $PORT}
      - {kind: http, url: "http://127.0.0.1:$PORT/api/health"}
