"""Is the port open? Accepted, refused, silent, or only an echo of ourselves."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys

import pytest

from agent2.checks import net
from agent2.checks.tcp import TcpCheck
from agent2.core.model import Code, Outcome
from tests.contract.probing import ask, closed_again, descriptors, run
from tests.ports import reserved


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", reserved())) as made:
        yield made


def port_of(sock) -> int:
    return sock.getsockname()[1]


def test_an_open_port_is_good_and_leaves_nothing_behind(listener):
    before = descriptors()
    for _ in range(20):
        finding = ask(TcpCheck(port=port_of(listener)))
        assert (finding.outcome, finding.code) == (Outcome.OK, Code.OK)
    assert closed_again(before)


def test_the_server_sees_a_connection_that_ends_and_no_error(listener):
    ask(TcpCheck(port=port_of(listener)))
    wire, _ = listener.accept()
    with wire:
        wire.settimeout(60)
        assert wire.recv(1) == b""


def test_a_closed_port_is_refused():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        finding = ask(TcpCheck(port=port_of(bound)))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.PORT_REFUSED)


def test_a_full_backlog_is_a_timeout():
    with socket.create_server(("127.0.0.1", reserved()), backlog=0) as full:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        finding = ask(TcpCheck(port=port_of(full)), 0.2)
        for filler in fillers:
            filler.close()
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.PORT_TIMEOUT)


SELF_CONNECT = """
import fcntl, socket, struct, sys
from agent2.checks.tcp import TcpCheck
from tests.contract.probing import ask
with socket.socket() as sock:  # SIOCSIFFLAGS: lo up and running
    fcntl.ioctl(sock, 0x8914, struct.pack("16sH14x", b"lo", 1 | 64))
with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as file:
    file.write("40000 40000")
print(ask(TcpCheck(port=40000)).code.value)
"""


def test_a_port_that_connected_to_itself_is_not_open():
    # A connect to a closed port may be given that very port as its source. In a
    # network of its own with one single port the kernel has no other choice.
    argv = ["unshare", "-rn", sys.executable, "-c", SELF_CONNECT]
    try:
        ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if "unshare:" in ended.stderr:
        pytest.skip("no network namespaces here")
    assert ended.stdout.strip() == "port_self", ended.stderr


def test_a_name_that_does_not_exist_is_dns():
    finding = ask(TcpCheck(port=80, host="no-such-host.invalid"))
    assert (finding.outcome, finding.code) == (Outcome.FAIL, Code.DNS)


def test_localhost_finds_a_listener_of_either_family(listener):
    assert ask(TcpCheck(port=port_of(listener), host="localhost")).code is Code.OK
    try:
        six = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        return
    with six:
        assert ask(TcpCheck(port=port_of(six), host="localhost")).code is Code.OK
        assert ask(TcpCheck(port=port_of(six), host="::1")).code is Code.OK


@pytest.mark.parametrize(
    "number", [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN]
)
def test_no_way_out_of_this_machine_is_our_trouble_only_for_other_machines(number):
    codes = (Code.PORT_TIMEOUT, Code.PORT_REFUSED)

    def meant(host, at_once):
        address = (socket.AF_INET, (host, 80))
        return net.failed(number, address, *codes, at_once=at_once).finding

    far = meant("192.0.2.1", True)
    assert (far.outcome, far.code) == (Outcome.ERROR, Code.LOCAL_NETWORK)
    assert meant("127.0.0.1", True).outcome is Outcome.FAIL
    assert meant("192.0.2.1", False).outcome is Outcome.FAIL  # somebody else said so


def test_a_failure_says_more_than_our_trouble_on_the_way():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        choices = ((999, ("127.0.0.1", 1)), (socket.AF_INET, bound.getsockname()))

        async def connect(reactor, deadline):
            codes = (Code.PORT_TIMEOUT, Code.PORT_REFUSED)
            return await net.connect(reactor, choices, deadline, *codes)

        with pytest.raises(net.ProbeError) as caught:
            run(connect)
    assert caught.value.code is Code.PORT_REFUSED


def test_an_empty_host_is_a_problem():
    assert [f for f, *_ in TcpCheck(port=1, host=" ").problems()] == ["host"]
    assert not list(TcpCheck(port=1).problems())
