"""A health page for the checks that ask one."""

from __future__ import annotations

import pytest

from tests.fakes.health_server import HealthServer


@pytest.fixture
def serve():
    """Start health pages with the answers that a test names; all are closed after."""
    servers = []

    def start(*answers, **options):
        servers.append(HealthServer(*answers, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
