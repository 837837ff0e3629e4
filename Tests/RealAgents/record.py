#!/usr/bin/env python3
"""Records what the real agent CLIs print, for the harness tests: `Tests/Fixtures/harness/{claude,codex}/*.jsonl`.

    record.py [--into FOLDER] [--only claude|codex] [--case NAME]

Each case runs the CLI with the very arguments and environment that the harness gives it, against the stand-in, in a
network namespace of its own (root needed). Paths, ids and times in the streams are replaced by neutral values. Besides
the stream, `cases.json` in each folder tells for each case: exit status or signal, seconds, requests that the service
saw, and the end of standard error.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

from namespace import enter, end_marked, StandIn
import fetch

HERE = pathlib.Path(__file__).resolve().parent
SESSION = "3f0c2a54-7d1e-4b8a-9c6f-5a1b2c3d4e5f"
ABSENT = "00000000-0000-4000-8000-000000000000"
SHELL = {"claude": "Bash", "codex": "exec_command"}
ARGUMENT = {"claude": "command", "codex": "cmd"}


def call(cli, command):
    return {"tool": SHELL[cli], "input": {ARGUMENT[cli]: command}}


def rules(cli):
    slow = "echo started > started.txt; python3 -c 'import time; time.sleep(120)'"
    overloaded = {"type": "overloaded_error" if cli == "claude" else "server_error", "message": "Overloaded"}
    return [
        {"match": "first task", "steps": [call(cli, "echo working on $TINYTOWN_TASK_ID"), {"reply": "The first task is done."}]},
        {"match": "second task", "steps": [{"reply": "The second task is done."}]},
        {"match": "failing command", "steps": [call(cli, "echo no >&2; exit 3"), {"reply": "The command failed."}]},
        {"match": "bad key", "status": 401, "error": {"type": "authentication_error", "message": "invalid x-api-key"}},
        {"match": "rate limit long", "status": 429, "headers": {"retry-after": 3600},
         "error": {"type": "rate_limit_error", "message": "Too many requests"}},
        {"match": "rate limit", "status": 429, "headers": {"retry-after": 1},
         "error": {"type": "rate_limit_error", "message": "Too many requests"}},
        {"match": "no credit", "status": 400 if cli == "claude" else 429,
         "error": {"type": "invalid_request_error", "message": "Your credit balance is too low"} if cli == "claude"
         else {"type": "insufficient_quota", "code": "insufficient_quota", "message": "You exceeded your current quota"}},
        {"match": "too long", "status": 400,
         "error": {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"}
         if cli == "claude" else {"type": "invalid_request_error", "code": "context_length_exceeded",
                                  "message": "Your input exceeds the context window of this model."}},
        {"match": "unknown model", "status": 404, "error": {"type": "not_found_error", "message": "model: nonesuch"}},
        {"match": "overloaded", "status": 529 if cli == "claude" else 503, "error": overloaded},
        {"match": "never answer", "hang": True},
        {"match": "slow command", "steps": [call(cli, slow), {"reply": "Finished."}]},
    ]


# name: (prompt, session to continue, what is done to the process)
CASES = {
    "tool-call": ("Do the first task.", None, None),
    "resumed": ("Do the second task.", "tool-call", None),
    "failing-command": ("Run the failing command.", None, None),
    "bad-key": ("Try with the bad key.", None, None),
    "rate-limit": ("Meet the rate limit.", None, None),
    "rate-limit-long": ("Meet the rate limit long.", None, None),
    "no-credit": ("There is no credit.", None, None),
    "context-overflow": ("This is too long.", None, None),
    "unknown-model": ("Use the unknown model.", None, None),
    "overloaded": ("The service is overloaded.", None, None),
    "refused": ("Nobody listens.", None, "refused"),
    "hung": ("You will never answer.", None, "term-when-hung"),
    "killed-in-tool": ("Run the slow command.", None, "kill-in-tool"),
    "terminated-in-tool": ("Run the slow command.", None, "term-in-tool"),
    "resumed-after-kill": ("Do the second task.", "killed-in-tool", None),
    "session-missing": ("Do the second task.", "absent", None),
}


def environment(cli, home, town, base):
    """What the harness gives to the child; nothing is inherited."""
    common = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "TERM": "dumb", "LANG": "C.UTF-8",
              "TINYTOWN_TOWN": str(town), "TINYTOWN_AGENT_NAME": "worker", "TINYTOWN_TASK_ID": "task-1"}
    if cli == "codex":
        return {**common, "CODEX_HOME": str(home / ".codex"), "OPENAI_API_KEY": "dummy"}
    return {**common, "ANTHROPIC_BASE_URL": base, "ANTHROPIC_API_KEY": "dummy", "IS_SANDBOX": "1",
            "CLAUDE_CODE_MAX_RETRIES": "2", "API_TIMEOUT_MS": "3000", "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
            "CLAUDE_CODE_DISABLE_FILE_MENTIONS": "1", "ENABLE_TOOL_SEARCH": "false"}


def arguments(cli, path, town, base, session, new):
    if cli == "claude":
        return [path, "-p", "--output-format", "stream-json", "--verbose", "--resume" if session else "--session-id",
                session or new, "--permission-mode", "bypassPermissions"]
    provider = "model_providers.standin."
    settings = ['model_provider="standin"', f'{provider}name="stand-in"', f'{provider}base_url="{base}/v1"',
                f'{provider}wire_api="responses"', f'{provider}env_key="OPENAI_API_KEY"',
                f"{provider}request_max_retries=1", f"{provider}stream_max_retries=1", "analytics.enabled=false",
                "shell_environment_policy.ignore_default_excludes=false"]
    options = [part for setting in settings for part in ("-c", setting)]
    for feature in ("unbounded_connection_retries", "plugins", "apps"):
        options += ["--disable", feature]
    common = ["--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", *options]
    return [path, "exec", "resume", *common, session, "-"] if session else [path, "exec", *common, "-C", str(town), "-"]


def run(cli, path, name, folder, stand, sessions):
    prompt, continued, action = CASES[name]
    town, home = folder / f"{cli}-{name}", folder / f"home-{cli}"
    town = folder / f"{cli}-{continued}" if continued in CASES else town
    town.mkdir(exist_ok=True)
    (home / ".codex").mkdir(parents=True, exist_ok=True)
    session = ABSENT if continued == "absent" else sessions.get(continued)
    new = SESSION[:-2] + f"{list(CASES).index(name):02x}"
    base = "http://127.0.0.1:1" if action == "refused" else stand.base
    stand.forget()
    started = time.monotonic()
    # The namespace of process groups is the child's own, as the harness does it.
    child = subprocess.Popen(arguments(cli, path, town, base, session, new), cwd=town, start_new_session=True,
                             env=environment(cli, home, town, base), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    outputs = {}
    readers = [threading.Thread(target=lambda key=key, pipe=pipe: outputs.update({key: pipe.read()}))
               for key, pipe in (("out", child.stdout), ("err", child.stderr))]
    for reader in readers:
        reader.start()
    child.stdin.write(prompt.encode())
    child.stdin.close()
    limit = time.monotonic() + 20
    marker = town / "started.txt"
    while child.poll() is None and time.monotonic() < limit:
        seconds = time.monotonic() - started
        if action in ("kill-in-tool", "term-in-tool") and marker.exists():
            time.sleep(0.3)
            child.send_signal(signal.SIGKILL if action.startswith("kill") else signal.SIGTERM)
            break
        if action == "term-when-hung" and seconds > (12 if cli == "claude" else 6):
            child.send_signal(signal.SIGTERM)
            break
        time.sleep(0.05)
    asked = time.monotonic()
    try:
        status = child.wait(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        status = f"had to be killed ({child.wait()})"
    ended = time.monotonic()
    left = end_marked(town, settle=1.0 if action else 0.0)
    for reader in readers:
        reader.join(10)
    marker.unlink(missing_ok=True)
    out = outputs.get("out", b"").decode("utf-8", "replace")
    sessions[name] = found_session(cli, out) or new
    requests = [entry for entry in stand.requests() if "rule" in entry and not entry.get("hung_up")]
    fact = {"exit": status, "seconds": round(ended - started, 1), "requests": len(requests),
            "stderr": outputs.get("err", b"").decode("utf-8", "replace").strip()[-600:], "left": left}
    if action and action != "refused":
        fact["seconds_to_end_after_signal"] = round(ended - asked, 2)
    return out, fact


def found_session(cli, out):
    pattern = r'"thread_id":"([^"]+)"' if cli == "codex" else r'"session_id":"([^"]+)"'
    match = re.search(pattern, out)
    return match.group(1) if match else None


class Scrubber:
    """Replaces what belongs to this machine and this moment, the same value by the same neutral one."""

    def __init__(self, replacements):
        self.replacements, self.known = replacements, {}

    def __call__(self, text):
        for old, new in self.replacements:
            text = text.replace(old, new)
        text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", self.uuid, text)
        text = re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "2026-01-02T03:04:05.678Z", text)
        return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8080", text)

    def uuid(self, match):
        if match.group(0) == ABSENT:
            return ABSENT
        number = self.known.setdefault(match.group(0), len(self.known) + 1)
        return f"00000000-0000-4000-8000-{number:012x}"


def slim(line):
    """Leaves out the long lists of what an installation offers; they say nothing about the stream."""
    try:
        event = json.loads(line)
    except ValueError:
        return line
    if event.get("type") == "system" and event.get("subtype") == "init":
        for key in ("slash_commands", "skills", "agents", "plugins", "capabilities"):
            if isinstance(event.get(key), list):
                event[key] = event[key][:2]
        return json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    return line


def main():
    parser = argparse.ArgumentParser(description="Record streams of the real agent CLIs.")
    parser.add_argument("--into", type=pathlib.Path, default=HERE.parent / "Fixtures" / "harness")
    parser.add_argument("--cache", type=pathlib.Path, default=fetch.ROOT / ".build" / "real-agents")
    parser.add_argument("--only", choices=("claude", "codex"))
    parser.add_argument("--case", choices=sorted(CASES))
    options = parser.parse_args()
    clis = [options.only] if options.only else ["claude", "codex"]
    programs = {cli: fetch.fetch(cli, options.cache.resolve()) for cli in clis}
    enter()
    # Not below the system's temporary folder: Codex warns about a home there.
    scratch_root = fetch.ROOT / ".build"
    scratch_root.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="record-", dir=scratch_root) as name:
        folder = pathlib.Path(name)
        for cli in clis:
            target = options.into / cli
            target.mkdir(parents=True, exist_ok=True)
            path, facts, sessions = programs[cli]["path"], {}, {}
            previous = target / "cases.json"
            if options.case and previous.exists():
                facts = json.loads(previous.read_text())["cases"]
            with StandIn(folder / f"stand-in-{cli}", rules(cli)) as stand:
                for case in CASES:
                    if options.case and options.case != case and CASES[options.case][1] != case:
                        continue
                    scrub = Scrubber([(str(folder / f"{cli}-{CASES[case][1]}"), "/town"), (str(folder / f"{cli}-{case}"), "/town"),
                                      (str(folder / f"home-{cli}"), "/home/agent"), (path, cli),
                                      (str(folder).replace("/", "-").replace(".", "-"), "-town"), (str(folder), "/town")])
                    out, fact = run(cli, path, case, folder, stand, sessions)
                    lines = [slim(line) for line in out.split("\n")]
                    (target / f"{case}.jsonl").write_text(scrub("\n".join(lines)), encoding="utf-8")
                    fact["stderr"] = scrub(fact["stderr"])
                    fact["left"] = [scrub(words)[:60] for words in fact["left"]]
                    facts[case] = fact
                    print(f"{cli:6} {case:20} {json.dumps({k: v for k, v in fact.items() if k != 'stderr'})}", flush=True)
            previous.write_text(json.dumps({"version": programs[cli]["version"], "cases": facts}, indent=2) + "\n")


if __name__ == "__main__":
    main()
