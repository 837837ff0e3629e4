#!/usr/bin/env python3
"""Runs a town under the real systemd: its user manager, in name spaces of its own. run.py --tt PATH

The machine is a process name space: it crashes when everything in it is killed at once, and it boots when a manager is
started again. Needs root, unshare, systemd (where CI is true, its absence is a failure) and a control group that may be
written; where the manager cannot start, it says so. Closes with "N passed, M failed".
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

MANAGER = "/usr/lib/systemd/systemd"
passed = failed = 0


def check(holds, text, detail=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {text}" + (f": {detail}" if detail else ""), flush=True)
    return bool(holds)


def until(condition, seconds=30):
    """Waits for what another program brings about; nothing tells when."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found: return found
        time.sleep(0.05)
    return condition()


class Machine:
    """A machine with a person's home and one town; `boot` and `crash` as often as wanted."""

    def __init__(self, scratch, program):
        self.home, self.town, self.runtime = f"{scratch}/home", f"{scratch}/home/shop", "/run/user/0"
        self.manager = None
        os.makedirs(self.town)
        self.program = f"{scratch}/tt"
        shutil.copy2(program, self.program)
        self.environment = {
            "HOME": self.home, "XDG_RUNTIME_DIR": self.runtime, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def boot(self):
        shutil.rmtree(self.runtime, ignore_errors=True)
        os.makedirs(self.runtime, mode=0o700)
        log = open(f"{self.home}/manager.log", "a")
        self.manager = subprocess.Popen(
            [MANAGER, "--user"], env=self.environment | {"SYSTEMD_LOG_TARGET": "console"}, stdout=log, stderr=log,
            start_new_session=True)
        return until(lambda: self.systemctl("is-system-running").stdout.strip() in ("running", "degraded"))

    def crash(self):
        """Everything but this program dies at once, as when the power goes."""
        for _ in range(3):
            others = [int(n) for n in os.listdir("/proc") if n.isdigit() and int(n) not in (1, os.getpid())]
            for pid in others:
                try: os.kill(pid, signal.SIGKILL)
                except ProcessLookupError: pass
            self.manager.wait()
            # The first process of the name space, which is this one, is the parent of all that lost theirs.
            while True:
                try: os.waitpid(-1, 0)
                except ChildProcessError: break

    def run(self, *words):
        return subprocess.run(
            words, env=self.environment, cwd=self.town, capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL)

    def systemctl(self, *words): return self.run("systemctl", "--user", *words)

    def tt(self, *words): return self.run(self.program, *words)

    def must(self, *words):
        done = self.tt(*words)
        check(done.returncode == 0, f"tt {' '.join(words)}", f"{done.returncode} {done.stderr[:300]}")
        return done.stdout


AGENT = """cat >/dev/null
while [ ! -e "$GATE" ]; do sleep 0.05; done
tt task complete "$TINYTOWN_TASK_ID" --result done
"""


def hosts(machine):
    """The processes that serve the town, as systemd has them."""
    pid = machine.systemctl("show", unit(machine), "--property=MainPID", "--value").stdout.strip()
    return int(pid) if pid.isdigit() else 0


def unit(machine):
    return json.loads(machine.tt("service", "status", "--json").stdout)["unit"]


def states(machine):
    return sorted(task["state"] for task in json.loads(machine.tt("task", "list", "--json").stdout)["tasks"])


def is_active(machine): return machine.systemctl("is-active", unit(machine)).stdout.strip() == "active"


def inside(program):
    # A tmpfs of its own: the machine's own systemd, if there is one, is neither seen nor touched.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    os.makedirs("/run/systemd/system")
    scratch = tempfile.mkdtemp(prefix="tt-service-")
    machine = Machine(scratch, program)
    gate = f"{scratch}/gate"
    with open(f"{scratch}/agent.sh", "w") as f: f.write(AGENT)
    try:
        if not machine.boot():
            with open(f"{machine.home}/manager.log") as f: words = f.read().strip().split("\n")[-1]
            print(f"0 passed, 0 failed: left out, because systemd's user manager does not start here: {words}")
            return
        machine.must("init", "--name", "shop")
        with open(f"{machine.town}/tinytown.toml", "a") as f:
            f.write(f'\n[agent_clis.script]\ncommand = "sh {scratch}/agent.sh"\n'
                    f'[agent_clis.script.env]\nGATE = "{gate}"\n')
        machine.must("trust", "--yes")
        shown = json.loads(machine.must("service", "install", "--json"))
        check(shown["enabled"], "the unit is enabled", shown)
        verified = machine.run("systemd-analyze", "--user", "verify", shown["path"])
        check(verified.returncode == 0 and shown["unit"] not in verified.stderr,
              "systemd-analyze finds nothing in the unit", verified.stderr[:300])
        machine.must("spawn", "worker", "--cli", "script")
        machine.must("assign", "worker", "Before the power goes")
        machine.must("assign", "worker", "And one more")
        check(until(lambda: "running" in states(machine)), "a turn has begun", states(machine))

        machine.crash()
        open(gate, "w").close()
        check(machine.boot(), "the machine boots")
        # No command but those that only look: the unit does it.
        check(until(lambda: is_active(machine)), "the host is back", machine.systemctl("status", unit(machine)).stdout)
        check(until(lambda: states(machine) == ["completed"] * 2), "the work goes on by itself", states(machine))

        os.remove(gate)
        machine.must("assign", "worker", "While the host is killed")
        check(until(lambda: "running" in states(machine)), "a turn has begun", states(machine))
        before = hosts(machine)
        if check(before, "systemd knows the host's process"):
            begun = time.monotonic()
            os.kill(before, signal.SIGKILL)
            open(gate, "w").close()
            check(until(lambda: hosts(machine) not in (0, before)), "systemd starts the host again")
            took = time.monotonic() - begun
            print(f"a killed host was back after {took:.2f} s", flush=True)
            check(until(lambda: states(machine) == ["completed"] * 3), "the work goes on", states(machine))

        status = json.loads(machine.must("service", "status", "--json"))
        check(status["enabled"] and status["active"] and status["current"], "tt service status says so", status)
        machine.must("stop")
        check(until(lambda: not is_active(machine)), "tt stop ends the host, and systemd does not start it again",
              machine.systemctl("status", unit(machine)).stdout)
        machine.must("service", "remove")
        gone = machine.systemctl("is-enabled", shown["unit"])
        check(gone.returncode != 0 and not os.path.exists(shown["path"]), "tt service remove takes it away", gone.stdout)
    finally:
        machine.crash()
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def control_group():
    """A group in which a manager may make its own; nil where this machine allows none."""
    for place in ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        folder = f"{place}/tt-service-{os.getpid()}"
        try: os.mkdir(folder)
        except OSError: continue
        if os.path.exists(f"{folder}/cgroup.procs"): return folder
        os.rmdir(folder)
    return None


def outside(program):
    missing = None
    if os.geteuid() != 0: missing = "root"
    elif not os.path.exists(MANAGER): missing = "systemd"
    group = None if missing else control_group()
    if not missing and not group: missing = "a control group that may be written"
    if missing:
        print(f"0 passed, 0 failed: left out, because it needs {missing}")
        sys.exit(1 if missing == "systemd" and os.environ.get("CI") == "true" else 0)
    try:
        command = ["unshare", "--fork", "--pid", "--kill-child", "--mount-proc", "--mount", "--", "sh", "-c",
                   f'echo 0 >{group}/cgroup.procs && exec "$0" "$@"', sys.executable, __file__, "--tt", program, "--inside"]
        status = subprocess.run(command, timeout=300).returncode
    finally:
        remove(group)
    sys.exit(status)


def remove(group):
    for folder, _, _ in os.walk(group, topdown=False):
        until(lambda: not os.path.exists(folder) or try_to_remove(folder), 5)


def try_to_remove(folder):
    try: os.rmdir(folder)
    except OSError: return False
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tt", required=True)
    parser.add_argument("--inside", action="store_true")
    arguments = parser.parse_args()
    (inside if arguments.inside else outside)(os.path.abspath(arguments.tt))
