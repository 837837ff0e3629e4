#!/usr/bin/env python3
"""Kills hosts, senders, agents and servers of a scratch town at random, and then counts every message.

    torture.py --tt PATH [--store sqlite|redis] [--server redis-7|redis-8|valkey-9] [--kills N] [--minutes N]
               [--messages N] [--seed S] [--keep] [--no-faults] [--no-life] [--short] [--torment PATH]

Only processes that this driver started, or that carry this town's folder in their environment or command line, are
ever killed. Needs Python 3 and bash; the full-disk check needs root. Closes with "N passed, M failed".
"""
import argparse, json, os, random, shutil, subprocess, sys, tempfile, threading, time

import embedded, moves, servers, towns
from towns import AGENTS, HERE, Town, check, everything, kill, kill_together, private_memory, processes, role, switches, zombies

ap = argparse.ArgumentParser()
ap.add_argument("--tt", required=True)
ap.add_argument("--store", choices=("sqlite", "redis"), default="sqlite")
ap.add_argument("--server", choices=tuple(servers.PROGRAMS), default="redis-7")
ap.add_argument("--kills", type=int, default=400)
ap.add_argument("--minutes", type=float, default=10)
ap.add_argument("--messages", type=int, default=400)
ap.add_argument("--seed", type=int, default=int(time.time()))
ap.add_argument("--keep", action="store_true")
ap.add_argument("--short", action="store_true")
ap.add_argument("--no-faults", action="store_true")
ap.add_argument("--no-life", action="store_true")
ap.add_argument("--torment", help="the program of Tests/Torment, which kills those that follow the log")
args = ap.parse_args()
rng = random.Random(args.seed)
scratch = tempfile.mkdtemp(prefix="tt-torture-")
# A copy: building anew must not change the program under the town, and another user must be able to run it.
os.chmod(scratch, 0o755)
os.makedirs(f"{scratch}/bin")
shutil.copy2(args.tt, f"{scratch}/bin/tt")
server = servers.Server(args.server, f"{scratch}/server") if args.store == "redis" else None
store = servers.remote(server) if server else embedded.Embedded
ROUGH = "[agent]\nmax_attempts = 60\nmax_host_deaths = 1000000\nfirst_delay_secs = 0.05\nlongest_delay_secs = 0.4\nidle_timeout_secs = 0\n[limits]\nmax_inbox = 1000000\nsends_per_turn = 1000000\nsends_per_minute = 1000000\ngrace_secs = 0.3\ndrain_secs = 1\n"


def life():
    print(f"seed {args.seed}: {args.messages} messages, {args.kills} kills, {AGENTS} agents", flush=True)
    town = Town(scratch, "town", store, "max_agents = 20\n" + ROUGH + "max_concurrent_turns = 3")
    for n in range(AGENTS): town.must("spawn", f"a{n}", "--cli", "rough", "--max-rounds", "0")
    sending, lock, sent, tasks = [], threading.Lock(), set(), set()
    done, refusals, passing = threading.Event(), [], {}

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
            if is_passing(p.returncode, err): continue
            if p.returncode > 0:
                refusals.append(f"tt {' '.join(words[:2])}: {p.returncode} {err.strip()[:150]}")
                time.sleep(0.1)
                tries += 1
                if tries > 50: return out

    def is_passing(code, err):
        """Whether a command was told of something that was done to the server, in the words for it."""
        known = next((p for p in town.records.passing if code == 5 and p in err), None)
        if known: passing[known] = passing.get(known, 0) + 1
        return known is not None

    def read():
        while not done.is_set():
            for words in (("status", "--json"), ("events", "--json", "--count", "50"), ("inbox", "a0", "--json")):
                code, out, err = town.run(*words)
                if code == 0: json.loads(out)
                elif "busy" not in err and not is_passing(code, err): check(False, f"a reader was refused: tt {' '.join(words)}: {code} {err.strip()}")

    def afflict():
        while not done.is_set():
            time.sleep(trouble.rng.uniform(0.3, 1.5))
            trouble.one()

    trouble = servers.Trouble(server, scratch, random.Random(args.seed + 1)) if server else None
    senders = [threading.Thread(target=send, args=(range(k, args.messages, 4),)) for k in range(4)]
    others = [threading.Thread(target=body) for body in ([read, afflict] if server else [read])]
    for t in senders + others: t.start()
    begun, kills, extra = time.time(), {"host": 0, "guardian": 0, "both": 0, "agent": 0, "sender": 0}, 0
    while sum(kills.values()) < args.kills and time.time() - begun < args.minutes * 60:
        time.sleep(rng.uniform(0.01, 0.25))
        turns, hosts, guardians = everything(town)
        what = rng.choice(["host", "guardian", "both", "agent", "agent", "agent", "sender", "sender"])
        if what == "host" and hosts: kills["host"] += kill(town, rng.choice(hosts))
        elif what == "guardian" and guardians: kills["guardian"] += kill(town, rng.choice(guardians))
        elif what == "both" and hosts and guardians:
            # As they come: one of the two may still act.
            both = [rng.choice(hosts), rng.choice(guardians)]
            rng.shuffle(both)
            kills["both"] += max(kill(town, pid) for pid in both)
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
    done.set()
    for t in others: t.join()
    print(f"  {sum(kills.values())} kills in {time.time() - begun:.0f} s: {kills}", flush=True)
    if trouble: print(f"  {args.server}: {trouble.counts}; commands were told {passing}", flush=True)

    limit = time.time() + 180
    while time.time() < limit:
        town.run("send", "a0", "--info", "calm now")  # brings a host back where the last one was killed
        if town.waking() == 0 and town.status()["queue"].get("leased") == 0: break
        time.sleep(0.2)
    check(not refusals, f"no sender was refused, only killed {refusals[:3]}")
    account(town, sent, tasks)


def account(town, sent, tasks):
    seen = set(open(f"{scratch}/seen").read().split()) if os.path.exists(f"{scratch}/seen") else set()
    messages = town.records.messages()
    keys = [m["key"] for m in messages if m["key"]]
    check(len(keys) == len(set(keys)), f"no message is in the store twice ({len(keys)} with a key)")
    check(sent <= set(keys), f"every message that was sent is there ({len(sent)}; missing: {sorted(sent - set(keys))[:5]})")
    ended = {m["key"]: m["state"] for m in messages if m["key"]}
    dead = {k for k, state in ended.items() if state == "dead"}
    check(sent <= seen | dead, f"every message was handled or is a dead letter (dead: {len(dead)}; unhandled: {sorted(sent - seen - dead)[:5]})")
    handed = {f"h-{k}" for k in sent if k.startswith("m-") and k[-1] in "05" and k in seen}
    check(handed <= set(keys), f"every handover arrived once ({len(handed)}; missing: {sorted(handed - set(keys))[:5]})")
    # In effect exactly once: a message with a key is one record, and that record is done or a dead letter.
    unsettled = sorted(k for k in sent | handed if ended.get(k) not in ("done", "dead"))
    check(not unsettled, f"every message is done or dead in the store {unsettled[:5]}")
    known = town.records.tasks()
    check(tasks <= set(known), f"every task that was acknowledged is there ({len(tasks)}; missing: {len(tasks - set(known))})")
    announced = {m["task"] for m in messages}
    lost = [i for i, t in known.items() if t["open"] and i not in announced]
    check(not lost, f"no open task is without a message that starts it {lost[:3]}")
    check(not any(m["state"] == "leased" for m in messages), "no message is leased")
    check(town.records.leases() == 0, "no lease is stuck")
    left = town.waking()
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
    check(town.records.hosts() == len(hosts), "no host that died is in the store")
    left = [z for h in hosts for z in zombies(h["pid"])]
    check(not left, f"the host waited for all its children {left}")
    code, out, err = town.run("stop")
    check(code == 0, f"the town stops {err.strip()}")
    left = [pid for found in everything(town) for pid in found]
    check(not left, f"no process is left {left}")
    problems = town.records.problems()
    check(not problems, f"the records agree with each other {problems}")


def clock_jumps():
    compiler, library = shutil.which("clang") or shutil.which("cc"), f"{scratch}/jump.so"
    if not compiler or not sys.platform.startswith("linux"):
        return print("  skip  the jumping clock needs Linux and a C compiler (the simulator covers it)", flush=True)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, f"{HERE}/jump.c"], check=True)
    town = Town(scratch, "jump", store, ROUGH)
    plain, keys = dict(town.env), []
    town.must("spawn", "a1", "--cli", "rough", "--max-rounds", "0")
    for step, jump in enumerate((86400, -86400, 3600, 0, -86400)):
        # Each host is killed, so that the next one starts at the other time with leases and back-offs of the first.
        kill_together(town)
        town.env = {**plain, "LD_PRELOAD": library, "JUMP_SECONDS": str(jump)}
        for n in range(4):
            keys.append(f"j-{step}x{n}")
            town.must("send", "a1", f"jump KEY:{keys[-1]}", "--key", keys[-1])
        time.sleep(0.1)

    def jumped(): return [m for m in town.records.messages() if (m["key"] or "").startswith("j-")]

    limit, waiting = time.time() + 30, None
    while time.time() < limit and waiting != 0:
        waiting = sum(m["state"] in ("queued", "leased") for m in jumped())
        time.sleep(0.1)
    check(waiting == 0, f"all {len(keys)} messages are handled although the clock jumps by days (waiting: {waiting})")
    check(sum(m["state"] == "done" for m in jumped()) == len(keys), "and none is lost")
    times = town.records.times(keys)
    if args.store == "redis":
        check(max(times) - min(times) < 3600, "and what is written goes by the server's clock, which does not jump")
    else:
        check(max(times) - min(times) > 1.9 * 86400, "and tt did see the clock jump")
    town.env = plain
    code, out, err = town.run("stop")
    check(code == 0, f"and the town stops ({code}) {err.strip()[:200]}")
    left = [f"{what} {pid} {open(f'/proc/{pid}/cmdline').read()!r}" for what, pids in zip(("turn", "host", "guardian"), everything(town)) for pid in pids]
    check(not left, f"and no process is left {left}")


def rest():
    """A host whose agents have nothing to do does not wake up at all."""
    if not sys.platform.startswith("linux"): return
    town = Town(scratch, "rest", store, "[agent]\nidle_timeout_secs = 0\n")
    for n in range(3): town.must("spawn", f"r{n}", "--cli", "rough", "--max-rounds", "0")
    _, (host,), (guardian,) = everything(town)
    time.sleep(3)  # what its start has set in motion settles; there is no event to wait for
    # A thread that ends, as spare threads of the pool do after a while, no longer counts.
    before, guarded = switches(host), switches(guardian)
    time.sleep(5)
    woken = {t: n - before.get(t, 0) for t, n in switches(host).items() if n != before.get(t, 0)}
    if server: check(sum(woken.values()) <= 40, f"an idle host wakes only to say that it lives {woken or ''}")
    else: check(not woken, f"an idle host sleeps through five seconds {woken or ''}")
    check(switches(guardian) == guarded, "and so does its guardian")
    memory = private_memory(guardian)
    check(memory < 4096, f"which has {memory} kB of its own")
    check(town.run("stop")[0] == 0, "and hears when it is to stop")
    check(not any(everything(town)), f"and leaves no guardian {everything(town)}")


def comes_back():
    """Whichever of host and guardian is killed, a host serves again, and nobody but the kernel tells of it."""
    if not sys.platform.startswith("linux"): return
    town = Town(scratch, "back", store, ROUGH)
    town.must("spawn", "a1", "--cli", "rough", "--max-rounds", "0")
    sent, slowest, rounds = 0, {"host": 0, "guardian": 0, "together": 0}, 5 if args.short else 20

    def serving():
        """A host that holds the town's lock, and lives."""
        try: pid = int(open(f"{town.root}/.tt/host.lock").read().split(":")[0])
        except (FileNotFoundError, ValueError): return None
        return pid if role(town, pid) == "host" else None

    for n in range(rounds):
        for what in slowest:
            # Long enough that deaths before do not count, for one that dies again and again is given pauses.
            time.sleep(0 if args.short else 0.2)
            limit = time.time() + 20
            while time.time() < limit and not (serving() and everything(town)[2]): time.sleep(0.01)
            old, guardians = serving(), everything(town)[2]
            town.must("send", "a1", f"back KEY:c-{sent}", "--key", f"c-{sent}")
            sent += 1
            if what == "host" and old: kill(town, old)
            elif what == "guardian": [kill(town, pid) for pid in guardians]
            else:
                kill_together(town)
                # A command that only looks brings them back, where there is work; else one that brings some.
                if town.waking(): town.must("status")
                else: town.must("send", "a1", f"back KEY:c-{sent}x", "--key", f"c-{sent}x")
            begun = time.time()
            while time.time() - begun < 20:
                now = (serving(), everything(town)[2])
                if all(now) and (now[0] != old if what == "host" else not set(guardians) & set(now[1])): break
                time.sleep(0.005)
            slowest[what] = max(slowest[what], time.time() - begun)
    check(max(slowest.values()) < 15, "whichever is killed, both are there again, at the slowest after "
          + ", ".join(f"{n:.2f} s ({what})" for what, n in slowest.items()))
    limit = time.time() + 60
    while time.time() < limit and town.waking(): time.sleep(0.1)
    check(town.waking() == 0, f"and all {sent} messages are handled")
    check(town.run("stop")[0] == 0 and not any(everything(town)), f"and nothing is left {everything(town)}")


def followers():
    """What follows from an event happens once, and what only one may do is done by one, over kills."""
    if not args.torment: return
    place = ["--store", "redis", "--server", args.server] if server else ["--store", "sqlite"]
    p = subprocess.run([args.torment, *place, "--kills", "150" if args.short else "3000", "--seed", str(args.seed)],
                       env={**os.environ, "TMPDIR": scratch}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=900)
    *said, _ = p.stdout.splitlines() or [""]
    print("\n".join(said), flush=True)
    check(p.returncode == 0, f"followers and holders of leases survive their kills{'' if p.returncode == 0 else ': ' + p.stdout}")


try:
    if not args.no_life: life()
    if not args.no_faults:
        if server: servers.faults(scratch, args.server, args.short), moves.moves(scratch, server, 6 if args.short else 60, 1500 if args.short else 6000)
        else: embedded.faults(scratch)
        clock_jumps(), rest(), comes_back(), followers()
finally:
    # However the run went, nothing of its towns outlives it.
    for name in ("town", "faulty", "cut", "jump", "fixed", "rest", "back", "small/town", "own", "quiet"):
        town = argparse.Namespace(root=os.path.realpath(f"{scratch}/{name}"), scratch=scratch)
        kill_together(town)
        for pid in everything(town)[0]: kill(town, pid)
    if server: server.end()
    if args.keep: print(f"kept: {scratch}")
    else: shutil.rmtree(scratch, ignore_errors=True)
print(f"\n{towns.passed} passed, {towns.failed} failed")
sys.exit(1 if towns.failed else 0)
