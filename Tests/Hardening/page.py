#!/usr/bin/env python3
"""The tests that docs/security.md names.

    page.py [--write]

The table of attacks is written by hand, and every test in it has to exist. Below it stands the list of all attack tests,
which `--write` writes anew from the sources.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- all attack tests: Tests/Hardening/page.py --write -->", "<!-- end -->"


def tests(folder):
    """The tests of a folder of Swift sources, by the name of their file."""
    found = {}
    for path in sorted((ROOT / "Tests" / folder).rglob("*.swift")):
        is_test = False
        for line in path.read_text(encoding="utf-8").splitlines():
            is_test = is_test or "@Test" in line
            if name := re.search(r"\bfunc `([^`]+)`", line):
                if is_test:
                    found.setdefault(path.stem, []).append(name[1])
                is_test = False
    return found


def listing():
    lines = []
    for suite, names in sorted(tests("AttackTests").items()):
        lines += ["", f"**{suite}**", ""] + [f"- {name}" for name in names]
    return "\n".join(lines).strip()


def problems():
    """What of the page does not agree with the sources."""
    text = PAGE.read_text(encoding="utf-8")
    table = "\n".join(line for line in text.split(BEGIN)[0].splitlines() if line.startswith("| "))
    declared = {f"{suite}: {name}" for suite, names in tests(".").items() for name in names}
    checks = (ROOT / "Tests" / "Hardening" / "run.py").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+: [^`]+)`", table)
    found = []
    for name in named:
        suite, sentence = name.split(": ", 1)
        if not (sentence in checks if suite == "hardening" else name in declared):
            found.append(f"docs/security.md names a test that does not exist: {name}")
    if len(named) < 16:
        found.append("docs/security.md has lost its table of attacks")
    if text.split(BEGIN, 1)[-1].split(END)[0].strip() != listing():
        found.append("the list of attack tests in docs/security.md is old; run: Tests/Hardening/page.py --write")
    return found


def main():
    if "--write" in sys.argv[1:]:
        text = PAGE.read_text(encoding="utf-8")
        before, after = text.split(BEGIN, 1)[0], text.split(END, 1)[1]
        PAGE.write_text(f"{before}{BEGIN}\n\n{listing()}\n\n{END}{after}", encoding="utf-8")
    found = problems()
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
