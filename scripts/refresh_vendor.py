#!/usr/bin/env python3
"""Fetch the dashboard's libraries anew from the npm registry, whole and unchanged.

    python scripts/refresh_vendor.py            the versions that vendor.json names
    python scripts/refresh_vendor.py --latest   the newest ones

Each archive is held against the registry's integrity (SHA-512), each file is copied
byte for byte and its SHA-256 written down; tests/live/test_web_pages.py recomputes it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import tarfile
import urllib.request
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "agent2" / "web" / "static"
TESTS = Path(__file__).resolve().parents[1] / "tests" / "browser"
REGISTRY = "https://registry.npmjs.org"
# package: licence, {file of the package: where it goes}
WANTED = {
    "preact": (
        "MIT",
        {
            "dist/preact.mjs": STATIC / "vendor/preact.mjs",
            "hooks/dist/hooks.mjs": STATIC / "vendor/hooks.mjs",
            "LICENSE": STATIC / "LICENSES/preact.txt",
        },
    ),
    "htm": (
        "Apache-2.0",
        {
            "dist/htm.mjs": STATIC / "vendor/htm.mjs",
            "LICENSE": STATIC / "LICENSES/htm.txt",
        },
    ),
    "uplot": (
        "MIT",
        {
            "dist/uPlot.iife.min.js": STATIC / "vendor/uPlot.iife.min.js",
            "dist/uPlot.min.css": STATIC / "vendor/uPlot.min.css",
            "LICENSE": STATIC / "LICENSES/uplot.txt",
        },
    ),
    "axe-core": (
        "MPL-2.0",
        {
            "axe.min.js": TESTS / "vendor/axe.min.js",
            "LICENSE": TESTS / "vendor/axe-core.LICENSE.txt",
        },
    ),
}


def asked(url: str) -> bytes:
    """Return what the registry sends."""
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  (https above)
        found: bytes = answer.read()
        return found


def refresh(name: str, version: str) -> dict[str, object]:
    """Copy the files of one package; return what is written down of it."""
    licence, files = WANTED[name]
    facts = json.loads(asked(f"{REGISTRY}/{name}/{version}"))
    url, integrity = facts["dist"]["tarball"], facts["dist"]["integrity"]
    packed = asked(url)
    kind, _, digest = integrity.partition("-")
    real = base64.b64encode(hashlib.new(kind, packed).digest()).decode()
    if real != digest:
        sys.exit(f"{name}: the archive is not what the registry says: {url}")
    hashes = {}
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for inner, place in files.items():
            member = archive.extractfile(f"package/{inner}")
            assert member is not None
            body = member.read()
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)
            root = STATIC if place.is_relative_to(STATIC) else TESTS
            kept = place.relative_to(root).as_posix()
            hashes[kept] = hashlib.sha256(body).hexdigest()
    return {
        "name": name,
        "version": facts["version"],
        "licence": licence,
        "url": url,
        "integrity": integrity,
        "sha256": hashes,
    }


def main(words: list[str]) -> None:
    """Refresh all of them, and write ``vendor.json`` beside each set."""
    for root in (STATIC, TESTS):
        path = root / "vendor.json"
        old = json.loads(path.read_text()) if path.exists() else []
        pinned = {} if "--latest" in words else {e["name"]: e["version"] for e in old}
        told = [
            refresh(name, pinned.get(name, "latest"))
            for name, (_, files) in WANTED.items()
            if next(iter(files.values())).is_relative_to(root)
        ]
        path.write_text(json.dumps(told, indent=2) + "\n")
        for one in told:
            sys.stdout.write(f"{one['name']} {one['version']}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
