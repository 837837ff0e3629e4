"""What examples print, for the pages of the commands: one day of one town, in order.

`record` runs it and returns the text of docs/commands/outputs.txt; run.py compares it with the file, or writes it.
"""
import json
import subprocess
import time

from fixed import Fixed

HEAD = """What examples printed when they were run: Tests/Examples/run.py writes this file with --record, and checks it.
The pages of the commands and the manual pages show it. Ids, times and folders are fixed ones.

"""
# Each line is run; what is in braces is filled in. A line behind `!` belongs to the story, and is not shown.
DAY = """
tt init --name shop
! sed -i 's/^# max_attempts = .*/max_attempts = 1/' tinytown.toml && tt trust --yes
tt spawn backend --cli codex --role backend
tt spawn reviewer --cli codex --role reviewer
tt list
! tt interrupt backend
tt assign backend "Build the login page"
tt status
! tt resume backend
! settle
tt task list
tt task show {first}
tt send reviewer "Please look at the login page"
! settle
tt backlog add "Write the docs" --tags docs
tt backlog list
tt backlog claim {backlog} reviewer
! settle
tt interrupt reviewer --reason "wait for the new design"
tt task current reviewer
tt events --count 4
tt history --limit 3
tt inbox
tt plan --init
tt sync push
tt plan
! tt spawn breaker --cli false
! tt send breaker "this cannot work"
! dead
tt dead list
tt towns
tt save
tt kill reviewer
tt wait reviewer
tt reclaim
tt prune
! tt stop
tt config default_cli codex
tt version
"""


# What each CLI prints after a turn, as tt reads it.
SPOKEN = {
    "codex": """{"type":"thread.started","thread_id":"00000000-0000-4000-8000-000000000001"}
{"type":"turn.started"}
{"type":"item.completed","item":{"id":"item_0","type":"agent_message","text":"Done."}}
{"type":"turn.completed","usage":{"input_tokens":1200,"cached_input_tokens":0,"output_tokens":300}}""",
    "claude": """{"type":"system","subtype":"init","session_id":"00000000-0000-4000-8000-000000000001"}
{"type":"result","subtype":"success","is_error":false,"result":"Done.","session_id":"00000000-0000-4000-8000-000000000001",\
"num_turns":1,"total_cost_usd":0.02,"usage":{"input_tokens":1200,"output_tokens":300}}""",
}


def speak(town, work):
    """Stand-ins that do `work`, a piece of shell with the prompt in $prompt, and say so as the real CLIs do."""
    for name, words in SPOKEN.items():
        program = town.folder / "bin" / name
        words = words.replace("\\\n", "")
        program.write_text(f"""#!/bin/sh
case "$*" in *--version*) echo "1.0.0 (stand-in)"; exit 0 ;; esac
prompt=$(cat)
{work}
cat <<'END'
{words}
END
""", encoding="utf-8")
        program.chmod(0o755)


WORK = '[ -z "$TINYTOWN_TASK_ID" ] || tt task complete "$TINYTOWN_TASK_ID" --result "it works, with tests" >/dev/null'


def record(tt, Town, folder):
    """- Town: the scratch town of run.py."""
    town = Town(tt, folder)
    fixed = Fixed([(str(town.path), "/home/you/shop"), (str(folder / "home"), "/home/you")])

    def run(line):
        done = subprocess.run(["bash", "-c", line], cwd=town.path, env=town.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)
        return done.stdout + done.stderr

    def until(holds, what):
        end = time.monotonic() + 60
        while not holds():
            if time.monotonic() > end:
                raise RuntimeError(f"{what} has not happened: " + run("tt status"))
            time.sleep(0.02)

    def settled():
        status = json.loads(run("tt status --json"))
        waiting = [agent for agent in status["agents"] if agent["state"] in ("starting", "idle", "working")
                   and agent["pending"]["task"] + agent["pending"]["query"] > 0]
        return status["queue"]["leased"] == 0 and not waiting

    parts = []
    speak(town, WORK)
    try:
        for line in DAY.strip().splitlines():
            if line == "! settle":
                until(settled, "the end of all turns")
            elif line == "! dead":
                until(lambda: json.loads(run("tt dead list --json"))["messages"], "a dead letter")
            elif line.startswith("! "):
                run(line[2:])
            else:
                tasks = json.loads(run("tt task list --json"))["tasks"] if "{" in line else []
                names = {"first": tasks[0]["id"][:8], "backlog": tasks[-1]["id"][:8]} if tasks else {}
                words = line.format(**names)
                parts.append(f"$ {fixed.text(words)}\n{fixed.text(run(words)).rstrip()}\n")
    finally:
        town.end()
    return HEAD + "\n".join(parts)
