"""A program without its libraries: it asks the warm one, and ends as that ended.

    python -I -S warm_call.py SOCKET [--compiler SOCKET] PROGRAM WORDS

Loading what reads a configuration takes a third of a second of a processor, so only
what is needed to ask for it is imported here.
"""

from __future__ import annotations

import array
import json
import os
import socket
import sys


def main(place: str, *words: str) -> None:
    """Lend our streams, folder, mask and environment to the one at *place*."""
    mask = os.umask(0)
    os.umask(mask)
    told: dict = {"env": dict(os.environ), "cwd": os.getcwd(), "umask": mask}
    if words[0] == "--compiler":
        told["compiler"], words = words[1], words[2:]
    program, *told["words"] = words
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(place)
    except OSError:  # whoever started it is gone
        os.execv(sys.executable, [sys.executable, "-I", program, *told["words"]])
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))
    line.sendmsg([json.dumps(told).encode() + b"\n"], [rights])
    code = int(line.recv(64).split()[0])
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
