"""A scratch town that is driven through the real binary, and what the torture asks of the processes around it."""
import json, os, signal, subprocess, time

HERE = os.path.dirname(os.path.abspath(__file__))
AGENTS = 4
# The person's inbox: what waits there starts no turn.
SUPERVISOR = "00000000-0000-0000-0000-000000000001"
passed, failed = 0, 0


def check(truth, text):
    global passed, failed
    passed, failed = (passed + 1, failed) if truth else (passed, failed + 1)
    print(("  ok    " if truth else "  FAIL  ") + text, flush=True)


class Town:
    """A town that is driven through the real binary.

    `store` makes what is written into its configuration and what looks into its records: see embedded.py and servers.py.
    """

    def __init__(self, scratch, name, store, settings=""):
        self.scratch, self.root = scratch, os.path.realpath(f"{scratch}/{name}")
        os.makedirs(self.root, exist_ok=True)
        self.env = {"PATH": f"{scratch}/bin:/usr/bin:/bin", "HOME": scratch, "TT_HOME": f"{scratch}/home",
                    "TORTURE": scratch, "AGENTS": str(AGENTS), "NO_COLOR": "1"}
        # Towns may share a server, where the name keeps them apart.
        self.name = os.path.basename(name)
        self.must("init", "--name", self.name)
        self.records = store(self)
        with open(f"{self.root}/tinytown.toml", "w") as f:
            f.write(f'name = "{self.name}"\n{self.records.settings[0]}\n{settings}\n{self.records.settings[1]}\n'
                    f'[agent_clis.rough]\ncommand = "bash {HERE}/agent.sh"\n'
                    f'env = {{ TORTURE = "{scratch}", AGENTS = "{AGENTS}" }}\n')
        self.must("trust", "--yes")

    def start(self, *words, **more):
        return subprocess.Popen([f"{self.scratch}/bin/tt", *words], cwd=self.root, env=self.env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                **more)

    def run(self, *words, timeout=120):
        p = self.start(*words)
        try: out, err = p.communicate(timeout=timeout)
        except subprocess.TimeoutExpired: p.kill(); out, err = p.communicate(); return 124, out, err
        return p.returncode, out, err

    def must(self, *words):
        code, out, err = self.run(*words)
        if code != 0: raise SystemExit(f"tt {' '.join(words)} failed with {code}: {err}")
        return out

    def status(self):
        code, out, err = self.run("status", "--json")
        return json.loads(out) if code == 0 else {"hosts": [], "queue": {}, "agents": []}

    def task_left_backlog(self, task):
        found = self.records.tasks().get(task)
        return found is not None and not found["in_backlog"]

    def waking(self):
        """Messages that would start a turn, or that a turn has."""
        return sum(m["wakes"] and m["to"] != SUPERVISOR and m["state"] in ("queued", "leased") for m in self.records.messages())


def role(town, pid):
    """Whether a process is one of this town's turns ("agent"), hosts ("host") or guardians; None where it is not ours."""
    try:
        environ = open(f"/proc/{pid}/environ", "rb").read().split(b"\0")
        line = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
    except OSError: return None
    if f"TINYTOWN_TOWN={town.root}".encode() in environ: return "agent"
    if town.root.encode() not in line: return None
    return "guardian" if line[1:2] == [b"guardian"] else "host" if b"host" in line else None


def everything(town):
    """Process ids of this town's turns, of its hosts, and of the guardians that start hosts again."""
    found = {"agent": [], "host": [], "guardian": [], None: []}
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid(): found[role(town, int(name))].append(int(name))
    return found["agent"], found["host"], found["guardian"]


def processes(town):
    """Process ids of this town's turns, and of its hosts."""
    return everything(town)[:2]


def kill_together(town):
    """Kills hosts and guardians so that neither learns of the other's end in time; only commands start a host then."""
    turns, hosts, guardians = everything(town)
    for pid in guardians: kill(town, pid, signal.SIGSTOP)
    # A command may come while the kernel is still ending them: what was killed counts as dead from the kill on.
    return sum([kill(town, pid) for pid in hosts + guardians])


def private_memory(pid):
    """Kilobytes of a process that it shares with no other."""
    with open(f"/proc/{pid}/smaps_rollup") as f: return sum(int(line.split()[1]) for line in f if line.startswith("Private_"))


def switches(pid):
    """How often the threads of a process slept or were put aside, by thread."""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status") as f:
            found[thread] = sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
    return found


def zombies(pid):
    """Children of a process that ended and that it did not wait for."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit(): continue
        try: state, parent = open(f"/proc/{name}/stat").read().rpartition(") ")[2].split()[:2]
        except OSError: continue
        if state == "Z" and int(parent) == pid: found.append(int(name))
    return found


def kill(town, pid, how=signal.SIGKILL):
    """Kills a process of this town. The handle keeps the number from meaning another process after it was looked at."""
    try: handle = os.pidfd_open(pid)
    except ProcessLookupError: return False
    try:
        what = role(town, pid)
        if what is None: return False
        # Looked at before, for the journal: a failure can then be told from a kill that explains it.
        line = open(f"/proc/{pid}/cmdline").read().replace("\0", " ")
        signal.pidfd_send_signal(handle, how)
        note(town.scratch, f"{what} {pid} {how.name} {line[:120]!r}")
        return True
    except (ProcessLookupError, FileNotFoundError): return False
    finally: os.close(handle)


def note(scratch, text):
    with open(f"{scratch}/kills", "a") as journal: journal.write(f"{time.time():.6f} {text}\n")
