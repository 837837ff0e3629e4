#!/usr/bin/env python3
"""Runs every example of the documentation, and every command line of Tinytown's book, with stand-in agents.

    run.py --tt PATH [--only TEXT] [--show] [--record]

Examples are the lines that begin with `tt` in the shell blocks of README.md and docs/, and the lines of book.txt beside
this file. Each runs in a town of its own with whatever it speaks of: the agents are there (or have ended, or are paused,
as the command needs it), and ids stand for tasks that exist. What must be printed is in `EXPECTED`, by command; an
example of a command without an entry is a failure, so that none goes unseen. What the pages of the commands show as output
is printed again (recorded.py) and compared; `--record` writes it anew: then write the pages with `tt __docs docs/commands`.
"""
import argparse
import difflib
import json
import os
import pathlib
import pty
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import recorded

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIS = ("claude", "codex", "codex-mini", "auggie", "aider", "opencode", "gemini", "copilot", "cursor-agent", "my-ai-cli",
        "my-agent", "ollama")
# A stand-in does what it is asked to: it completes its task, or reads what it got.
STAND_IN = """#!/bin/sh
case "$*" in *--version*) echo "1.0.0 (stand-in)"; exit 0 ;; esac
cat >/dev/null
[ -n "$TINYTOWN_TASK_ID" ] && tt task complete "$TINYTOWN_TASK_ID" --result "done by a stand-in" >/dev/null
exit 0
"""
AGENTS = ("architect", "backend", "frontend", "reviewer", "tester", "docs", "developer", "dev", "designer", "worker",
          "worker-1", "worker-2", "worker-3", "specialist", "fixer", "once", "conductor", "lead")
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


class Example:
    """One command line and where it stands."""

    def __init__(self, line, source):
        self.line, self.source = line, source
        words = shlex.split(line.split("|")[0].split(">")[0].rstrip("& "), comments=True)
        self.words, rest = words, words[1:]
        while rest and rest[0].startswith("-"):  # options that stand before the command
            rest = rest[2:] if rest[0] in ("--town", "-t") else rest[1:]
        self.command = rest[0] if rest else ""
        self.rest = rest[1:]
        groups = ("task", "backlog", "dead", "auth", "sync", "store")
        self.key = f"{self.command} {self.rest[0]}" if self.command in groups and self.rest else self.command

    def has(self, *options):
        return any(option in self.words for option in options)


def terminal_lines(terminal):
    """What appears on a terminal, until nobody writes to it any more."""
    while True:
        try:
            text = os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            os.close(terminal)
            return
        yield text


class Town:
    """A scratch town with stand-ins for every CLI."""

    def __init__(self, tt, folder):
        self.folder, self.path = folder, folder / "town"
        for each in (self.path, folder / "bin"):
            each.mkdir(parents=True)
        (folder / "home" / ".config" / "fish" / "completions").mkdir(parents=True)
        (folder / "bin" / "tt").symlink_to(tt)
        for name in CLIS:
            program = folder / "bin" / name
            program.write_text(STAND_IN)
            program.chmod(0o755)
        self.environment = {"PATH": f"{folder}/bin:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder / "home"),
                            "LANG": "C.UTF-8", "TERM": "dumb", "SHELL": "/bin/bash",
                            **{f"GIT_{who}_{what}": "example@localhost" for who in ("AUTHOR", "COMMITTER")
                               for what in ("NAME", "EMAIL")}}
        subprocess.run(["git", "init", "-q", str(self.path)], check=True, env=self.environment)

    def tt(self, *words):
        result = subprocess.run(["tt", *words], cwd=self.path, env=self.environment, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=60, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"tt {' '.join(words)}: {result.stderr.strip()}")
        return result.stdout

    def json(self, *words):
        return json.loads(self.tt(*words, "--json"))

    def prepare(self):
        self.tt("init", "--name", "examples")
        with open(self.path / "tinytown.toml", "w", encoding="utf-8") as file:
            # What fails is given up at once; the examples on dead letters need one soon.
            file.write('name = "examples"\n\n[agent]\nmax_attempts = 1\n')
            for name in ("claude", "codex", "codex-mini", "auggie", "local-llama"):
                program = "ollama" if name == "local-llama" else name
                file.write(f'\n[agent_clis.{name}]\ncommand = "{program}"\n')
        self.tt("trust", "--yes")

    def configure(self, text):
        """Another tinytown.toml, by the person who trusts it."""
        (self.path / "tinytown.toml").write_text(text)
        self.tt("trust", "--yes")

    def run(self, line, until, seconds=30):
        """Runs a line as a shell does. One that follows is interrupted when it has printed what it should."""
        # What is drawn anew again and again needs a terminal.
        terminal, output = pty.openpty() if "--watch" in line else (None, subprocess.PIPE)
        process = subprocess.Popen(["bash", "-c", line], cwd=self.path, env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        if terminal is not None:
            os.close(output)
            process.stdout = terminal_lines(terminal)
        if until is None:
            try:
                text, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                text, _ = process.communicate()
                return 124, text
            return process.returncode, text
        lines = []
        guard = subprocess.Popen(["sh", "-c", f"sleep {seconds}; kill -INT -{process.pid} 2>/dev/null; sleep 5; kill -KILL -{process.pid}"],
                                 start_new_session=True)
        for each in process.stdout:
            lines.append(each)
            if re.search(until, "".join(lines)):
                break
        try:
            os.killpg(process.pid, signal.SIGINT)
        except ProcessLookupError:
            pass
        rest = "".join(process.stdout)
        process.wait()
        os.killpg(guard.pid, signal.SIGKILL)
        guard.wait()
        return process.returncode, "".join(lines) + rest

    def end(self):
        subprocess.run(["tt", "--town", str(self.path), "stop", "--now"], env=self.environment, check=False,
                       capture_output=True, timeout=60)
        # A town's own Redis outlives its hosts; this one's folder is about to go.
        for status in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if f"{self.path.resolve()}/.tt/redis.sock".encode() in status.read_bytes():
                    os.kill(int(status.parent.name), signal.SIGTERM)
                    # It writes to the folder until it has ended.
                    wait(lambda: not (status.parent / "exe").exists())
            except (OSError, ValueError):
                pass
        shutil.rmtree(self.folder, ignore_errors=True)


# What must be there before a command, beside the agents that it names.

def tasks(town, example):
    """Makes ids of examples mean a task that exists: in the backlog where the command is about that, else assigned."""
    if not (UUID.search(example.line) or re.search(r"\b3f2a\w*\b", example.line)):
        return example.line
    if hasattr(town, "waiting"):
        return re.sub(r"\b3f2a\w*\b", town.waiting[:8], example.line)
    if example.command == "backlog":
        value = town.json("backlog", "add", "Harden error handling", "--tags", "backend")
    elif example.command == "dead":
        return re.sub(r"\b3f2a\w*\b", dead_letter(town), example.line)
    else:
        town.tt("spawn", "keeper", "--cli", "codex")
        town.tt("interrupt", "keeper")
        value = town.json("assign", "keeper", "Fix the bug")
    ident = value.get("task", value)["id"]
    return re.sub(r"\b3f2a\w*\b", ident[:8], UUID.sub(ident, example.line))


def dead_letter(town):
    listed = town.json("dead", "list")["messages"]
    return listed[0]["id"] if listed else ""


def failed(town, _):
    """An agent whose only message could not be worked on."""
    town.tt("spawn", "breaker", "--cli", "false")
    town.tt("send", "breaker", "this cannot work")
    wait(lambda: town.json("dead", "list")["messages"])


def wait(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("what the example speaks of did not come about")
        time.sleep(0.02)


def ended(town, example):
    for name in named(example):
        town.tt("kill", name, "--now")
        town.tt("wait", name)


def paused(town, example):
    for name in named(example):
        town.tt("interrupt", name)


def backlog(town, _):
    town.tt("backlog", "add", "Write the docs", "--tags", "docs")


def plan(town, example):
    if "--init" not in example.words and "-i" not in example.words:
        (town.path / "tasks.toml").write_text('[[tasks]]\nid = "login"\ndescription = "Build the login"\n')


def file(town, _):
    (town.path / "task.md").write_text("Create the auth API\n")


def gone(town, _):
    town.tt("spawn", "keeper", "--cli", "codex")
    town.tt("kill", "keeper", "--now")
    town.tt("wait", "keeper")


def orphan(town, example):
    """A task of an agent that has ended."""
    lost = example.words[example.words.index("--from") + 1] if "--from" in example.words else "worker-1"
    for name in (lost, "worker-2"):
        if name not in {agent["name"] for agent in town.json("list")["agents"]}:
            town.tt("spawn", name, "--cli", "codex")
    town.tt("interrupt", lost)
    town.tt("assign", lost, "Fix the bug")
    town.tt("kill", lost, "--now")
    town.tt("wait", lost)


def someone(town, _):
    town.tt("spawn", "keeper", "--cli", "codex")


def done(town, example):
    """The id of an example is that of a task that was completed."""
    someone(town, example)
    town.waiting = town.json("assign", "keeper", "Fix the bug")["task"]["id"]
    wait(lambda: town.json("task", "show", town.waiting)["task"]["state"] == "completed")


def worked(town, example):
    """The agent has taken a turn, so that there are logs."""
    for name in named(example) or ["keeper"]:
        if name == "keeper":
            someone(town, example)
        task = town.json("assign", name, "Fix the bug")["task"]["id"]
        wait(lambda: town.json("task", "show", task)["task"]["state"] == "completed")
    if "3f2a" not in example.line and example.key == "task current":
        town.tt("interrupt", example.rest[1])
        town.tt("assign", example.rest[1], "Fix the bug")


def waiting(town, _):
    """The id of an example is that of a task that waits for another."""
    first = town.json("backlog", "add", "Write the docs")
    town.waiting = town.json("backlog", "add", "Review the docs", "--depends-on", first["task"]["id"])["task"]["id"]


def failed_task(town, _):
    """The id of an example is that of a task that failed."""
    town.waiting = town.json("backlog", "add", "Write the docs")["task"]["id"]
    town.json("task", "fail", town.waiting)


def in_turn(town, example):
    """As if an agent's turn ran the line: without an id it means the turn's task."""
    if not example.rest[1:] or example.rest[1].startswith("-"):
        someone(town, example)
        town.tt("interrupt", "keeper")
        town.environment["TINYTOWN_TASK_ID"] = town.json("assign", "keeper", "Fix the bug")["task"]["id"]


# What a CLI builds in place of a Redis: it prints its version, and serves as far as it is tried out.
SERVER = """#!/usr/bin/env python3
import os, socket, sys
if "--version" in sys.argv:
    print("Redis server v=VERSION sha=0")
    sys.exit()
listener, kept = socket.socket(socket.AF_UNIX), {}
listener.bind(sys.argv[sys.argv.index("--unixsocket") + 1])
listener.listen()
info = f"# Server\\r\\nredis_version:VERSION\\r\\nprocess_id:{os.getpid()}\\r\\n"
def bulk(text): return f"${len(text)}\\r\\n{text}\\r\\n"
while True:
    stream = listener.accept()[0].makefile("rwb")
    while line := stream.readline():
        words = []
        for _ in range(int(line[1:])):
            size = int(stream.readline()[1:])
            words.append(stream.read(size + 2)[:-2].decode())
        if words[0] == "SET": kept[words[1]] = words[2]
        answer = {"GET": lambda: bulk(kept[words[1]]), "INFO": lambda: bulk(info), "PING": lambda: "+PONG\\r\\n"}
        stream.write(answer.get(words[0], lambda: "+OK\\r\\n")().encode())
        stream.flush()
"""


def builder(town, example):
    """A Redis on the PATH, and CLIs that build another of the version that is asked for."""
    version = next((word for word in example.rest if word[0].isdigit()), "8.0.2")
    built = town.folder / "built-server"
    built.write_text(SERVER.replace("VERSION", version))
    built.chmod(0o755)
    for name in CLIS:
        (town.folder / "bin" / name).write_text(f"#!/bin/sh\ncat >/dev/null\nmkdir -p bin\ncp '{built}' bin/redis-server\n")
    program = town.folder / "bin" / "redis-server"
    program.write_text('#!/bin/sh\necho "Redis server v=7.2.4 sha=0"\n')
    program.chmod(0o755)


def conducting(town, _):
    """A conductor that gives out a task and its review, and workers that approve of everything."""
    lead = r"""#!/bin/sh
prompt=$(cat)
goal=$(printf '%s' "$prompt" | sed -n 's/.*Your goal, task \([0-9a-f-]*\):.*/\1/p' | head -n 1)
if [ -n "$goal" ]; then
    echo "$goal" >goal
    tt spawn builder --cli codex && tt spawn reviewer --cli codex
    work=$(tt assign builder "Build it" | sed -n 's/.*Assigned task \([0-9a-f-]*\) to.*/\1/p')
    tt assign reviewer "Review it" --tags review --depends-on "$work"
elif printf '%s' "$prompt" | grep -q 'approved: by a stand-in'; then
    tt task complete "$(cat goal)" --result "built and approved" || true
fi
"""
    (town.folder / "bin" / "claude").write_text(lead)
    (town.folder / "bin" / "codex").write_text(STAND_IN.replace("done by a", "approved: by a"))


def other_store(town, example):
    """A Redis of the town's own; a town that goes to the embedded store is in Redis first."""
    text = (town.path / "tinytown.toml").read_text()
    redis = "\n[redis]\nuse_socket = true\n"
    if "--to sqlite" in example.line:
        text = text.replace('name = "examples"\n', 'name = "examples"\nstore = "redis"\n')
    else:
        text = text.replace('name = "examples"\n', 'name = "examples"\nstore = "sqlite"\n')
    town.configure(text + redis)


def stoppable(town, example):
    """Where a server is to end, the town has one, and an agent."""
    if "--server" in example.line:
        town.configure('name = "examples"\nstore = "redis"\n')
        town.tt("spawn", "keeper", "--cli", "codex")


def old_keys(town, example):
    """A town in Redis, and beside it what a version before 0.10 left."""
    town.configure('name = "examples"\nstore = "redis"\n')
    town.tt("status")
    key = "tt:examples:agent" if "--hash" in example.line else "tt:agent"
    ident = "11111111-2222-4333-8444-555555555555"
    record = json.dumps({"id": ident, "name": "old", "state": "stopped", "cli": "codex"})
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(str(town.path / ".tt" / "redis.sock"))
        words = ("SET", f"{key}:{ident}", record)
        server.sendall(b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))
        if server.recv(100) != b"+OK\r\n":
            raise RuntimeError("the old key could not be written")


def elsewhere(town, _):
    folder = town.folder / "home" / "git" / "my-project"
    folder.mkdir(parents=True)
    town.tt("--town", str(folder), "init")


def known_town(town, _):
    """A town called old-shop, whose folder is gone."""
    folder = town.folder / "old-shop"
    folder.mkdir()
    town.tt("--town", str(folder), "init", "--name", "old-shop")
    shutil.rmtree(folder)


def release(town, _):
    """A newer release, as scripts/dist writes one."""
    name = "tinytown-0.2.0-linux-x86_64.tar.gz"
    (town.path / name).write_text("")
    (town.path / "SHA256SUMS").write_text(f"{'0' * 64}  {name}\n")


def saved(town, example):
    for file in ("", "monday.jsonl"):
        town.tt("save", *([file] if file else []))


def configured(town, example):
    if ".env." in example.line:
        town.tt("config", "agent_clis.mine.command", "codex")


def nothing(_town, _example):
    pass


def named(example):
    words = [word for before, word in zip(["", *example.words], example.words) if before not in ("--role", "--tags", "--nickname")]
    return [name for name in AGENTS if name in words and name != "conductor"]


# By command: what must be there first, and what must be printed. A name in braces is the agent of the line.
EXPECTED = {
    "init": (None, r"✨ Initialized town '.+' at .+"),
    "spawn": (nothing, r"🤖 Spawned agent '{agent}' using CLI '.+'\n   ID: [0-9a-f-]{{36}}"),
    "conductor": (conducting, r"🚂 (Starting conductor with (claude|codex)|Conducting towards the goal[\s\S]*🏁 The goal is reached)"),
    "list": (nothing, r"Agents:|No agents|^$"),
    "assign": (file, r"📋 Assigned task [0-9a-f-]{{36}} to agent '{agent}'"),
    "send": (someone, r"(📤 Sent \w+ message|🚨 Sent URGENT \w+ message) to '"),
    "inbox": (nothing, r"message|No messages|nothing|empty"),
    "costs": (nothing, r"No turns yet|TURNS|\{{"),
    "status": (nothing, r"🏘️ +Town|Town|\{{"),
    "task list": (nothing, r"tasks?"),
    "task show": (nothing, r"Fix the bug"),
    "task current": (worked, r"task"),
    "task last": (worked, r"done by a stand-in"),
    "task complete": (in_turn, r"✅ .*completed"),
    "task wait": (done, r"✅ Task [0-9a-f]{{8}} completed"),
    "task fail": (in_turn, r"❌ .*failed"),
    "task retry": (failed_task, r"begins anew"),
    "task release": (waiting, r"no longer waits"),
    "task cancel": (in_turn, r"🚫 .*cancelled"),
    "backlog add": (nothing, r"backlog"),
    "backlog list": (backlog, r"Write the docs"),
    "backlog claim": (nothing, r"to agent '{agent}( \(.*\))?'"),
    "backlog assign-all": (backlog, r"1 task"),
    "backlog remove": (nothing, r"[Rr]emoved"),
    "kill": (nothing, r"🛑 .*'{agent}'"),
    "close": (nothing, r"'{agent}'"),
    "interrupt": (nothing, r"'{agent}'"),
    "resume": (paused, r"'{agent}'"),
    "restart": (ended, r"'{agent}'"),
    "wait": (ended, r"'{agent}'"),
    "stop": (stoppable, r"agents?"),
    "dead list": (failed, r"this cannot work"),
    "dead show": (failed, r"this cannot work"),
    "dead retry": (failed, r"put back"),
    "dead drop": (failed, r"[Dd]ropped|[Dd]eleted"),
    "logs": (worked, r"."),
    "events": (worked, r"agent_spawned|task_completed|spawned"),
    "history": (someone, r"joined the town|No"),
    "config": (configured, r".+"),
    "towns": (nothing, r"examples"),
    "update": (release, r"tt 0\.2\.0 is available"),
    "completions": (None, r"tt|^$"),
    "help": (None, r"Usage"),
    "tasks": (someone, r"message|No|nothing"),
    "generate-api-key": (nothing, r"[0-9a-f]{{64}}[\s\S]*\$argon2id\$"),
    "prune": (gone, r"keeper"),
    "recover": (nothing, r".+"),
    "reclaim": (orphan, r"1 item|Fix the bug"),
    "reset": (nothing, r".+"),
    "plan": (plan, r"login|tasks.toml"),
    "sync": (plan, r"task"), "sync push": (plan, r"task"), "sync pull": (plan, r"task"),
    "save": (someone, r"Snapshot: .*jsonl[\s\S]*1 agent"),
    "restore": (saved, r"agents?"),
    "migrate": (old_keys, r"Migration Preview \(dry run\)[\s\S]*1 key|✅ Migrated 1 key"),
    "store copy": (other_store, r"✅ Copied 0 agents"),
    "bootstrap": (builder, r"✅ Redis [\d.]+ (is already there|installed): "),
    "doctor": (nothing, r"🩺 Town 'examples'[\s\S]*✅ Nothing is wrong."),
    "trust": (nothing, r"trust|\["),
    "service": (nothing, r"\[Service\][\s\S]*ExecStart=|No unit is installed|There is no unit|false"),
    "auth gen-key": (nothing, r"[0-9a-f]{{64}}[\s\S]*\$argon2id\$"),
}
# Lines that differ from their command's rule: what must be there, exit code, what must be printed.
SPECIAL = {
    "tt start --town ~/git/my-project": (elsewhere, 0, r"."),
    "tt towns forget old-shop": (known_town, 0, r"Forgot old-shop"),
    "tt towns forget --missing": (known_town, 0, r"Forgot old-shop"),
    "tt migrate": (old_keys, 1, r"Continue\? \[y/N\][\s\S]*nothing was changed"),
    "tt migrate --hash": (old_keys, 1, r"Continue\? \[y/N\][\s\S]*nothing was changed"),
    "tt doctor --security": (nothing, 1, r"🩺 Town 'examples'[\s\S]*security.risky_setting"),
    "tt restart nonexistent": (nothing, 3, r"no agent .*nonexistent|nonexistent.* not found"),
}
# Commands that go on until they are interrupted, once they have printed what they should.
FOLLOWING = {
    "attach": (nothing, r"."),
    "start": (nothing, r"."),
}


def follows(example):
    return (example.command in FOLLOWING or example.has("--follow", "-f", "--watch", "--foreground")
            and example.command in ("events", "logs", "status", "spawn", "restart", "mission"))


def found():
    """Every example, each once, with where it stands first."""
    examples = {}
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        inside = False
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("```"):
                # readme.py does what the README's console blocks say, in their order.
                shells = ("```sh",) if page.name == "README.md" else ("```sh", "```console")
                inside = line in shells and not inside
            elif inside and re.match(r"(\$ )?tt\b", line):
                text = re.sub(r"\s+#\s.*$", "", line.removeprefix("$ ")).strip()
                examples.setdefault(text, f"{page.relative_to(ROOT)}:{number}")
    for number, line in enumerate((ROOT / "Tests/Examples/book.txt").read_text(encoding="utf-8").splitlines(), 1):
        examples.setdefault(line.strip(), f"the book, line {number} of book.txt")
    return [Example(line, source) for line, source in examples.items()]


def attempt(tt, example):
    """Runs an example. Returns what is wrong with it, or None, and what it printed."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tt-example-"))
    town = Town(tt, folder)
    try:
        special = SPECIAL.get(example.line)
        rule = special or EXPECTED.get(example.key) or EXPECTED.get(example.command) or FOLLOWING.get(example.command)
        if not rule:
            return f"no rule for '{example.key}' in EXPECTED", ""
        setup, pattern, wanted = rule[0], rule[-1], special[1] if special else 0
        line = example.line
        if setup is not None:
            town.prepare()
            for name in named(example):
                if example.command != "spawn":
                    town.tt("spawn", name, "--cli", "codex", *(["--role", name]))
            setup(town, example)
            line = tasks(town, example).replace(" /backup/", f" {folder}/")
        agent = next(iter(named(example)), r"[\w-]+")
        pattern = pattern.format(agent=agent) if not special else pattern
        following = follows(example)
        code, text = town.run(line, pattern if following else None)
        if not following and code != wanted:
            return f"exit code {code}, not {wanted}", text
        if following and code not in (0, 130, -signal.SIGINT):
            return f"exit code {code} after Ctrl-C", text
        if "--json" in example.words and "jq" not in line and not following:
            json.loads(text)
        elif "jq" not in line and not re.search(pattern, text):
            return f"'{pattern}' is not in what it prints", text
        return None, text
    except (RuntimeError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}", ""
    finally:
        town.end()


def recording(tt, writes):
    """Compares what the pages show with what is printed; returns what is wrong."""
    path = ROOT / "docs" / "commands" / "outputs.txt"
    now = recorded.record(tt, Town, pathlib.Path(tempfile.mkdtemp(prefix="tt-recorded-")))
    if writes:
        path.write_text(now, encoding="utf-8")
        return ""
    then = path.read_text(encoding="utf-8") if path.exists() else ""
    return "\n".join(difflib.unified_diff(then.splitlines(), now.splitlines(), "docs/commands/outputs.txt", "printed now",
                                          lineterm="", n=1))


def main():
    parser = argparse.ArgumentParser(description="Run the examples of the documentation.")
    parser.add_argument("--record", action="store_true", help="write docs/commands/outputs.txt, and nothing else")
    parser.add_argument("--tt", required=True, type=pathlib.Path)
    parser.add_argument("--only", help="examples that contain this text")
    parser.add_argument("--show", action="store_true", help="show what each prints")
    options = parser.parse_args()
    # A shell starts what runs in the background with interrupts ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tt, passed, wrong = options.tt.resolve(), 0, 0
    if options.record:
        recording(tt, True)
        return
    if not options.only:
        problem = recording(tt, False)
        passed, wrong = passed + (not problem), wrong + bool(problem)
        if problem:
            print(f"FAIL  the outputs of the pages have changed: run Tests/Examples/run.py --record\n{problem}")
    for example in found():
        if options.only and options.only not in example.line:
            continue
        problem, text = attempt(tt, example)
        passed, wrong = passed + (problem is None), wrong + (problem is not None)
        if problem or options.show:
            print(f"{'FAIL' if problem else 'ok  '}  {example.line}   ({example.source})")
            if problem:
                print(f"      {problem}")
            for line in text.strip().splitlines()[:12]:
                print(f"      | {line}")
    print(f"{passed} examples passed, {wrong} failed")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
