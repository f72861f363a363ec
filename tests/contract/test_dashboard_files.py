"""The dashboard's files: what is vendored is what npm has, what is sent is small."""

from __future__ import annotations

import base64
import configparser
import fnmatch
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from agent2.core.message import Cause, DeliveryState
from agent2.core.model import AlertKind, Code, Verdict
from agent2.web import bundle, pages

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "agent2" / "web" / "static"
BUDGET = 60 * 1024  # bytes of the whole page in one language, packed
OURS = sorted(path.name for path in STATIC.glob("*.js"))


def vendored():
    for root in (STATIC, ROOT / "tests" / "browser"):
        for one in json.loads((root / "vendor.json").read_text()):
            for name, digest in one["sha256"].items():
                yield pytest.param(root / name, one, digest, id=name)


@pytest.mark.parametrize(("path", "package", "digest"), list(vendored()))
def test_a_vendored_file_is_the_one_of_the_registry(path, package, digest):
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert package["licence"] in ("MIT", "Apache-2.0", "MPL-2.0")
    assert package["url"].endswith(f"-{package['version']}.tgz")
    assert package["integrity"].startswith("sha512-")


def test_nothing_is_vendored_that_the_list_does_not_name():
    for root in (STATIC, ROOT / "tests" / "browser"):
        told = {
            name
            for one in json.loads((root / "vendor.json").read_text())
            for name in one["sha256"]
        }
        there = {
            path.relative_to(root).as_posix()
            for folder in ("vendor", "LICENSES")
            for path in (root / folder).rglob("*.*")
        }
        assert there == told
    products = {
        one["licence"] for one in json.loads((STATIC / "vendor.json").read_text())
    }
    assert "MPL-2.0" not in products


def test_the_whole_page_is_small():
    site = pages.site()
    parts = [site.index, *(p for n, p in site.files.items() if n != "words_zh.js")]

    assert sum(len(one.packed or one.body) for one in parts) <= BUDGET


def test_our_modules_can_be_sent_as_one():
    """Each is behind those it needs, and no name stands at the top of two of them."""
    raw = {name: (STATIC / name).read_bytes() for name in OURS}
    order = bundle.parts(raw, "app.js")

    assert {*order} == {name for name in OURS if not name.startswith("words_")}
    one = bundle.joined(raw, order).decode()
    for name in order:
        needs = re.findall(r'from "\./(\w+\.js)"', raw[name].decode())
        assert all(order.index(each) < order.index(name) for each in needs), name
    assert not re.search(r'^(?:export|import .* from "\./\w+\.js")', one, re.MULTILINE)
    top = r"^(?:async )?(?:function|const|let|class) (\w+)"
    tops = re.findall(top, one, re.MULTILINE)
    assert sorted(tops) == sorted({*tops})


def test_what_is_packed_is_what_is_sent_plain():
    for name, page in pages.site().files.items():
        if page.packed:
            assert gzip.decompress(page.packed) == page.body, name


def test_the_policy_lets_in_our_own_files_and_one_list_of_names():
    site = pages.site()
    (inline,) = re.findall(rb"<script[^>]*>([^<]+)</script>", site.index.body)
    digest = base64.b64encode(hashlib.sha256(inline).digest()).decode()

    assert json.loads(inline)["imports"].keys() == {"preact"}
    assert f"'sha256-{digest}'" in site.policy
    assert "unsafe" not in site.policy
    assert b"style=" not in site.index.body
    assert not re.search(rb"(?:src|href)=.?https?:", site.index.body)


def test_an_installed_package_has_every_file():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    told = re.split(r",\s*", config["options.package_data"]["agent2"])
    names = [path.relative_to(ROOT / "agent2") for path in STATIC.rglob("*.*")]

    for name in names:
        assert any(
            fnmatch.fnmatch(str(name), glob) and str(name).count("/") == glob.count("/")
            for glob in told
        ), name


@pytest.mark.parametrize("name", OURS)
def test_no_text_of_others_can_become_markup(name):
    text = (STATIC / name).read_text(encoding="utf-8")

    for sink in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("):
        assert sink not in text, sink
    assert "dangerously" not in text


def words(language):
    text = (STATIC / f"words_{language}.js").read_text(encoding="utf-8")
    pairs = json.loads(
        text.removeprefix("export default").rstrip().rstrip(";"),
        object_pairs_hook=list,
    )
    assert len(dict(pairs)) == len(pairs), "a word is there twice"
    return dict(pairs)


def test_both_languages_have_the_same_words():
    english, chinese = words("en"), words("zh")

    assert english.keys() == chinese.keys()
    for key in english:
        if not key.endswith(".one"):
            holes = [sorted(re.findall(r"{\w+}", w[key])) for w in (english, chinese)]
            assert holes[0] == holes[1], key


def test_every_code_has_words_and_every_word_is_said():
    known = words("en")
    source = "".join((STATIC / name).read_text(encoding="utf-8") for name in OURS
                     if not name.startswith("words_"))  # fmt: skip
    families = {
        "code": Code, "cause": Cause, "alert": AlertKind, "told": DeliveryState,
        "verdict": Verdict,
    }  # fmt: skip
    for family, members in families.items():
        for one in members:
            assert f"{family}.{one.value}" in known
    composed = set(re.findall(r"`(\w+)\.\$\{", source))
    composed |= set(re.findall(r'named\("(\w+)"', source))
    for key in known:
        stem = key.removesuffix(".one")
        said = f'"{stem}"' in source or stem.partition(".")[0] in composed
        assert said, f"nobody says {key}"
    for key in re.findall(r'\bt\("([\w.]+)"', source):
        assert key in known, f"{key} has no words"
