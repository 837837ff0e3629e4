#!/usr/bin/env python3
"""Kills hosts, senders and agents of a scratch town at random, and then counts every message.

    torture.py --tt PATH [--kills N] [--minutes N] [--messages N] [--seed S] [--keep] [--no-faults] [--no-life]

Only processes that this driver started, or that carry this town's folder in their environment or command line, are
ever killed. Needs Python 3 and bash; the full-disk check needs root. Closes with "N passed, M failed".
"""
import argparse, json, os, random, shutil, signal, sqlite3, subprocess, sys, tempfile, threading, time

ap = argparse.ArgumentParser()
ap.add_argument("--tt", required=True)
ap.add_argument("--kills", type=int, default=400)
ap.add_argument("--minutes", type=float, default=10)
ap.add_argument("--messages", type=int, default=400)
ap.add_argument("--seed", type=int, default=int(time.time()))
ap.add_argument("--keep", action="store_true")
ap.add_argument("--no-faults", action="store_true")
ap.add_argument("--no-life", action="store_true")
args = ap.parse_args()
rng = random.Random(args.seed)
AGENTS = 4
HERE = os.path.dirname(os.path.abspath(__file__))
scratch = tempfile.mkdtemp(prefix="tt-torture-")
# A copy: building anew must not change the program under the town, and another user must be able to run it.
os.chmod(scratch, 0o755)
os.makedirs(f"{scratch}/bin")
shutil.copy2(args.tt, f"{scratch}/bin/tt")
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

    def task_left_backlog(self, task):
        return self.rows(f"select in_backlog from tasks where id = x'{task.replace('-', '')}'") == [(0,)]

    def rows(self, query):
        # Opened like any other client: the write-ahead log belongs to the database.
        with sqlite3.connect(f"{self.root}/.tt/town.db", timeout=20) as db: return db.execute(query).fetchall()


def role(town, pid):
    """Whether a process is one of this town's turns ("agent") or hosts ("host"); None where it is not ours."""
    try:
        environ = open(f"/proc/{pid}/environ", "rb").read().split(b"\0")
        line = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
    except OSError: return None
    if f"TINYTOWN_TOWN={town.root}".encode() in environ: return "agent"
    return "host" if town.root.encode() in line and b"host" in line else None


def processes(town):
    """Process ids of this town's turns, and of its hosts."""
    found = {"agent": [], "host": [], None: []}
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid(): found[role(town, int(name))].append(int(name))
    return found["agent"], found["host"]


def zombies(pid):
    """Children of a process that ended and that it did not wait for."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit(): continue
        try: state, parent = open(f"/proc/{name}/stat").read().rpartition(") ")[2].split()[:2]
        except OSError: continue
        if state == "Z" and int(parent) == pid: found.append(int(name))
    return found


def kill(town, pid):
    """Kills a process of this town. The handle keeps the number from meaning another process after it was looked at."""
    try: handle = os.pidfd_open(pid)
    except ProcessLookupError: return False
    try:
        what = role(town, pid)
        if what is None: return False
        # Looked at before, for the journal: a failure can then be told from a kill that explains it.
        line = open(f"/proc/{pid}/cmdline").read().replace("\0", " ")
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        with open(f"{scratch}/kills", "a") as journal: journal.write(f"{time.time():.6f} {what} {pid} {line[:120]!r}\n")
        return True
    except (ProcessLookupError, FileNotFoundError): return False
    finally: os.close(handle)


def life():
    print(f"seed {args.seed}: {args.messages} messages, {args.kills} kills, {AGENTS} agents", flush=True)
    town = Town(f"{scratch}/town", "max_agents = 20\n[agent]\nmax_attempts = 60\nfirst_delay_secs = 0.05\n"
                "longest_delay_secs = 0.4\nidle_timeout_secs = 0\n[limits]\ngrace_secs = 0.3\ndrain_secs = 1\nmax_concurrent_turns = 3")
    for n in range(AGENTS): town.must("spawn", f"a{n}", "--cli", "rough", "--max-rounds", "0")
    sending, lock, sent, tasks = [], threading.Lock(), set(), set()
    done, refusals = threading.Event(), []

    def send(numbers):
        mine = random.Random(args.seed + numbers[0])
        for n in numbers:
            to = f"a{mine.randrange(AGENTS)}"
            if n % 7 == 3: words = ("assign", to, f"task KEY:t-{n}", "--json")
            elif n % 7 == 5: words = ("backlog", "add", f"backlog KEY:b-{n}", "--json")
            else: words = ("send", to, f"message KEY:m-{n}", "--key", f"m-{n}", *(["--urgent"] if mine.random() < 0.2 else []))
            out = attempt(words)
            if words[0] == "send": sent.add(f"m-{n}"); continue
            task = json.loads(out)["task"]["id"]
            if words[0] == "backlog":
                # Killed after it was claimed, it is claimed no more: a refusal that names the state ends the attempts.
                attempt(("backlog", "claim", task, to), lambda: town.task_left_backlog(task))
            tasks.add(task)

    def attempt(words, settled=lambda: False):
        tries = 0
        while True:
            p = town.start(*words)
            with lock: sending.append(p)
            out, err = p.communicate()
            with lock: sending.remove(p)
            # Killed while it was sending: nobody knows how far it came, so the same is said again.
            if p.returncode == 0 or settled(): return out
            if p.returncode > 0:
                refusals.append(f"tt {' '.join(words[:2])}: {p.returncode} {err.strip()[:150]}")
                time.sleep(0.1)
                tries += 1
                if tries > 50: return out

    def read():
        while not done.is_set():
            for words in (("status", "--json"), ("events", "--json", "--count", "50"), ("inbox", "a0", "--json")):
                code, out, err = town.run(*words)
                if code == 0: json.loads(out)
                elif "busy" not in err: check(False, f"a reader was refused: tt {' '.join(words)}: {err.strip()}")

    senders = [threading.Thread(target=send, args=(range(k, args.messages, 4),)) for k in range(4)]
    reader = threading.Thread(target=read)
    for t in senders + [reader]: t.start()
    begun, kills, extra = time.time(), {"host": 0, "agent": 0, "sender": 0}, 0
    while sum(kills.values()) < args.kills and time.time() - begun < args.minutes * 60:
        time.sleep(rng.uniform(0.01, 0.25))
        turns, hosts = processes(town)
        what = rng.choice(["host", "agent", "agent", "sender"])
        if what == "host" and hosts: kills["host"] += kill(town, rng.choice(hosts))
        elif what == "agent" and turns: kills["agent"] += kill(town, rng.choice(turns))
        elif what == "sender":
            with lock:
                p = rng.choice(sending) if sending else None
                if p and p.poll() is None: p.kill(); kills["sender"] += 1
        if not any(t.is_alive() for t in senders):
            # Work goes on as long as kills do, and senders are killed in flight as before.
            extra += 1
            words = ("send", f"a{rng.randrange(AGENTS)}", f"more KEY:x-{extra}", "--key", f"x-{extra}")
            if what == "sender":
                p = town.start(*words)
                time.sleep(rng.uniform(0, 0.06))
                if p.poll() is None: p.kill(); kills["sender"] += 1
                p.communicate()
            attempt(words)
            sent.add(f"x-{extra}")
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
    check(not refusals, f"no sender was refused, only killed {refusals[:3]}")
    account(town, sent, tasks)


def account(town, sent, tasks):
    seen = set(open(f"{scratch}/seen").read().split()) if os.path.exists(f"{scratch}/seen") else set()
    keys = [k for (k,) in town.rows("select key from messages where key is not null")]
    check(len(keys) == len(set(keys)), f"no message is in the store twice ({len(keys)} with a key)")
    check(sent <= set(keys), f"every message that was sent is there ({len(sent)}; missing: {sorted(sent - set(keys))[:5]})")
    dead = {k for (k,) in town.rows("select key from messages where state = 5")}
    check(sent <= seen | dead, f"every message was handled or is a dead letter (dead: {len(dead)}; unhandled: {sorted(sent - seen - dead)[:5]})")
    handed = {f"h-{k}" for k in sent if k.startswith("m-") and k[-1] in "05" and k in seen}
    check(handed <= set(keys), f"every handover arrived once ({len(handed)}; missing: {sorted(handed - set(keys))[:5]})")
    # In effect exactly once: a message with a key is one row, and that row is done or a dead letter.
    ended = dict(town.rows("select key, state from messages where key is not null"))
    unsettled = sorted(k for k in sent | handed if ended.get(k) not in (4, 5))
    check(not unsettled, f"every message is done or dead in the store {unsettled[:5]}")
    stored = {k.replace("-", "") for k in tasks}
    known = {i.lower() for (i,) in town.rows("select hex(id) from tasks")}
    check(stored <= known, f"every task that was acknowledged is there ({len(tasks)}; missing: {len(stored - known)})")
    lost = town.rows("select count(*) from tasks where state in (1, 2) and id not in (select task from messages where task is not null)")
    check(lost == [(0,)], f"no open task is without a message that starts it {lost}")
    check(town.rows("select count(*) from messages where state = 3")[0][0] == 0, "no message is leased")
    check(town.rows("select count(*) from leases")[0][0] == 0, "no lease is stuck")
    left = town.rows("select count(*) from messages where state = 2 and wakes = 1")[0][0]
    check(left == 0, f"nothing that would start a turn still waits ({left})")
    code, out, err = town.run("task", "list", "--json")
    listed = json.loads(out)["tasks"]
    # A sender that was killed after it added to the backlog and before it could claim leaves a task there.
    states = [t["state"] for t in listed if not t["in_backlog"]]
    check(len(listed) >= len(tasks) and all(s in ("completed", "failed", "cancelled") for s in states), f"every task has ended ({len(states)})")
    violations = open(f"{scratch}/violations").read() if os.path.exists(f"{scratch}/violations") else ""
    check(not violations, f"no agent ever ran twice at once {violations.strip()[:200]}")
    status = town.status()
    hosts = status["hosts"]
    check(len(hosts) == 1 and all(h["alive"] and role(town, h["pid"]) == "host" for h in hosts), f"one host is on the list, and it lives {hosts}")
    check(len(town.rows("select id from hosts")) == len(hosts), "no host that died is in the store")
    left = [z for h in hosts for z in zombies(h["pid"])]
    check(not left, f"the host waited for all its children {left}")
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

    long_lock(town)
    clock_jumps()
    if os.geteuid() != 0: return print("  skip  the full disk and the read-only folder need root", flush=True)
    read_only()
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


def long_lock(town):
    holder = sqlite3.connect(f"{town.root}/.tt/town.db", timeout=5, isolation_level=None)
    holder.execute("begin immediate")
    code, out, err = town.run("send", "supervisor", "while busy for long", "--key", "long", timeout=30)
    holder.execute("commit"); holder.close()
    check(code in (1, 5) and ("busy" in err or "locked" in err), f"a writer that holds on for long is named ({code}): {err.strip()[:90]}")
    again = [town.run("send", "supervisor", "while busy for long", "--key", "long")[0] for _ in range(2)]
    count = town.rows("select count(*) from messages where key = 'long'")
    check(again == [0, 0] and count == [(1,)], f"and sent again it is there once {again} {count}")


def read_only():
    town = Town(f"{scratch}/fixed")
    town.must("send", "supervisor", "before", "--key", "before")
    # Another user, who may read everything and write nothing.
    subprocess.run(["chmod", "-R", "a+rX,go-w", town.root], check=True)
    before = open(f"{town.root}/.tt/town.db", "rb").read()
    p = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"{scratch}/bin/tt", "send", "supervisor", "no"],
                       cwd=town.root, env=town.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    check(p.returncode in (1, 5) and p.stderr.startswith("error:"), f"a read-only folder is said ({p.returncode}): {p.stderr.strip()[:110]}")
    check(open(f"{town.root}/.tt/town.db", "rb").read() == before, "and the file is as it was")


def clock_jumps():
    compiler, library = shutil.which("clang") or shutil.which("cc"), f"{scratch}/jump.so"
    if not compiler or not sys.platform.startswith("linux"):
        return print("  skip  the jumping clock needs Linux and a C compiler (the simulator covers it)", flush=True)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, f"{HERE}/jump.c"], check=True)
    town = Town(f"{scratch}/jump", "[agent]\nmax_attempts = 60\nfirst_delay_secs = 0.05\nlongest_delay_secs = 0.4\n"
                "idle_timeout_secs = 0\n[limits]\ngrace_secs = 0.3\ndrain_secs = 1\n")
    plain, keys = dict(town.env), []
    town.must("spawn", "a1", "--cli", "rough", "--max-rounds", "0")
    for step, jump in enumerate((86400, -86400, 3600, 0, -86400)):
        # Each host is killed, so that the next one starts at the other time with leases and back-offs of the first.
        for pid in processes(town)[1]: kill(town, pid)
        town.env = {**plain, "LD_PRELOAD": library, "JUMP_SECONDS": str(jump)}
        for n in range(4):
            keys.append(f"j-{step}x{n}")
            town.must("send", "a1", f"jump KEY:{keys[-1]}", "--key", keys[-1])
        time.sleep(0.1)
    limit, waiting = time.time() + 30, None
    while time.time() < limit and waiting != 0:
        waiting = town.rows("select count(*) from messages where state in (2, 3) and key like 'j-%'")[0][0]
        time.sleep(0.1)
    check(waiting == 0, f"all {len(keys)} messages are handled although the clock jumps by days (waiting: {waiting})")
    check(len(town.rows("select key from messages where state = 4 and key like 'j-%'")) == len(keys), "and none is lost")
    times = [t for (t,) in town.rows("select created_at from messages where key like 'j-%'")]
    check(max(times) - min(times) > 1.9 * 86400e6, "and tt did see the clock jump")
    town.env = plain
    code, out, err = town.run("stop")
    check(code == 0, f"and the town stops ({code}) {err.strip()[:200]}")
    left = [f"{what} {pid} {open(f'/proc/{pid}/cmdline').read()!r}" for what, pids in zip(("turn", "host"), processes(town)) for pid in pids]
    check(not left, f"and no process is left {left}")


def rest():
    """A host whose agents have nothing to do does not wake up at all."""
    if not sys.platform.startswith("linux"): return
    town = Town(f"{scratch}/rest", "[agent]\nidle_timeout_secs = 0\n")
    for n in range(3): town.must("spawn", f"r{n}", "--cli", "rough", "--max-rounds", "0")
    host, = processes(town)[1]

    def sleeps():
        """How often each thread slept. One that ends, as spare threads of the pool do after a while, no longer counts."""
        found = {}
        for thread in os.listdir(f"/proc/{host}/task"):
            with open(f"/proc/{host}/task/{thread}/status") as f:
                found[thread] = sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
        return found

    time.sleep(3)  # what its start has set in motion settles; there is no event to wait for
    before = sleeps()
    time.sleep(5)
    woken = {t: n - before.get(t, 0) for t, n in sleeps().items() if n != before.get(t, 0)}
    check(not woken, f"an idle host sleeps through five seconds {woken or ''}")
    check(town.run("stop")[0] == 0, "and hears when it is to stop")


try:
    if not args.no_life: life()
    if not args.no_faults: faults(), rest()
finally:
    # However the run went, nothing of its towns outlives it.
    for name in ("town", "faulty", "cut", "jump", "fixed", "rest", "small/town"):
        town = argparse.Namespace(root=os.path.realpath(f"{scratch}/{name}"))
        for pid in [p for found in processes(town)[::-1] for p in found]: kill(town, pid)
    if args.keep: print(f"kept: {scratch}")
    else: shutil.rmtree(scratch, ignore_errors=True)
print(f"\n{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
