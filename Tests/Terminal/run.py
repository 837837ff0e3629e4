#!/usr/bin/env python3
"""Uses tt as a person does, in an interactive shell on a pseudo-terminal: run.py --tt PATH

Job control cannot be tried without one: Ctrl-C, Ctrl-Z and fg have to reach the program that has the terminal.
"""
import argparse
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# It answers each line, says when it is interrupted, and ends with a status of its own.
TALK = """#!/bin/bash
trap 'echo interrupted' INT
echo READY
while read -r line; do echo "said:$line"; [ "$line" = bye ] && exit 5; done
exit 6
"""


class Shell:
    """An interactive bash of its own session; what it prints is read up to what is waited for."""

    def __init__(self, folder, environment):
        self.seen = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)
        self.until(r"\$ ")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def until(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while not (match := re.search(pattern, self.seen)):
            if time.monotonic() > end:
                raise AssertionError(f"{pattern!r} did not come; there is {self.seen!r}")
            if select.select([self.terminal], [], [], 0.2)[0]:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")
        before, self.seen = self.seen[:match.end()], self.seen[match.end():]
        return before

    def command(self, line, status):
        """Runs a line, and wants its status; what it printed is returned."""
        self.type(line + "; echo status=$?.\n")
        text = self.until(r"status=\d+\.\r")
        assert f"status={status}." in text, f"{line!r} should end with {status}: {text!r}"
        return text

    def close(self):
        try:
            os.kill(self.pid, signal.SIGHUP)
        except ProcessLookupError:
            pass
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def conductor(shell):
    """The conductor's CLI has the terminal: it is interrupted, stopped and taken up again, and its status counts."""
    shell.type("tt conductor --cli talk\n")
    shell.until("READY")
    shell.type("hello\n")
    shell.until("said:hello")
    shell.type("\x03")
    shell.until("interrupted")
    shell.type("\x1a")
    shell.until("Stopped")
    shell.command("kill -0 %1", 0)
    shell.type("fg\n")
    shell.until("tt conductor")
    shell.type("again\n")
    shell.until("said:again")
    shell.type("bye\n")
    shell.until(r"\$ ")
    shell.command("(exit $?)", 5)


def watching(shell):
    """What is drawn anew leaves the terminal as it was, also when it is interrupted."""
    shell.type("tt status --watch\n")
    shell.until(r"Ctrl-C ends")
    shell.type("\x03")
    text = shell.until(r"\$ ")
    assert "\x1b[?25l" not in text.rsplit("\x1b[?25h", 1)[-1], f"the cursor stays hidden: {text!r}"
    shell.command("stty -a | grep -q ' echo '", 0)


def following(shell):
    """A command that follows is stopped and goes on, and Ctrl-C ends it."""
    shell.type("tt events --follow\n")
    shell.until("town_created|joined the town|agent_spawned")
    shell.type("\x1a")
    shell.until("Stopped")
    shell.command("tt send supervisor --info 'while you slept'", 0)
    shell.type("fg\n")
    shell.until("while you slept|message_sent")
    shell.type("\x03")
    shell.until(r"\$ ")


def continuing(shell):
    """Who gives a new agent the name of one that has ended and still has work is asked what shall become of it."""
    shell.command("tt spawn tired --cli talk && tt kill tired --now && tt assign tired 'left over'", 0)
    shell.type("tt spawn tired --cli talk\n")
    shell.until(r"was stopped and has 1 open task and 1 waiting message\.\r\nLet it continue\? \[y/N\] ")
    shell.type("n\n")
    shell.until("tt spawn tired --new")
    shell.command("(exit $?)", 4)
    shell.type("tt spawn tired --cli talk\n")
    shell.until("Let it continue")
    shell.type("y\n")
    shell.until("Agent 'tired' restarted")
    shell.command("(exit $?)", 0)


def colours(shell):
    """What did not work stands out where people look for it, and NO_COLOR is heeded."""
    text = shell.command("tt assign worker 'count the cracks'", 0)
    task = re.search(r"Assigned task ([0-9a-f-]{36})", text).group(1)
    shell.command(f"tt task fail {task} --result 'no ladder'", 0)
    red = "\x1b[31m"
    assert f"{red}count the cracks" in shell.command("tt task list", 0)
    assert red in shell.command("tt events --type task_failed", 0)
    assert red in shell.command("tt history", 0)
    assert "\x1b[" not in re.sub(r"\x1b\[\?\d+[hl]", "", shell.command("NO_COLOR=1 tt task list", 0))


def main():
    parser = argparse.ArgumentParser(description="Use tt on a pseudo-terminal.")
    parser.add_argument("--tt", required=True, type=pathlib.Path)
    tt = parser.parse_args().tt.resolve()
    # A shell starts what runs in the background with interrupts ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="tt-terminal-"))
    failed = 0
    checks = (conductor, watching, following, continuing, colours)
    try:
        for name in ("bin", "town", "home"):
            (scratch / name).mkdir()
        (scratch / "bin" / "tt").symlink_to(tt)
        talk = scratch / "bin" / "talk"
        talk.write_text(TALK)
        talk.chmod(0o755)
        environment = dict(os.environ, HOME=str(scratch / "home"), TT_HOME=str(scratch / "home" / ".tt"), PS1="$ ",
                           TERM="xterm", PATH=f"{scratch}/bin:{os.environ['PATH']}")
        town = scratch / "town"

        def run(*words):
            subprocess.run(["tt", *words], cwd=town, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=60)

        run("init", "--name", "terminal")
        with open(town / "tinytown.toml", "a", encoding="utf-8") as file:
            file.write(f'\n[agent_clis.talk]\ncommand = "{talk}"\n')
        run("trust", "--yes")
        run("spawn", "worker", "--cli", "talk")
        for check in checks:
            shell = Shell(town, environment)
            try:
                check(shell)
                print(f"ok      {check.__name__}")
            except (AssertionError, OSError) as problem:
                failed += 1
                print(f"FAILED  {check.__name__}: {problem}")
            finally:
                shell.close()
    finally:
        if (scratch / "town" / "tinytown.toml").exists():
            run("stop", "--now")
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{len(checks) - failed} of {len(checks)} checks on a terminal passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
