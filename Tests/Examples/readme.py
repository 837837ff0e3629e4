#!/usr/bin/env python3
"""Does what the README says, in its order: the console blocks, in one folder, with stand-in agents.

    readme.py --tt PATH [--write]

What follows a command in the README is what it prints, with ids, times and folders that do not change. `--write` puts the
outputs into the README as they are now; without it they are compared.
"""
import argparse
import difflib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import recorded
import run as examples
from fixed import Fixed

ROOT = pathlib.Path(__file__).resolve().parents[2]
CALC = "add() {\n    echo $(( $1 + $2 + 1 ))\n}\n"
TEST = """. ./calc.sh
[ "$(add 2 3)" = 5 ] || { echo "FAIL add: 2 + 3 gave $(add 2 3)"; exit 1; }
echo "all tests pass"
"""
# The demonstration agents repair the program; other tasks are only completed, and the conductor gives out two of them.
WORK = r"""
complete() { [ -z "${TINYTOWN_TASK_ID:-}" ] || for task in $TINYTOWN_TASK_IDS; do tt task complete "$task" --result "$1"; done; }
case $TINYTOWN_AGENT_NAME in
*conductor)
    goal=$(printf '%s' "$prompt" | sed -n 's/.*Your goal, task \([0-9a-f-]*\):.*/\1/p' | head -n 1)
    if [ -n "$goal" ]; then
        echo "$goal" >.git/goal
        task=$(tt assign worker "Build it" | sed -n 's/.*Assigned task \([0-9a-f-]*\) to.*/\1/p')
        tt assign reviewer "Review it" --tags review --depends-on "$task"
    elif printf '%s' "$prompt" | grep -q 'approved: it is fine'; then
        tt task complete "$(cat .git/goal)" --result "built and approved"
    fi ;;
reviewer)
    case $prompt in
        *"Please review commit"*) printf '%s' "$prompt" | sh @DEMO@ reviewer ;;
        *) complete "approved: it is fine" ;;
    esac ;;
*)
    case $prompt in
        *"Make test.sh pass"*) printf '%s' "$prompt" | sh @DEMO@ worker ;;
        *) complete "done" ;;
    esac ;;
esac >>.git/turns.log 2>&1 || true
"""


def blocks(lines):
    """The console blocks: for each its first line, and its commands."""
    found, begin = [], None
    for number, line in enumerate(lines):
        if line == "```console":
            begin = number
        elif line == "```" and begin is not None:
            found.append((begin, number))
            begin = None
    return found


def index(text):
    """What is wrong with the index of pages: each page is in it, and says whom it is for."""
    wrong = []
    for page in sorted((ROOT / "docs").glob("*.md")):
        if f"](docs/{page.name})" not in text.split("## All pages")[-1]:
            wrong.append(f"docs/{page.name} is not in the README's list of pages")
        if not re.search(r"^\*?For .*", "\n".join(page.read_text(encoding="utf-8").splitlines()[:4]), re.M):
            wrong.append(f"docs/{page.name} does not say whom it is for, in a line 'For …' below its title")
    for linked in re.findall(r"\]\(([^)#:]+)\)", text):
        if not (ROOT / linked).exists():
            wrong.append(f"README.md leads to {linked}, which is not there")
    return wrong


class Day:
    def __init__(self, tt, folder):
        self.town = examples.Town(tt, folder)
        self.path = self.town.path
        recorded.speak(self.town, WORK.replace("@DEMO@", f"'{ROOT}/examples/demo/agent'"))
        # One agent CLI is installed, as on most machines.
        for name in examples.CLIS:
            if name != "claude":
                (folder / "bin" / name).unlink()
        (self.path / "calc.sh").write_text(CALC)
        (self.path / "test.sh").write_text(TEST)
        self.run("git checkout -q -b main; git add -A; git commit -qm 'A calculator'")
        self.fixed = Fixed([(str(self.path), "/home/you/calculator"), (str(folder / "home"), "/home/you")])

    def run(self, line):
        done = subprocess.run(["bash", "-c", line], cwd=self.path, env=self.town.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False)
        return done.stdout + done.stderr

    def settle(self):
        """Until nobody works and nobody is asked to, so that the next command finds what a person would find."""
        end = time.monotonic() + 60
        while (self.path / "tinytown.toml").exists():
            status = json.loads(self.run("tt status --json"))
            asked = [agent for agent in status["agents"] if agent["state"] in ("starting", "idle", "working")
                     and agent["pending"]["task"] + agent["pending"]["query"] > 0]
            if status["queue"]["leased"] == 0 and not asked:
                return
            if time.monotonic() > end:
                raise RuntimeError("the agents have not come to an end: " + self.run("tt status"))
            time.sleep(0.02)

    def command(self, line):
        output = self.fixed.text(self.run(line)).rstrip()
        self.settle()
        # How often the progress is seen depends on the moment.
        output = re.sub(r"(   \d+ of \d+ tasks done.*\n)+", "   …\n", output)
        # The folder of the test has a name of its own.
        return re.sub(r"'town(-main)?'|Town: town(-main)?", lambda match: match[0].replace("town", "calculator", 1)
                      if match[0].startswith("'") else match[0].replace(": town", ": calculator"), output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tt", required=True, type=pathlib.Path)
    parser.add_argument("--write", action="store_true", help="put the outputs into the README")
    options = parser.parse_args()
    readme = ROOT / "README.md"
    lines = readme.read_text(encoding="utf-8").splitlines()
    plan = next(re.finditer(r"```toml\n(\[\[tasks\]\].*?)```", readme.read_text(encoding="utf-8"), re.S))[1]
    day = Day(options.tt.resolve(), pathlib.Path(tempfile.mkdtemp(prefix="tt-readme-")))
    written, last, commands = [], 0, 0
    try:
        for begin, end in blocks(lines):
            written += lines[last:begin + 1]
            for line in lines[begin + 1:end]:
                if line.startswith("$ "):
                    if line == "$ tt sync push":
                        (day.path / "tasks.toml").write_text(plan)
                    commands += 1
                    written += [line, *day.command(line[2:]).splitlines()]
            last = end
        written += lines[last:]
    finally:
        day.town.end()
    if options.write:
        readme.write_text("\n".join(written) + "\n", encoding="utf-8")
        return
    difference = "\n".join(difflib.unified_diff(lines, written, "README.md", "printed now", lineterm="", n=1))
    if difference:
        print(difference)
        print("FAILED: the README's outputs have changed; Tests/Examples/readme.py --write puts them in")
    wrong = index("\n".join(lines))
    for problem in wrong:
        print(f"FAILED: {problem}")
    failed = len(wrong) + bool(difference)
    print(f"{commands} commands run, {failed} checks failed" if failed else f"{commands} passed, 0 failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
