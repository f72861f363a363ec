"""A stand-in for the usual watchdog script: psutil, requests, sleep. Not a product.

Written for these benchmarks after the description of such programs: each interval
look the PID up, list all connections of the machine to find the port, ask the health
URL without a session, dump the status in place, and sleep; after a signal sleep ten
seconds, blind. So a ratio "to the usual way" is taken in the same run.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from datetime import datetime

import psutil
import requests

BLIND = 10.0
log = logging.getLogger("Reference")


class Reference:
    """The program's state, as such programs keep it."""

    def __init__(self, folder: str, pid_file: str, port: int) -> None:
        self.status_file = os.path.join(folder, "agent2_status.json")
        self.signal_file = os.path.join(folder, "restart_signal")
        self.pid_file = pid_file
        self.port = port
        self.url = f"http://127.0.0.1:{port}/api/health"
        self.failures = 0
        self.status: dict = {"status": "initializing", "fixes": []}

    def process_alive(self) -> bool:
        try:
            with open(self.pid_file, encoding="ascii") as file:
                return psutil.pid_exists(int(file.read().strip()))
        except (OSError, ValueError):
            return False

    def port_listening(self) -> bool:
        return any(
            connection.laddr.port == self.port and connection.status == "LISTEN"
            for connection in psutil.net_connections()
        )

    def healthy(self, wait: float) -> bool:
        try:
            answer = requests.get(self.url, timeout=wait)
            return answer.status_code == 200 and answer.json()["status"] == "ok"
        except (requests.RequestException, ValueError, KeyError):
            return False

    def look(self, wait: float) -> str:
        if not self.process_alive():
            return "process_not_alive"
        if not self.port_listening():
            return "port_not_listening"
        return "" if self.healthy(wait) else "health_check_failed"

    def save(self, reason: str, threshold: int) -> None:
        word = "ok" if not reason else "warn"
        if self.failures >= threshold:
            word = "down"
        self.status |= {
            "status": "monitoring",
            "last_check": datetime.now().isoformat(),
            "health_status": word,
            "consecutive_failures": self.failures,
        }
        with open(self.status_file, "w", encoding="utf-8") as file:
            json.dump(self.status, file, indent=2)

    def ask_restart(self, reason: str) -> None:
        with open(self.signal_file, "w", encoding="utf-8") as file:
            json.dump({"timestamp": datetime.now().isoformat(), "reason": reason}, file)
        self.status["fixes"].append({"issue": reason, "result": "signal_created"})
        log.info("修复操作: 创建重启信号, 结果: signal_created")


def main(folder: str, pid_file: str, port: int, every: float, wait: float, n: int):
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s - Reference - %(levelname)s - %(message)s",
        handlers=[
            logging.FileHandler(os.path.join(folder, "reference.log")),
            logging.StreamHandler(),
        ],
    )
    reference = Reference(folder, pid_file, port)
    while True:
        reason = reference.look(wait)
        reference.failures = reference.failures + 1 if reason else 0
        log.info("check: %s", reason or "ok")
        reference.save(reason, n)
        if reference.failures >= n:
            reference.ask_restart(reason)
            reference.failures = 0
            time.sleep(BLIND)
        time.sleep(every)


if __name__ == "__main__":
    folder, pid_file, port, every, wait, n = sys.argv[1:7]
    main(folder, pid_file, int(port), float(every), float(wait), int(n))
