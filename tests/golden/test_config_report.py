"""One bad file and the whole of what is said of it, word by word.

After a change that is meant: UPDATE_GOLDEN=1 pytest tests/golden/test_config_report.py
"""

import os

from agent2.compiler import compile_text
from agent2.compiler.problems import count
from agent2.plugins import TABLE

FOLDER = os.path.dirname(os.path.abspath(__file__))
ENVIRON = {"HOME": "/home/x", "AGENT2_INTERVAL": "soon", "TOKEN": "hunter2"}


def test_the_report_of_a_bad_file_is_the_golden_one():
    with open(os.path.join(FOLDER, "config_bad.yaml"), "rb") as file:
        raw = file.read()
    tree, problems = compile_text(raw, "agent2.yaml", "/state", "", ENVIRON)
    assert tree is None
    lines = [*map(str, problems), count(problems, "agent2.yaml")]
    said = "\n".join(lines) + "\n"
    kinds = ", ".join(TABLE["checks"])  # grows with every kind: not this text's matter
    assert kinds in said
    said = said.replace(kinds, "<kinds>")
    path = os.path.join(FOLDER, "config_report.txt")
    if os.environ.get("UPDATE_GOLDEN"):
        with open(path, "w", encoding="utf-8") as file:
            file.write(said)
    with open(path, encoding="utf-8") as file:
        assert said == file.read()
    assert "hunter2" not in said
