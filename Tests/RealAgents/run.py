#!/usr/bin/env python3
"""Runs a town with the real Claude Code and Codex against a stand-in for the LLM services, and checks what happens.

    run.py --tt PATH [--only claude|codex] [--case NAME] [--cache FOLDER] [--keep]

Everything runs in one network namespace without a way out (root needed), in a scratch folder with its own HOME and
TT_HOME. Each case is a town of its own. A line is printed for each check; the last line is `N passed, M failed`, and
the exit status is 0 only when all passed. `--keep` leaves the scratch folder for a look at it.
"""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from namespace import enter, end_marked, marked, StandIn
import fetch

SHELL = {"claude": ("Bash", "command"), "codex": ("exec_command", "cmd")}
AGENT = "worker"
# Seconds; longer than any delay that the cases configure, so that only the service can be the reason.
ASKED = 9
FIRST_DELAY = 2


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, text, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(f"  {'ok  ' if good else 'FAIL'}  {text}{'' if good or not detail else f' — {detail}'}", flush=True)
        return bool(good)


class Town:
    """A scratch town whose agent is a real CLI that talks to the stand-in."""

    def __init__(self, tt, cli, program, folder, stand, settings):
        self.tt, self.cli, self.stand = tt, cli, stand
        self.path, home = folder / "town", folder / "home"
        for each in (self.path, home / ".codex", folder / "tt-home"):
            each.mkdir(parents=True)
        self.environment = {
            "PATH": f"{pathlib.Path(program).parent}:/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "TERM": "dumb",
            "TT_HOME": str(folder / "tt-home"), "LANG": "C.UTF-8"}
        self.run("init", "--name", "real")
        config = self.path / "tinytown.toml"
        # Keys of a table that exists already are added below its header: TOML allows each table once.
        text = config.read_text()
        for table, lines in {**settings, **self.connection(home)}.items():
            header = f"[{table}]"
            own = {line.split(" = ")[0] for line in lines}
            kept, inside = [], False
            for line in text.splitlines():
                inside = line.strip() == header if line.startswith("[") else inside
                if not (inside and line.split(" = ")[0].strip() in own):
                    kept.append(line)
            text = "\n".join(kept) + "\n"
            addition = header + "\n" + "\n".join(lines)
            text = text.replace(header + "\n", addition + "\n", 1) if f"\n{header}\n" in text else f"{text}\n{addition}\n"
        config.write_text(text)
        self.run("trust", "--yes")

    def connection(self, home):
        """Configuration tables that lead the CLI to the stand-in."""
        if self.cli == "claude":
            values = {"ANTHROPIC_BASE_URL": self.stand.base, "ANTHROPIC_API_KEY": "dummy"}
            if os.geteuid() == 0:
                values["IS_SANDBOX"] = "1"
        else:
            (home / ".codex" / "config.toml").write_text(
                'model_provider = "standin"\n[model_providers.standin]\nname = "stand-in"\n'
                f'base_url = "{self.stand.base}/v1"\nwire_api = "responses"\nenv_key = "OPENAI_API_KEY"\n')
            values = {"CODEX_HOME": str(home / ".codex"), "OPENAI_API_KEY": "dummy"}
        return {f"agent_clis.{self.cli}.env": [f"{name} = {json.dumps(value)}" for name, value in values.items()]}

    def run(self, *words, check=True):
        result = subprocess.run([self.tt, "--town", str(self.path), *words], cwd=self.path, env=self.environment,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        if check and result.returncode != 0:
            raise RuntimeError(f"tt {' '.join(words)} ended with {result.returncode}: {result.stderr.strip()}")
        return result.stdout

    def json(self, *words):
        return json.loads(self.run(*words, "--json"))

    def agent(self):
        return next((each for each in self.json("status")["agents"] if each["name"] == AGENT), {})

    def assign(self, text):
        """Gives the agent a task and returns the task's id."""
        value = self.json("assign", AGENT, text)
        value = value.get("task", value)
        return value["id"] if isinstance(value, dict) else value

    def task(self, ident):
        value = self.json("task", "show", ident)
        return value.get("task", value)

    def events(self, kind=None):
        value = self.json("events", "--count", "500")
        events = value["events"] if isinstance(value, dict) else value
        return [event for event in events if kind in (None, event["event_type"])]

    def story(self):
        return " | ".join(f"{event['event_type']}: {event.get('message', '')}"[:160] for event in self.events()[-8:])


def until(condition, seconds):
    """The condition's first true value within so many seconds, else its last one."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.2)


def moment(event):
    return datetime.datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")).timestamp()


def completing(cli, match, result, **more):
    tool, key = SHELL[cli]
    command = f'tt task complete "$TINYTOWN_TASK_ID" --result "{result}"'
    return {"match": match, "steps": [{"tool": tool, "input": {key: command}}, {"reply": "Done."}], **more}


def two_tasks(town, checks):
    cli = town.cli
    town.stand.set([completing(cli, "paint the second fence", "second fence"),
                    completing(cli, "paint the first fence", "first fence")])
    sessions = []
    for word in ("first", "second"):
        ident = town.assign(f"Please paint the {word} fence.")
        done = until(lambda: town.task(ident)["state"] == "completed", 60)
        checks.check(done, f"the {word} task is completed by the CLI's own shell command", town.story())
        checks.check(town.task(ident).get("result") == f"{word} fence", "its result is what the shell command said",
                     town.task(ident).get("result"))
        until(lambda: town.agent().get("state") == "idle", 30)
        sessions.append(town.agent().get("session_id"))
    checks.check(sessions[0] and sessions[0] == sessions[1], "both turns have one session id", str(sessions))
    users = [(entry["text"], entry["users"]) for entry in town.stand.requests() if "text" in entry]
    checks.check(any("first fence" in text for text, _ in users), "the task's text reaches the service in full")
    last = [number for text, number in users if "second fence" in text]
    checks.check(last and min(last) > min(number for _, number in users), "the second turn continues the first's session",
                 str([number for _, number in users]))


def bad_key(town, checks):
    town.stand.set([{"status": 401, "error": {"type": "authentication_error", "message": "invalid x-api-key"}}])
    started = time.monotonic()
    ident = town.assign("Please try.")
    paused = until(lambda: town.agent().get("state") == "paused", 60)
    checks.check(paused, f"a 401 pauses the agent (after {time.monotonic() - started:.0f} s)", town.story())
    said = " ".join(event.get("message", "") for event in town.events()).lower()
    checks.check("(authentication)" in said, "the failure's class is authentication", town.story())
    checks.check(town.task(ident)["state"] not in ("failed", "completed"), "the task is kept", town.task(ident)["state"])
    seen = len(town.stand.requests())
    time.sleep(3)
    checks.check(len(town.stand.requests()) == seen, "a paused agent asks the service no more")


def rate_limit(town, checks):
    # The header is for the CLI, which tries again by itself; what it finally says is for the town.
    limited = {"status": 429, "headers": {"retry-after": 1},
               "error": {"type": "rate_limit_error", "message": f"slow down, please try again in {ASKED}s"}}
    town.stand.set([limited])
    ident = town.assign("Please paint the fence.")
    failed = until(lambda: town.events("turn_failed"), 90)
    checks.check(failed, "a 429 ends the turn as failed", town.story())
    said = " ".join(event.get("message", "") for event in failed or []).lower()
    checks.check("(rate_limit)" in said, "the failure's class is rate_limit", said)
    queue = town.json("status")["queue"]
    checks.check(queue["dead"] == 0 and queue["waiting"] + queue["leased"] >= 1, "the message stays queued", str(queue))
    checks.check(town.agent().get("state") != "paused", "the agent is not paused", str(town.agent()))
    town.stand.set([completing(town.cli, "", "after the limit")])
    done = until(lambda: town.task(ident)["state"] == "completed", 90)
    checks.check(done, "it is done when the service answers again", town.story())
    ended, again = failed[0], [event for event in town.events("turn_started") if moment(event) > moment(failed[0])]
    waited = moment(again[0]) - moment(ended) if again else -1
    # Codex only says that it was limited ("exceeded retry limit"), after waiting as asked itself.
    told = f"{ASKED}s" in ended.get("message", "")
    checks.check(told or town.cli == "codex", "the CLI passes on how long the service asks to wait", ended.get("message"))
    # The service's time began when it answered, a moment before the turn ended.
    checks.check(waited >= (ASKED - 0.5 if told else 0.8 * FIRST_DELAY),
                 f"the town waits {f'the {ASKED} s that the service asked for' if told else 'its first delay'} ({waited:.2f} s)")


def hung_service(town, checks):
    town.stand.set([{"hang": True, "path": "messages|responses"}])
    ident = town.assign("Please paint the fence.")
    failed = until(lambda: town.events("turn_failed"), 60)
    checks.check(failed, "a service that never answers ends the turn after turn_timeout", town.story())
    said = " ".join(event.get("message", "") for event in failed or []).lower()
    checks.check("(timeout)" in said, "the failure's class is timeout", said)
    town.stand.set([completing(town.cli, "", "after the hang")])
    done = until(lambda: town.task(ident)["state"] == "completed", 90)
    checks.check(done, "the task is tried again and done", town.story())


def killed(town, checks):
    tool, key = SHELL[town.cli]
    slow = "python3 -c 'import time; time.sleep(100)'"
    town.stand.set([{"steps": [{"tool": tool, "input": {key: slow}}], "times": 1}, {"hang": True}])
    ident = town.assign("Please paint the fence.")
    sleeper = until(lambda: [pid for pid, words in marked(town.path) if "time.sleep(100)" in words], 60)
    clis = [pid for pid, words in marked(town.path) if words.split(" ")[0].rsplit("/", 1)[-1] == town.cli]
    if not checks.check(sleeper and clis, "the CLI runs its shell command", town.story()):
        return
    town.stand.set([completing(town.cli, "", "after the kill")])
    for pid in clis:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    failed = until(lambda: town.events("turn_failed"), 30)
    checks.check(failed, "a CLI that is killed in mid-run is a failed turn", town.story())
    said = " ".join(event.get("message", "") for event in failed or [])
    checks.check("(crash)" in said, "the failure's class is crash", said)
    gone = until(lambda: not [pid for pid, words in marked(town.path) if "time.sleep(100)" in words], 15)
    checks.check(gone, "the killed CLI's shell command is ended as well")
    done = until(lambda: town.task(ident)["state"] == "completed", 90)
    checks.check(done, "the task is tried again and done", town.story())


FAST = [f"first_delay_secs = {FIRST_DELAY}", "longest_delay_secs = 5"]
CASES = {
    "two-tasks": (two_tasks, "two tasks in one session", {"agent": FAST}),
    "bad-key": (bad_key, "401", {"agent": FAST}),
    "rate-limit": (rate_limit, "429 with retry-after", {"agent": FAST}),
    "hung-service": (hung_service, "a service that never answers", {"agent": [*FAST, "turn_timeout_secs = 8"]}),
    "killed": (killed, "SIGKILL in mid-run", {"agent": FAST}),
}


def run_case(tt, cli, program, name, folder, checks):
    work, title, settings = CASES[name]
    print(f"{cli}: {title}", flush=True)
    with StandIn(folder / "stand-in") as stand:
        town = None
        try:
            town = Town(tt, cli, program, folder, stand, settings)
            town.run("spawn", AGENT, "--cli", cli)
            work(town, checks)
        except (RuntimeError, KeyError, ValueError, subprocess.TimeoutExpired) as error:
            checks.check(False, "the case could be carried out", f"{type(error).__name__}: {error}")
        finally:
            if town:
                hosts = []
                try:
                    hosts = [host["pid"] for host in town.json("status").get("hosts", [])]
                    town.run("stop")
                except (RuntimeError, KeyError, ValueError, subprocess.TimeoutExpired) as error:
                    checks.check(False, "tt stop ends the town", str(error))
                until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in hosts), 20)
                checks.check(not any(pathlib.Path(f"/proc/{pid}").exists() for pid in hosts), "the host has ended")
                until(lambda: not marked(town.path), 5)
                left = end_marked(town.path)
                checks.check(not left, "no process is left", "; ".join(left))


def main():
    parser = argparse.ArgumentParser(description="Check a town with the real agent CLIs.")
    parser.add_argument("--tt", required=True, type=pathlib.Path, help="the program to test")
    parser.add_argument("--only", choices=("claude", "codex"))
    parser.add_argument("--case", choices=sorted(CASES))
    parser.add_argument("--cache", type=pathlib.Path, default=fetch.ROOT / ".build" / "real-agents")
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder")
    options = parser.parse_args()
    tt = options.tt.resolve()
    if not os.access(tt, os.X_OK):
        sys.exit(f"run.py: {tt} is not a program; build it first")
    clis = [options.only] if options.only else ["claude", "codex"]
    programs = {cli: fetch.fetch(cli, options.cache.resolve()) for cli in clis}
    enter()
    checks = Checks()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="real-agents-"))
    try:
        for cli in clis:
            print(f"{cli} {programs[cli]['version']}")
            for name in [options.case] if options.case else CASES:
                folder = scratch / f"{cli}-{name}"
                folder.mkdir()
                run_case(str(tt), cli, programs[cli]["path"], name, folder, checks)
    finally:
        if options.keep:
            print(f"kept: {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
