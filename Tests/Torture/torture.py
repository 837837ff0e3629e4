#!/usr/bin/env python3
"""Kills hosts, senders and agents of a scratch town at random, and then counts every message.

    torture.py --tt PATH [--kills N] [--messages N] [--seed S] [--keep] [--no-faults]

Only processes that this driver started, or that carry this town's folder in their environment or command line, are
ever killed. Needs Python 3 and bash; the full-disk check needs root. Closes with "N passed, M failed".
"""
import argparse, json, os, random, shutil, signal, sqlite3, subprocess, sys, tempfile, threading, time

ap = argparse.ArgumentParser()
ap.add_argument("--tt", required=True)
ap.add_argument("--kills", type=int, default=400)
ap.add_argument("--messages", type=int, default=400)
ap.add_argument("--seed", type=int, default=int(time.time()))
ap.add_argument("--keep", action="store_true")
ap.add_argument("--no-faults", action="store_true")
args = ap.parse_args()
rng = random.Random(args.seed)
AGENTS = 4
HERE = os.path.dirname(os.path.abspath(__file__))
scratch = tempfile.mkdtemp(prefix="tt-torture-")
passed, failed = 0, 0


def check(truth, text):
    global passed, failed
    passed, failed = (passed + 1, failed) if truth else (passed, failed + 1)
    print(("  ok    " if truth else "  FAIL  ") + text, flush=True)


class Town:
    """A town that is driven through the real binary."""

    def __init__(self, root, settings=""):
        self.root = os.path.realpath(root)
        os.makedirs(self.root, exist_ok=True)
        os.makedirs(f"{scratch}/bin", exist_ok=True)
        if not os.path.exists(f"{scratch}/bin/tt"): os.symlink(os.path.realpath(args.tt), f"{scratch}/bin/tt")
        self.env = {"PATH": f"{scratch}/bin:/usr/bin:/bin", "HOME": scratch, "TT_HOME": f"{scratch}/home",
                    "TORTURE": scratch, "AGENTS": str(AGENTS), "NO_COLOR": "1"}
        self.must("init", "--name", "torture")
        with open(f"{self.root}/tinytown.toml", "w") as f:
            f.write(f'name = "torture"\nstore = "sqlite"\n{settings}\n[agent_clis.rough]\n'
                    f'command = "bash {HERE}/agent.sh"\nenv = {{ TORTURE = "{scratch}", AGENTS = "{AGENTS}" }}\n')

    def start(self, *words, **more):
        return subprocess.Popen([f"{scratch}/bin/tt", *words], cwd=self.root, env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def run(self, *words, timeout=60):
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

    def rows(self, query):
        # Opened like any other client: the write-ahead log belongs to the database.
        with sqlite3.connect(f"{self.root}/.tt/town.db", timeout=20) as db: return db.execute(query).fetchall()


def processes(town):
    """Process ids of this town's turns, and of its hosts."""
    turns, hosts, me = [], [], os.getpid()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == me: continue
        try:
            environ = open(f"/proc/{name}/environ", "rb").read().split(b"\0")
            line = open(f"/proc/{name}/cmdline", "rb").read().split(b"\0")
        except OSError: continue
        if f"TINYTOWN_TOWN={town.root}".encode() in environ: turns.append(int(name))
        elif town.root.encode() in line and b"host" in line: hosts.append(int(name))
    return turns, hosts


def kill(pid):
    try: os.kill(pid, signal.SIGKILL); return True
    except ProcessLookupError: return False


def life():
    print(f"seed {args.seed}: {args.messages} messages, {args.kills} kills, {AGENTS} agents", flush=True)
    town = Town(f"{scratch}/town", "max_agents = 20\n[agent]\nmax_attempts = 60\nfirst_delay_secs = 0.05\n"
                "longest_delay_secs = 0.4\nidle_timeout_secs = 0\n[limits]\ngrace_secs = 0.3\ndrain_secs = 1\nmax_concurrent_turns = 3")
    for n in range(AGENTS): town.must("spawn", f"a{n}", "--cli", "rough", "--max-rounds", "0")
    sending, lock, sent, tasks = [], threading.Lock(), set(), 0
    done = threading.Event()

    def send(numbers):
        mine = random.Random(args.seed + numbers[0])
        for n in numbers:
            if n % 4 == 3:
                words = ("assign", f"a{mine.randrange(AGENTS)}", f"task KEY:t-{n}")
            else:
                more = ["--urgent"] if mine.random() < 0.2 else []
                words = ("send", f"a{mine.randrange(AGENTS)}", f"message KEY:m-{n}", "--key", f"m-{n}", *more)
            while True:
                p = town.start(*words)
                with lock: sending.append(p)
                p.communicate()
                with lock: sending.remove(p)
                # Killed while it was sending: nobody knows how far it came, so the same key is sent again.
                if p.returncode == 0: break
            if n % 4 != 3: sent.add(f"m-{n}")

    def read():
        while not done.is_set():
            for words in (("status", "--json"), ("events", "--json", "--count", "50"), ("inbox", "a0", "--json")):
                code, out, err = town.run(*words)
                if code == 0: json.loads(out)
                elif "busy" not in err: check(False, f"a reader was refused: tt {' '.join(words)}: {err.strip()}")

    senders = [threading.Thread(target=send, args=(range(k, args.messages, 4),)) for k in range(4)]
    reader = threading.Thread(target=read)
    for t in senders + [reader]: t.start()
    begun, kills = time.time(), {"host": 0, "agent": 0, "sender": 0}
    while sum(kills.values()) < args.kills and time.time() - begun < 600:
        time.sleep(rng.uniform(0.01, 0.25))
        turns, hosts = processes(town)
        what = rng.choice(["host", "agent", "agent", "sender"])
        if what == "host" and hosts: kills["host"] += kill(rng.choice(hosts))
        elif what == "agent" and turns: kills["agent"] += kill(rng.choice(turns))
        elif what == "sender":
            with lock:
                if sending: p = rng.choice(sending); p.kill(); kills["sender"] += 1
        if not any(t.is_alive() for t in senders):
            # Work goes on as long as kills do.
            extra = f"x-{sum(kills.values())}"
            if town.run("send", f"a{rng.randrange(AGENTS)}", f"more KEY:{extra}", "--key", extra)[0] == 0: sent.add(extra)
    for t in senders: t.join()
    done.set(); reader.join()
    print(f"  {sum(kills.values())} kills in {time.time() - begun:.0f} s: {kills}", flush=True)

    limit = time.time() + 180
    while time.time() < limit:
        town.run("send", "a0", "--info", "calm now")  # brings a host back where the last one was killed
        queue = town.status()["queue"]
        waking = town.rows("select count(*) from messages where state in (2, 3) and wakes = 1")[0][0]
        if waking == 0 and queue.get("leased") == 0: break
        time.sleep(0.2)
    account(town, sent)


def account(town, sent):
    seen = set(open(f"{scratch}/seen").read().split()) if os.path.exists(f"{scratch}/seen") else set()
    keys = [k for (k,) in town.rows("select key from messages where key is not null")]
    check(len(keys) == len(set(keys)), f"no message is in the store twice ({len(keys)} with a key)")
    check(sent <= set(keys), f"every message that was sent is there ({len(sent)}; missing: {sorted(sent - set(keys))[:5]})")
    dead = {k for (k,) in town.rows("select key from messages where state = 5")}
    check(sent <= seen | dead, f"every message was handled or is a dead letter (dead: {len(dead)}; unhandled: {sorted(sent - seen - dead)[:5]})")
    handed = {f"h-{k}" for k in sent if k.startswith("m-") and k[-1] in "05" and k in seen}
    check(handed <= set(keys), f"every handover arrived once ({len(handed)}; missing: {sorted(handed - set(keys))[:5]})")
    check(town.rows("select count(*) from messages where state = 3")[0][0] == 0, "no message is leased")
    check(town.rows("select count(*) from leases")[0][0] == 0, "no lease is stuck")
    left = town.rows("select count(*) from messages where state = 2 and wakes = 1")[0][0]
    check(left == 0, f"nothing that would start a turn still waits ({left})")
    code, out, err = town.run("task", "list", "--json")
    states = [t["state"] for t in json.loads(out)["tasks"]]
    check(all(s in ("completed", "failed", "cancelled") for s in states), f"every task has ended ({len(states)})")
    violations = open(f"{scratch}/violations").read() if os.path.exists(f"{scratch}/violations") else ""
    check(not violations, f"no agent ever ran twice at once {violations.strip()[:200]}")
    status = town.status()
    check(len(status["hosts"]) <= 1, f"no dead host is on the list ({len(status['hosts'])})")
    code, out, err = town.run("stop")
    check(code == 0, f"the town stops {err.strip()}")
    turns, hosts = processes(town)
    check(not turns and not hosts, f"no process is left {turns + hosts}")
    check(town.rows("pragma integrity_check") == [("ok",)], "the database is sound")


def faults():
    print("faults of the store", flush=True)
    town = Town(f"{scratch}/faulty")
    town.must("send", "supervisor", "before", "--key", "before")
    path = f"{town.root}/.tt/town.db"

    holder = sqlite3.connect(path, timeout=5, isolation_level=None)
    holder.execute("begin immediate")
    timer = threading.Timer(1.5, lambda: None); timer.start()
    p = town.start("send", "supervisor", "while busy", "--key", "busy")
    timer.join()
    holder.execute("commit"); holder.close()
    out, err = p.communicate(timeout=30)
    check(p.returncode == 0, f"a sender waits for a writer that holds the store {err.strip()}")

    db = sqlite3.connect(path); version = db.execute("pragma user_version").fetchone()[0]
    db.execute("pragma user_version = 9999"); db.commit(); db.close()
    code, out, err = town.run("status")
    check(code == 5 and "9999" in err, f"a store of a newer version is refused: {err.strip()[:110]}")
    db = sqlite3.connect(path); db.execute(f"pragma user_version = {version}"); db.commit(); db.close()
    code, out, err = town.run("inbox", "supervisor", "--json")
    check(code == 0 and len(json.loads(out)["messages"]) == 2, "and opens as before when the version is right again")

    whole = Town(f"{scratch}/cut")
    whole.must("send", "supervisor", "x" * 20000)
    db = sqlite3.connect(f"{whole.root}/.tt/town.db"); db.execute("pragma wal_checkpoint(truncate)"); db.close()
    file = f"{whole.root}/.tt/town.db"; content = open(file, "rb").read()
    for name, part in (("cut in half", content[:len(content) // 2]), ("empty", b""), ("not a database", b"hello" * 5000)):
        for extra in ("-wal", "-shm"):
            if os.path.exists(file + extra): os.remove(file + extra)
        open(file, "wb").write(part)
        code, out, err = whole.run("inbox", "supervisor")
        check(code != 0 and err.startswith("error:") and open(file, "rb").read() == part, f"a file that is {name} is refused and left as it is: {err.strip()[:90]}")

    if os.geteuid() != 0: return print("  skip  the full disk needs root", flush=True)
    os.makedirs(f"{scratch}/small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", f"{scratch}/small"], capture_output=True).returncode != 0:
        return print("  skip  the full disk needs the right to mount", flush=True)
    try:
        small = Town(f"{scratch}/small/town")
        acknowledged, refusals = 0, []
        for n in range(200):
            code, out, err = small.run("send", "supervisor", f"{n} " + "x" * 40000, "--key", f"f-{n}")
            if code == 0: acknowledged += 1
            else: refusals.append((code, err.strip())); break
        check(bool(refusals) and refusals[0][0] in (1, 5) and "full" in refusals[0][1].lower(), f"a full disk is said: {refusals[:1]}")
        check(small.rows("select count(*) from messages")[0][0] == acknowledged, f"all {acknowledged} acknowledged messages are there, and no other")
        subprocess.run(["mount", "-o", "remount,size=16m", f"{scratch}/small"], check=True)
        check(small.run("send", "supervisor", "after", "--key", "after")[0] == 0, "with room again it goes on")
        check(small.rows("pragma integrity_check") == [("ok",)], "the database is sound")
    finally:
        subprocess.run(["umount", "-l", f"{scratch}/small"], check=False)


try:
    life()
    if not args.no_faults: faults()
finally:
    if args.keep: print(f"kept: {scratch}")
    else: shutil.rmtree(scratch, ignore_errors=True)
print(f"\n{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
