"""Lists of checksums: those of md5sum and sha256sum, and what a difference says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core import integrity
from agent2.core.integrity import Difference, ListError, told

SHA, MD5 = "a" * 64, "0" * 32
NAMES = st.text(st.characters(exclude_characters="\0"), min_size=1).filter(str.strip)


@given(st.dictionaries(NAMES, st.sampled_from([SHA, MD5]), max_size=5))
def test_what_is_written_is_read_back_whatever_the_names_are(entries):
    assert integrity.parse(integrity.written(entries)) == entries


def test_lists_of_others_are_read():
    text = f"# made by hand\n{SHA.upper()}  /opt/a b.py\n\n{MD5} *./c.py\r\n"
    assert integrity.parse(text) == {"/opt/a b.py": SHA, "./c.py": MD5}
    assert integrity.parse(f"\\{SHA}  a\\nb\\\\n") == {"a\nb\\n": SHA}


@pytest.mark.parametrize(
    "line", ["hello", f"{SHA[:-1]}  a", f"{SHA}", f"{SHA} a", "x" + SHA]
)
def test_what_is_no_line_of_a_list_is_named(line):
    with pytest.raises(ListError, match="line 2"):
        integrity.parse(f"{SHA}  a\n{line}\n")


def test_a_difference_names_the_first_of_each_sort():
    five = tuple(f"/app/x/{n}.py" for n in range(5))
    found = Difference(("/app/a.py",), ("/app/b\n.py",), five)
    line = r"changed a.py; added b\n.py; removed x/0.py, x/1.py, x/2.py and 2 more"
    assert told(found) == f"/app/ {line}"
    assert told(Difference(("/app/a",))) == "/app/ changed a"
    assert told(Difference(("/a",), ("b",))) == "changed /a; added b"
    assert len(told(Difference(("x/" * 100 + "y" * 100 + "end.py",)))) < 140
    assert found
    assert not Difference()
