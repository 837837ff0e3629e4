#!/usr/bin/env python3
"""A night in one test: ten agents with different CLIs work while hosts, guardians and CLIs are killed, hours pass by a clock that
is moved on, and nobody looks until the morning.

    night.py --tt PATH [--seed S] [--keep]

The hours take no time: see clock.c. Only processes that carry the folder of this driver's towns are ever killed. Needs Linux,
Python 3 and a C compiler. Closes with "N passed, M failed".
"""
import argparse, collections, json, os, random, shutil, signal, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Torture"))
import embedded, towns
from towns import SUPERVISOR, Town, check, everything, kill, kill_together

HERE = os.path.dirname(os.path.abspath(__file__))
ap = argparse.ArgumentParser()
ap.add_argument("--tt", required=True)
ap.add_argument("--seed", type=int, default=int(time.time()))
ap.add_argument("--keep", action="store_true")
args = ap.parse_args()
HOUR = 3600
# Who runs what.
CLIS = {"ada": "claude", "bob": "codex", "cleo": "gemini", "dora": "claude", "emil": "opencode", "fay": "aider",
        "gus": "copilot", "hal": "cursor", "ida": "auggie", "jon": "plain"}
# A message may fail five times. What a random kill costs must leave something for what the scripts do.
MOST_KILLS = 2


class Clock:
    """The time that tt sees."""

    def __init__(self, scratch):
        self.path, self.ahead = f"{scratch}/clock", 0
        with open(self.path, "wb") as f: f.write(bytes(8))

    def forward(self, seconds):
        self.ahead += int(seconds)
        with open(self.path, "r+b") as f: f.write(self.ahead.to_bytes(8, "little", signed=True))

    def now(self): return time.time() + self.ahead


class Records(embedded.Embedded):
    """What the night asks of the store, without any command that could start a host."""

    def agents(self):
        return {n: {"id": i, "state": s, "retry_at": (r or 0) / 1e6, "attention": a}
                for i, n, s, r, a in self.rows("select id, name, state, retry_at, attention from agents")}

    def waking(self):
        """Agents for whom a message waits, or has a turn."""
        return [embedded.uuid(r) for r, in self.rows("select recipient from messages where wakes and state in (2, 3)")]

    def needs(self):
        """Keys of what the person is told, and whether it still waits."""
        return {k: s == 2 for k, s in self.rows("select key, state from messages where key glob 'needs:*'")}

    def told(self):
        return [m for m, in self.rows("select message from events where type = 'message_sent' and message glob 'the town to *'")]

    def ends(self):
        """How often each task was completed or failed, by the first line of its description."""
        found = collections.Counter()
        for task, type in self.rows("select t.description, e.type from events e join tasks t on t.id = e.task "
                                    "where e.type in ('task_completed', 'task_failed')"):
            found[task.split()[0], type] += 1
        return found


def make(scratch, name, settings=""):
    """A town by the clock of the night."""
    town = Town(scratch, name, Records, settings)
    with open(f"{town.root}/tinytown.toml", "a") as f: f.write(f'[agent_clis.plain]\ncommand = "{scratch}/bin/plain"\n')
    town.must("trust", "--yes")
    town.env["LD_PRELOAD"] = f"{scratch}/clock.so"
    return town


def is_keeper(pid):
    """Whether a process with a host's command line stands between it and a turn: those have names of their own."""
    try: return open(f"/proc/{pid}/comm").read().strip() != "tt"
    except OSError: return True


class Chaos(threading.Thread):
    """Kills hosts, guardians and CLIs now and then, while it is entered."""

    def __init__(self, town, seed, together):
        super().__init__()
        self.town, self.rng, self.together, self.ended = town, random.Random(seed), together, threading.Event()

    counts, costs = collections.Counter(), collections.Counter()

    def __enter__(self): self.start(); return self
    def __exit__(self, *_): self.ended.set(); self.join()

    def run(self):
        while not self.ended.wait(self.rng.uniform(0.1, 0.6)):
            self.strike(self.rng.choice(["host", "guardian", "cli", "cli", "cli"] + ["both"] * self.together))

    def strike(self, what):
        turns, hosts, guardians = everything(self.town)
        hosts = [pid for pid in hosts if not is_keeper(pid)]
        if what == "host" and hosts: self.counts[what] += kill(self.town, self.rng.choice(hosts))
        elif what == "guardian" and guardians: self.counts[what] += kill(self.town, self.rng.choice(guardians))
        elif what == "both" and hosts and guardians: self.counts[what] += kill_together(self.town) > 0
        elif what == "cli" and turns: self.kill_turn(self.rng.choice(turns))

    def kill_turn(self, pid):
        try: environ = open(f"/proc/{pid}/environ", "rb").read().decode(errors="replace").split("\0")
        except OSError: return
        agent = next((v[20:] for v in environ if v.startswith("TINYTOWN_AGENT_NAME=")), None)
        # One that may take two turns only would end with an error and not because they are used up.
        if agent in (None, "hal") or self.costs[agent] >= MOST_KILLS: return
        if kill(self.town, pid): self.counts["cli"] += 1; self.costs[agent] += 1


class Night:
    def __init__(self, scratch, clock):
        self.scratch, self.clock, self.begun = scratch, clock, clock.now()
        self.town = make(scratch, "night", "[agent]\nmax_host_deaths = 1000")
        self.records, self.tasks, self.keys = self.town.records, {}, set()

    def time(self):
        minutes = (self.clock.now() - self.begun) / 60
        return f"{(22 + int(minutes // 60)) % 24:02}:{int(minutes % 60):02}"

    def chaos(self, together=True): return Chaos(self.town, rng.randrange(1 << 30), together)

    def put(self, folder, name, text):
        os.makedirs(f"{self.scratch}/{folder}", exist_ok=True)
        with open(f"{self.scratch}/{folder}/{name}", "w") as f: f.write(text)

    def assign(self, agent, key, more=""):
        self.tasks[key] = json.loads(self.town.must("assign", agent, f"KEY:{key} {more}", "--json"))["task"]["id"]

    def send(self, agent, key, *more):
        self.town.must("send", agent, " ".join([f"KEY:{key}", *more]), "--key", key)
        self.keys |= {key} | {m.split(":")[2] for m in more if m.startswith("HAND:")}

    def ledger(self):
        if not os.path.exists(f"{self.scratch}/ledger"): return []
        return [line.split() for line in open(f"{self.scratch}/ledger") if line.endswith("\n")]

    def forward(self, hours): self.clock.forward(hours * HOUR)

    def settle(self, what, looks=True, limit=30):
        """Waits until all have done what they can; where nobody works, the clock goes on to the next try.

        `looks`: a person looks now and then, which brings back hosts that were killed together with their guardians.
        """
        end, quiet, waiting = time.time() + limit, 0, None
        while time.time() < end:
            agents = self.records.agents()
            moving = {embedded.uuid(a["id"]): a for n, a in agents.items()
                      if a["state"] not in ("paused", "stopped", "error") and a["retry_at"] - self.clock.now() < 400
                      and not (n == "fay" and self.clock.now() < self.back)}
            waiting = [moving[r] for r in self.records.waking() if r in moving]
            busy, alone = self.records.leases(), not any(everything(self.town)[1:])
            if not waiting and not busy: return
            # A lease whose host is gone is nobody's work either.
            quiet = 0 if busy and not alone else quiet + 1
            if quiet >= 12:
                quiet = 0
                if looks and alone: self.town.run("status")
                due = [a["retry_at"] for a in waiting if a["retry_at"] > self.clock.now()]
                if len(due) == len(waiting): self.clock.forward(max(1, min(due) - self.clock.now() + 1))
            time.sleep(0.03)
        check(False, f"{what}: the town comes to rest; still waiting: {waiting}")

    def asleep(self, names, limit=8):
        """Waits until agents sleep, and says who does not. No command is given meanwhile."""
        end = time.time() + limit
        while True:
            awake = {n: a["state"] for n, a in self.records.agents().items() if n in names and a["state"] != "cold"}
            if not awake or time.time() > end: return awake
            time.sleep(0.03)

    # MARK: The hours

    def evening(self):
        for agent, cli in CLIS.items():
            self.town.must("spawn", agent, "--cli", cli, "--max-rounds", "2" if agent == "hal" else "0")
        self.reset, self.back = int(self.clock.now() + 4 * HOUR + 600), self.clock.now() + 45 * 60
        self.put("rules", "dora", f"limit {self.reset}")
        self.put("rules", "emil", "expired")
        self.put("rules", "fay", f"network {self.back}")
        for key, how in (("g-crash", "crash"), ("i-fail", "fail"), ("c-open", "open")): self.put("bad", key, how)
        with self.chaos():
            for agent in CLIS:
                if agent == "hal": continue
                for n in range(2): self.assign(agent, f"t-{agent}-{n}")
                self.send(agent, f"m-{agent}")
            self.send("gus", "g-crash")
            self.assign("ida", "i-fail"), self.assign("cleo", "c-open")
            self.send("dora", "q-1", "HAND:jon:q-2")
            self.send("ada", "e-1", "HAND:bob:e-2", "HAND:cleo:e-3")
            self.send("hal", "h-1")
            self.settle("evening")
            self.send("hal", "h-2")
            self.settle("evening")
        self.settle("evening")
        self.watch()
        print(f"{self.time()} the evening's work is done {dict(Chaos.counts)}", flush=True)
        agents = self.records.agents()
        check(agents["emil"]["state"] == "paused", f"whose key has expired is paused: {agents['emil']['attention']}")
        check(abs(agents["dora"]["retry_at"] - self.reset) < 120, "who has reached a limit waits for its reset")
        check(agents["hal"]["state"] == "stopped", f"who has used up its turns has ended: {agents['hal']['attention']}")

    def hours(self):
        others = set(CLIS) - {"dora", "emil", "fay", "hal"}
        self.forward(0.4)
        check(not (awake := self.asleep(others)), f"{self.time()} who has nothing to do sleeps, and no command was given {awake}")
        check(self.records.agents()["fay"]["state"] != "cold", "who waits for the network does not")
        self.forward(0.5)
        self.settle("network", looks=False)
        done = self.done()
        check({"t-fay-0", "t-fay-1", "m-fay"} <= done, f"{self.time()} the network is back, and so is who waited for it")
        self.forward(1)
        check(not (awake := self.asleep(others | {"fay"})), f"{self.time()} all sleep again {awake}")
        with self.chaos():
            self.send("ada", "r-1", "HAND:bob:r-2", "HAND:jon:r-3", "HAND:gus:r-4")
            self.send("ida", "r-5", "HAND:hal:h-3")
            self.settle("relay")
        self.settle("relay")
        self.watch()
        check({"r-1", "r-2", "r-3", "r-4", "r-5"} <= self.done(), f"{self.time()} mail wakes one after the other, hours later")
        self.forward(0.5)
        self.asleep(others | {"fay"})
        early = [line for line in self.ledger() if line[1] == "dora" and line[0] != "limit"]
        late = [line for line in self.ledger() if line[:2] == ["limit", "dora"] and float(line[3]) > self.begun + HOUR]
        check(not early and not late, f"nobody asks a service before the time that it named {early + late}")
        self.clock.forward(self.reset - self.clock.now() + 5)
        with self.chaos(together=False): self.settle("limit", looks=False)
        self.settle("limit", looks=False)
        check({"t-dora-0", "t-dora-1", "q-1", "q-2"} <= self.done(), f"{self.time()} the limit is over: its agent goes on by itself, and wakes another")
        self.outage()
        self.forward(1)
        check(not (awake := self.asleep(others | {"fay", "dora"})), f"{self.time()} all sleep again {awake}")

    def outage(self):
        """No network for two and a half hours: the person is told once, and no longer when it is back."""
        agent = embedded.uuid(self.records.agents()["fay"]["id"])
        key, back = f"needs:waiting:{agent}", self.clock.now() + 2.5 * HOUR
        self.put("rules", "fay", f"network {back}")
        self.send("fay", "w-1")
        waits = []
        while self.clock.now() < back:
            self.rests("fay")
            waits.append(key in self.needs())
            self.clock.forward(300)
        told = [t for t in self.records.told() if "fay waits by itself" in t]
        check(not any(waits[:11]) and all(waits[16:]) and len(told) == 1, f"{self.time()} the person is told once of an hour without network {told}")
        self.settle("outage", looks=False)
        check("w-1" in self.done() and key not in self.needs(), "and no longer when the network is back")

    def rests(self, name, limit=5):
        """Waits until an agent has tried again, and waits."""
        end = time.time() + limit
        while time.time() < end:
            if self.records.agents()[name]["retry_at"] > self.clock.now() and not self.records.leases(): return
            time.sleep(0.02)

    def needs(self): return {k.lower() for k, waits in self.records.needs().items() if waits}

    def watch(self):
        """The last thing that was killed may have been a host with its guardian: a night begins with both."""
        if not all(everything(self.town)[1:]): self.town.must("start", "--detach")

    def done(self):
        """Keys of messages and tasks that are through."""
        keys = {k for k, in self.records.rows("select key from messages where state = 4 and key is not null")}
        return keys | {t.split()[0][4:] for t, in self.records.rows("select description from tasks where completed_at is not null")}

    def morning(self):
        letter = next(embedded.uuid(i) for i, in self.records.rows("select id from messages where key = 'g-crash'"))
        agent = {n: embedded.uuid(a["id"]) for n, a in self.records.agents().items()}
        expected = {f"needs:agent:{agent['emil']}", f"needs:agent:{agent['hal']}", f"needs:letter:{letter}",
                    f"needs:task:{self.tasks['i-fail']}", f"needs:task:{self.tasks['c-open']}"}
        found = self.needs()
        check(found == expected, f"{self.time()} the person has one message for each thing {sorted(found ^ expected)}")
        told = [t for t in self.records.told() if "waits by itself" not in t]
        check(len(told) == len(expected), f"and was told of each once {told if len(told) != len(expected) else ''}")
        self.says(5)
        inbox = json.loads(self.town.must("inbox", "--json"))["messages"]
        check(len(inbox) == 5, f"and nothing else is in the inbox {[m['text'][:60] for m in inbox] if len(inbox) != 5 else ''}")

        with self.chaos() as chaos:
            # Whatever chance has spared dies now.
            end = time.time() + 5
            while time.time() < end and (spared := self.spared()):
                if "cli" in spared: self.send("jon", f"s-{time.time_ns()}")
                for what in spared: chaos.strike(what)
                self.watch()
            self.put("rules", "emil", "")
            self.town.must("resume", "emil")
            self.town.must("restart", "hal")
            for key in ("g-crash", "c-open"): self.put("bad", key, "")
            self.town.must("dead", "retry", letter)
            self.town.must("task", "retry", self.tasks["c-open"])
            self.settle("morning")
        self.settle("morning")
        self.watch()
        self.says(1)
        check(self.needs() == {f"needs:task:{self.tasks['i-fail']}"},
              "what was put right is no longer in the inbox")
        self.town.must("inbox", "--take")
        self.says(0)

    def says(self, count):
        first = self.town.must("status").splitlines()[0]
        line = {0: None, 1: "1 thing needs you: tt inbox"}.get(count, f"{count} things need you: tt inbox")
        check((line in first) if line else ("need" not in first), f"the first line of tt status: {first}")
        check(self.town.status()["needs_you"]["count"] == count, f"and as JSON: {count}")

    def account(self):
        print(f"{self.time()} all is dealt with; killed: {dict(Chaos.counts)}", flush=True)
        listed = {t["description"].split()[0][4:]: t for t in json.loads(self.town.must("task", "list", "--json"))["tasks"]}
        check(set(listed) == set(self.tasks) and all(listed[k]["id"] == i for k, i in self.tasks.items()), f"every task is there once ({len(listed)})")
        states = collections.Counter(t["state"] for t in listed.values())
        check(states == {"completed": len(self.tasks) - 1, "failed": 1}, f"every task is completed, or failed: {dict(states)}")
        check(listed["i-fail"]["state"] == "failed" and listed["i-fail"]["result"] == "it cannot be done", "with its reason")
        ends = self.records.ends()
        doubled = {k: n for k, n in ends.items() if n != 1}
        check(not doubled and all(ends[f"KEY:{k}", "task_completed"] == 1 for k in self.tasks if k != "i-fail"), f"each task came to its end once {doubled}")
        messages = self.records.messages()
        states = {m["key"]: m["state"] for m in messages if m["key"] in self.keys}
        check(len([m for m in messages if m["key"] in self.keys]) == len(self.keys) and set(states.values()) == {"done"},
              f"each of {len(self.keys)} messages and handovers is there once, and done {[k for k in self.keys if states.get(k) != 'done']}")
        count = {what: collections.Counter(line[2] for line in self.ledger() if line[0] == what) for what in ("begin", "end", "completed")}
        # What a task was completed with says who came to its end, though the agent was killed before it could note that.
        lost = [k for k in self.keys if not count["end"][k]] + [k for k, t in listed.items() if t["result"] not in (f"did {k}", "it cannot be done")]
        repeated = sum(n - 1 for n in count["begin"].values())
        check(not lost, f"each was worked on to its end; {repeated} times one was begun again {lost}")
        check(max(count["completed"].values()) == 1, "and no agent completed a task twice")
        violations = open(f"{self.scratch}/violations").read() if os.path.exists(f"{self.scratch}/violations") else ""
        check(not violations, f"no agent ever ran twice at once {violations[:200]}")
        check(self.records.leases() == 0 and not self.records.problems(), "no lease is stuck, and the records agree with each other")
        check(not self.spared(), f"all of them were killed at least once {self.spared()}")

    def spared(self): return [what for what in ("host", "guardian", "both", "cli") if not Chaos.counts[what]]

    def goes_to_sleep(self):
        """All are well now: once they sleep nobody needs a host, and mail brings one back."""
        self.forward(1)
        end = time.time() + 10
        while time.time() < end and any(everything(self.town)): time.sleep(0.03)
        left, awake = everything(self.town), {n: a["state"] for n, a in self.records.agents().items() if a["state"] != "cold"}
        check(not any(left) and not awake, f"{self.time()} all sleep, and no process is left {left} {awake}")
        self.forward(6)
        self.send("bob", "l-1", "HAND:emil:l-2")
        self.settle("late mail", looks=False)
        check({"l-1", "l-2"} <= self.done(), f"{self.time()} mail wakes them, and brings a host")
        check(self.town.run("stop")[0] == 0 and not any(everything(self.town)), f"and nothing is left after tt stop {everything(self.town)}")

    def live(self):
        self.evening()
        self.hours()
        self.morning()
        self.account()
        self.goes_to_sleep()


def gives_up(scratch):
    """A host that dies again and again: its guardian starts it after growing pauses, stops in the end, and says why."""
    town = make(scratch, "gone")
    town.must("spawn", "a1", "--cli", "plain", "--max-rounds", "0")
    pauses, killed, ends = f"{scratch}/pauses", [], time.time() + 60
    if os.path.exists(pauses): os.remove(pauses)
    while time.time() < ends:
        _, hosts, guardians = everything(town)
        # The host that is left when its guardian has gone starts another one: only who serves is killed.
        if not hosts and not guardians: break
        for pid in hosts:
            if pid not in killed and (guardians or killed) and kill(town, pid): killed.append(pid)
        time.sleep(0.005)
    waits = [int(line) / 1000 for line in open(pauses)]
    check(not any(everything(town)), f"after {len(killed)} deaths a guardian no longer starts the host")
    check(waits == [min(0.1 * 2 ** n, 60) for n in range(14)], f"after pauses that grow: {waits}")
    code, out, err = town.run("status")
    said = "the host died 16 times in a row (signal 9) and is not started again"
    check(said in out, f"tt status says so: {[line for line in out.splitlines() if 'died' in line]}")
    trouble = json.loads(town.run("status", "--json")[1]).get("host_trouble")
    check(bool(trouble) and (trouble["deaths"], trouble["reason"], trouble["next_try"]) == (16, "signal 9", None), f"and as JSON: {trouble}")
    code, out, err = town.run("doctor")
    check(said in out + err, f"and tt doctor: {[line for line in (out + err).splitlines() if 'died' in line]}")
    check(not any(everything(town)), "a command that only looks starts nothing")
    town.must("send", "a1", "KEY:g-1", "--key", "g-1")
    ends = time.time() + 10
    while time.time() < ends and not all(everything(town)[1:]): time.sleep(0.01)
    check(all(everything(town)[1:]), "the next one that brings work starts a host, and that one a guardian")
    while time.time() < ends and town.waking(): time.sleep(0.01)
    check(not town.waking() and "died" not in town.must("status"), "which serves, and nothing is said of those that died")
    # The same with settings that nobody can read.
    settings = open(f"{town.root}/tinytown.toml").read()
    with open(f"{town.root}/tinytown.toml", "w") as f: f.write(settings + "\n[agent\n")
    for pid in everything(town)[1]: kill(town, pid)
    ends = time.time() + 10
    while time.time() < ends and any(everything(town)): time.sleep(0.01)
    check(not any(everything(town)), "a host that cannot read its settings is not started for ever")
    with open(f"{town.root}/tinytown.toml", "w") as f: f.write(settings)
    trouble = town.status().get("host_trouble")
    check(bool(trouble) and trouble["reason"] == "exit code 1" and trouble["deaths"] == 16 and trouble["next_try"] is None, f"and the reason is said: {trouble}")
    town.must("send", "a1", "KEY:g-2", "--key", "g-2")
    ends = time.time() + 10
    while time.time() < ends and (town.waking() or not all(everything(town)[1:])): time.sleep(0.01)
    check(not town.waking() and all(everything(town)[1:]), "when the settings are right again, work brings a host")
    check(town.run("stop")[0] == 0 and not any(everything(town)), f"and nothing is left after tt stop {everything(town)}")


# If this program is ended, its towns end, too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
try:
    scratch = tempfile.mkdtemp(prefix="tt-night-")
    os.makedirs(f"{scratch}/bin")
    shutil.copy2(args.tt, f"{scratch}/bin/tt")
    compiler = shutil.which("clang") or shutil.which("cc")
    if not compiler or not sys.platform.startswith("linux"):
        print("  skip  the night needs Linux and a C compiler\n\n0 passed, 0 failed")
        sys.exit(0)
    with open(f"{HERE}/cli.py") as f: script = f.read()
    for program in ("claude", "codex", "gemini", "opencode", "aider", "copilot", "cursor-agent", "auggie", "plain"):
        with open(f"{scratch}/bin/{program}", "w") as f: f.write(f"#!{os.path.realpath(sys.executable)} -SE\n{script}")
        os.chmod(f"{scratch}/bin/{program}", 0o755)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", f'-DCLOCK_FILE="{scratch}/clock"', f'-DPAUSES_FILE="{scratch}/pauses"',
                    "-o", f"{scratch}/clock.so", f"{HERE}/clock.c", "-lpthread"], check=True)
    clock, rng, began = Clock(scratch), random.Random(args.seed), time.time()
    print(f"seed {args.seed}: a night of {len(CLIS)} agents", flush=True)
    Night(scratch, clock).live()
    print("a host that dies again and again", flush=True)
    gives_up(scratch)
    print(f"{clock.ahead / HOUR:.1f} hours in {time.time() - began:.0f} s", flush=True)
finally:
    # However the night went, nothing of its towns outlives it.
    for name in ("night", "gone"):
        town = argparse.Namespace(root=os.path.realpath(f"{scratch}/{name}"), scratch=scratch)
        kill_together(town)
        for pid in everything(town)[0]: kill(town, pid)
    if args.keep: print(f"kept: {scratch}")
    else: shutil.rmtree(scratch, ignore_errors=True)
print(f"\n{towns.passed} passed, {towns.failed} failed")
sys.exit(1 if towns.failed else 0)
