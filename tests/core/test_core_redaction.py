"""What looks like a secret is hidden, and no text can make that slow."""

from __future__ import annotations

import time

import pytest

from agent2.core.redaction import redact

SECRETS = {
    "password=hunter2": "password=***",
    'api_key: "hunter2"': "api_key: ***",
    "--db-password hunter2 --port 80": "--db-password *** --port 80",
    "['--password', 'hunter2']": "['--password', ***]",
    "Authorization: Bearer abcdef123": "Authorization: ***",
    "Authorization: Token abcdef123": "Authorization: ***",
    "sent bearer abcdefghijk": "sent bearer ***",
    "Cookie: theme=dark; session=hunter2": "Cookie: ***",
    "DB_PASSWORD=hunter2 next": "DB_PASSWORD=*** next",
    'password="correct horse battery" x': "password=*** x",
    '{"password": "hunter2 x", "a": 1}': '{"password": ***, "a": 1}',
    r'{"password":"a\"b","c":1}': '{"password":***,"c":1}',
    r'"{\"password\": \"hunter2\", \"a\": 1}"': r'"{\"password\": ***, \"a\": 1}"',
    "postgres://bob:hunter2@db/x": "postgres://***@db/x",
    "postgres://bob:hun@ter2@db/x": "postgres://***@db/x",
    "got eyJhbGciOiJI.eyJzdWIiOiIx.c2ln": "got ***",
    "key AKIAIOSFODNN7EXAMPLE": "key ***",
    "use xoxb-12345678-abc": "use ***",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE": "***",
    "MIIEow\n-----END RSA PRIVATE KEY-----\nnext": "***\nnext",
}


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_secret_is_hidden(text):
    assert redact(text) == SECRETS[text]


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/health 200 0.003",
        "the author wrote it",
        "--port 8080 --verbose",
        "--no-auth --verbose",
        "mail to bob@example.com",
        "12 passed: all of them",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    "seed",
    ["auth.", "a.", "auth", "-", "--auth-", "eyJa.", "eyJ-", "bearer ", "auth ", "://a",
     "auth='", "auth\\", "-----BEGIN A", "-----END ", "a", "0x"],
)  # fmt: skip
def test_a_line_made_to_be_slow_takes_no_more_than_its_length(seed):
    """The processor's own time: the shapes of before took minutes for each of these."""
    text = seed * (32768 // len(seed))
    begun = time.thread_time()
    redact(text)
    assert time.thread_time() - begun < 5.0
