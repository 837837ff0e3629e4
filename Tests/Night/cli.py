"""An agent CLI for the night: it does its work, and fails, in the words of the program under whose name it was started.

It reads the prompt, works on each KEY in it, hands on what HAND says, and completes its tasks. What goes wrong stands in the
driver's folder: `rules/AGENT` for all that an agent does (`expired`, `limit TIME`, `network TIME`), `bad/KEY` for one piece of
work (`crash`, `open`, `fail`). `ledger` gets a line for each beginning and each end. Two of one agent at a time are a violation.
"""
import fcntl, json, os, re, subprocess, sys, time

here = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))
program, words = os.path.basename(sys.argv[0]), sys.argv[1:]
name = os.environ["TINYTOWN_AGENT_NAME"]


def read(path):
    try:
        with open(path) as f: return f.read()
    except FileNotFoundError: return ""


def note(file, text):
    with open(f"{here}/{file}", "a") as f: f.write(text + "\n")


def now(): return time.time() + int.from_bytes(open(f"{here}/clock", "rb").read(8), "little", signed=True)


def after(*flags): return next((words[i + 1] for i in range(len(words) - 1) if words[i] in flags), None)


def tt(*more):
    """Runs tt as the agent would, by the clock of the night."""
    return subprocess.run(["tt", *more], env={**os.environ, "LD_PRELOAD": f"{here}/clock.so"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


def say(*events):
    for event in events: print(json.dumps(event))


session = after("--session-id", "--resume", "-s") or next((w[13:] for w in words if w.startswith("--session-id=")), "s-1")
if program == "codex": session = words[-2] if "resume" in words else f"t-{name}"


def succeed(text):
    """Says so as the program does, and ends."""
    if program == "claude":
        say({"type": "system", "subtype": "init", "session_id": session, "model": "m"},
            {"type": "assistant", "message": {"id": "1", "model": "m", "content": [{"type": "text", "text": text}]}, "session_id": session},
            {"type": "result", "subtype": "success", "is_error": False, "session_id": session, "num_turns": 1, "result": text})
    elif program == "codex":
        say({"type": "thread.started", "thread_id": session}, {"type": "turn.started"},
            {"type": "item.completed", "item": {"id": "1", "type": "agent_message", "text": text}},
            {"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": 5}})
    elif program == "gemini":
        say({"type": "init", "session_id": session}, {"type": "message", "role": "assistant", "content": text},
            {"type": "result", "status": "success"})
    elif program == "copilot":
        say({"type": "session.start", "data": {"sessionId": session}}, {"type": "assistant.message", "data": {"content": text}},
            {"type": "result", "exitCode": 0, "sessionId": session})
    elif program == "cursor-agent":
        say({"type": "system", "session_id": session, "model": "m"}, {"type": "result", "is_error": False, "session_id": session, "result": text})
    elif program == "opencode":
        say({"type": "text", "sessionID": session, "part": {"text": text}}, {"type": "done", "sessionID": session})
    elif program == "aider": print(text + "\nTokens: 2k sent, 10 received.")
    else: print(text)
    sys.exit(0)


def fail(code, *events, out="", err=""):
    say(*events)
    if out: print(out)
    if err: print(err, file=sys.stderr)
    sys.exit(code)


def obey(rule):
    """Fails as the rule says, in a form that was recorded of the program (Tests/Fixtures/harness/failures)."""
    kind, _, until = rule.partition(" ")
    if until and now() >= float(until): return
    note("ledger", f"{kind} {name} - {now():.0f}")
    if kind == "expired":
        fail(1, {"type": "error", "sessionID": session, "error": {"name": "ProviderAuthError", "data": {"providerID": "x", "message": "no key"}}})
    if kind == "limit":
        fail(1, {"type": "system", "subtype": "init", "session_id": session, "model": "m"},
             {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": int(float(until))}},
             {"type": "result", "subtype": "success", "is_error": True, "session_id": session, "num_turns": 1,
              "result": "You've hit your 5-hour limit", "api_error_status": 429})
    if kind == "network": fail(0, out="litellm.APIConnectionError: APIConnectionError: OpenAIException - Connection error.")


def crash():
    fail(1, err='Traceback (most recent call last):\n  File "/opt/agent/run.py", line 401, in <module>\n    main()\nValueError: no such thing')


file = after("--message-file", "--instruction-file")
prompt = read(file) if file else sys.stdin.read()
if not prompt: sys.exit(9)
alone = open(f"{here}/alive-{name}", "a")
try: fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError: note("violations", f"two of {name} run at once: {os.environ['TINYTOWN_TURN']}")
for rule in read(f"{here}/rules/{name}").splitlines(): obey(rule)

# Each message with its own work: what stands between two headings.
crashes = False
for part in re.split(r"^### ", prompt, flags=re.M)[1:]:
    key = re.search(r"KEY:([a-z0-9-]+)", part)
    if not key: continue
    key, bad = key[1], read(f"{here}/bad/{key[1]}").strip()
    task = re.search(r"tt task complete ([0-9a-f-]{36})", part)
    hand = re.search(r"HAND:([a-z]+):([a-z0-9-]+)([^\n]*)", part)
    note("ledger", f"begin {name} {key} {now():.0f}")
    time.sleep(0.02 + os.getpid() % 9 / 100)
    if bad == "crash": crashes = True; continue
    if bad == "open": continue
    if bad == "fail":
        if tt("task", "fail", task[1], "--result", "it cannot be done").returncode == 0: note("ledger", f"failed {name} {key} {now():.0f}")
        continue
    # Its key makes a repeated handover the same message.
    if hand and tt("send", hand[1], f"KEY:{hand[2]}{hand[3]}", "--key", hand[2]).returncode != 0: sys.exit(7)
    if task:
        # Refused where an earlier turn came this far.
        if tt("task", "complete", task[1], "--result", f"did {key}").returncode == 0: note("ledger", f"completed {name} {key} {now():.0f}")
    note("ledger", f"end {name} {key} {now():.0f}")
if crashes: crash()
succeed("all done")
