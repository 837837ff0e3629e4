#!/usr/bin/env python3
"""One town on two machines: work spreads, hosts are killed and cut off, the server goes, and every message is counted.

    run.py --tt PATH [--servers FOLDER] [--only NAME] [--keep]

The machines are namespaces on this one (see machines.py); the second has a clock that is ten minutes ahead where a C
compiler is there to make it so. Runs with the system's redis-server and with what Tests/Servers/fetch.py has put into
FOLDER, all at the same time, with two machines each. Closes with "N passed, M failed".
"""
import argparse, json, os, shutil, subprocess, sys, time
from machines import SERVER, SERVER6, Machine, isolated, server_address

ap = argparse.ArgumentParser()
ap.add_argument("--tt", required=True)
ap.add_argument("--servers")
ap.add_argument("--only", help="one server program: system, redis-8 or valkey-9")
ap.add_argument("--keep", action="store_true")
ap.add_argument("--pair", help=argparse.SUPPRESS)  # the one of these runs that this process is, and its scratch folder
args = ap.parse_args()
SCRATCH = isolated(args.keep)

HERE = os.path.dirname(os.path.abspath(__file__))
PORT, PASSWORD, LEASE = 6390, "p:@ss", 4
passed, failed, begun = 0, 0, time.time()


def check(truth, text):
    global passed, failed
    passed, failed = (passed + 1, failed) if truth else (passed, failed + 1)
    print(f"  {'ok  ' if truth else 'FAIL'}  {time.time() - begun:5.1f} s  {text}", flush=True)


def until(what, look, limit=40):
    """Looks until it is true; a failure, and false, when the time is up."""
    end = time.time() + limit
    while time.time() < end:
        found = look()
        if found: return found
        time.sleep(0.05)
    check(False, f"{what} (within {limit} s)")
    return False


def lines(path):
    try: return open(path).read().split()
    except FileNotFoundError: return []


class Site:
    """The town's folder on one machine, as a person there uses it."""

    def __init__(self, scratch, machine, extra=None):
        self.machine, self.home = machine, f"{scratch}/{machine.name}"
        self.root = f"{self.home}/town"
        os.makedirs(self.root, exist_ok=True)
        os.makedirs(f"{self.home}/bin", exist_ok=True)
        os.makedirs(f"{self.home}/.tt", mode=0o700, exist_ok=True)
        # The password goes through the namespaces' own network unencrypted, which a person has to allow.
        with open(f"{self.home}/.tt/config.toml", "w") as f: f.write("[redis]\nallow_plaintext = true\n")
        self.env = {"PATH": f"{self.home}/bin:{scratch}/../bin:/usr/bin:/bin", "HOME": self.home, "TT_HOME": f"{self.home}/.tt",
                    "NO_COLOR": "1", "TINYTOWN_REDIS_PASSWORD": PASSWORD, **(extra or {})}

    def run(self, *words, timeout=60):
        command = self.machine.command("env", "-i", *(f"{k}={v}" for k, v in self.env.items()),
                                       "sh", "-c", f'cd "{self.root}" && exec tt "$@"', "tt", *words)
        try: p = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired: return 124, "", f"no end within {timeout} s"
        return p.returncode, p.stdout, p.stderr

    def must(self, *words):
        code, out, err = self.run(*words)
        if code != 0: raise SystemExit(f"on {self.machine.name}: tt {' '.join(words)} failed with {code}: {err}")
        return out

    def json(self, *words): return json.loads(self.must(*words, "--json"))
    def begun(self, key): return lines(f"{self.root}/begun").count(key)
    def ended(self, key): return lines(f"{self.root}/ended").count(key)
    def open(self, *keys):
        for key in keys or [None]: open(f"{self.root}/open" + (f"-{key}" if key else ""), "w").close()

    def close(self): os.remove(f"{self.root}/open")


class Server:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        os.makedirs(folder)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--port", str(PORT), "--bind", SERVER, SERVER6, "127.0.0.1", "--requirepass", PASSWORD,
             "--dir", self.folder, "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--logfile", "log"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self): self.process.kill(); self.process.wait()


class Town:
    """Both sites of one town, and what is counted over them."""

    def __init__(self, scratch, one, two):
        self.sites, self.keys, self.scratch = (one, two), [], scratch
        one.must("init", "--name", "shared")
        settings = (f'name = "shared"\nstore = "redis"\n[redis]\nurl = "redis://{SERVER}:{PORT}"\n'
                    f"[agent]\nidle_timeout_secs = 0\nfirst_delay_secs = 0.1\nlongest_delay_secs = 0.5\n"
                    f"[limits]\nlease_secs = {LEASE}\ndrain_secs = 1\ngrace_secs = 0.3\nmax_concurrent_turns = 2\n"
                    # The machines are namespaces of one kernel, and have its control groups in common.
                    f"use_cgroups = false\n"
                    f'[agent_clis.work]\ncommand = "sh {HERE}/agent.sh"\n[agent_clis.special]\ncommand = "special"\n')
        # What the repository of a town holds: its configuration. The second machine has a clone.
        for site in self.sites:
            with open(f"{site.root}/tinytown.toml", "w") as f: f.write(settings)
            site.must("trust", "--yes")

    def send(self, agent, key, *more, site=0, gate=False):
        self.keys.append(key)
        self.sites[site].must("send", agent, f"KEY:{key}{' GATE' if gate else ''}", "--key", key, *more)

    def status(self, site=0): return self.sites[site].json("status")

    def quiet(self, what, site=0):
        def look():
            queue = self.status(site)["queue"]
            return queue["waiting"] == 0 and queue["leased"] == 0
        return until(f"{what}: everything is done", look)

    def once(self, what, keys, tries=1):
        """Each message was worked on to its end once, by a turn that counted."""
        ends = {k: sum(s.ended(k) for s in self.sites) for k in keys}
        begins = {k: sum(s.begun(k) for s in self.sites) for k in keys}
        check(all(n == 1 for n in ends.values()), f"{what}: each message ended once {[k for k, n in ends.items() if n != 1]}")
        if tries: check(all(n == tries for n in begins.values()), f"{what}: and began {tries} times {begins if set(begins.values()) != {tries} else ''}")

    def where(self, keys): return {k: next((s for s in self.sites if s.begun(k)), None) for k in keys}

    def holder(self, key): return until(f"{key} begins", lambda: next((s for s in self.sites if s.begun(key)), None))

    def other(self, site): return self.sites[1 - self.sites.index(site)]

    def host(self, site):
        return next((h for h in self.status()["hosts"] if h["machine"] == site.machine.name and h["alive"]), None)


def spreads(town):
    one, two = town.sites
    for n in range(4): one.must("spawn", f"a{n}", "--cli", "work", "--max-rounds", "0")
    code, out, err = two.run("start", "--detach")
    check(code == 0, f"a clone of the repository joins the town with tt start {err.strip()}")
    hosts = until("both hosts are known", lambda: h if len(h := town.status(1)["hosts"]) == 2 else None) or []
    check(sorted(h["machine"] for h in hosts) == ["anna", "bert"] and all(h["alive"] for h in hosts), f"tt status shows both hosts by machine {[h['machine'] for h in hosts]}")
    # Two turns fit on a host, so four at once need both.
    keys = [f"spread-{n}" for n in range(4)]
    for n, key in enumerate(keys): town.send(f"a{n}", key, site=n % 2, gate=True)
    until("four turns run at once", lambda: all(any(s.begun(k) for s in town.sites) for k in keys))
    check(all(sum(s.begun(k) for k in keys) == 2 for s in town.sites), "work spreads over both machines")
    running = [a["lease"]["machine"] for a in town.status()["agents"] if a["lease"]]
    check(sorted(running) == ["anna", "anna", "bert", "bert"], f"and tt status says where each agent runs {running}")
    away = next(k for k in keys if two.begun(k))
    said = one.run("logs", f"a{keys.index(away)}")[2]
    check("Its present turn runs on bert" in said, f"tt logs says where a log is {said.strip()}")
    code, out, err = one.run("status")
    check("🖥️  Hosts: 2" in out and "anna (this machine): pid " in out and " on bert)" in out, "and tt status tells people")
    for site in town.sites: site.open()
    town.quiet("spread")
    town.once("spread", keys)
    more = [f"many-{n}" for n in range(24)]
    for n, key in enumerate(more): town.send(f"a{n % 4}", key, site=n % 2)
    town.quiet("many")
    town.once("many", more)
    for site in town.sites: site.close()


def placed(town):
    """A program that only one machine has."""
    one, two = town.sites
    for site in town.sites: site.open()
    one.must("spawn", "expert", "--cli", "special", "--max-rounds", "0")
    program = f"{two.home}/bin/special"
    with open(program, "w") as f: f.write(f"#!/bin/sh\nexec sh {HERE}/agent.sh\n")
    os.chmod(program, 0o755)
    # Its host notices with its next renewal, or when something happens.
    until("the second host has it", lambda: (h := town.host(two)) and h["lacks"] == [], limit=60)
    keys = [f"special-{n}" for n in range(6)]
    for n, key in enumerate(keys): town.send("expert", key, site=n % 2)
    town.quiet("special")
    town.once("a program that one machine has", keys, tries=0)
    check(all(two.ended(k) for k in keys) and not any(one.begun(k) for k in keys), "all its turns are taken there")
    expert = next(a for a in town.status()["agents"] if a["name"] == "expert")
    check(expert["state"] == "idle" and not expert["attention"], f"and none failed on the other {expert['attention']}")
    check(town.host(one)["lacks"] == ["special"], "tt status --json says what a machine has not")
    check(", without special" in one.run("status")[1], "and tt status tells people")
    for site in town.sites: site.close()


def guardian(site):
    """The process that starts a machine's host again."""
    return open(f"{site.root}/.tt/host.guardian").read().split(":")[0]


def comes_back(town):
    """On each machine its own guardian."""
    for site in town.sites:
        before, watcher = town.host(site), until("the host has a guardian", lambda: guardian(site))
        site.machine.inside("kill", "-9", str(before["pid"]))
        died = time.time()
        until("a host is back", lambda: (h := town.host(site)) and h["id"] != before["id"])
        took = time.time() - died
        check(took < 2 and guardian(site) == watcher, f"a host that is killed on {site.machine.name} is back after {took:.2f} s")
        site.machine.inside("kill", "-9", watcher)
        check(until("a guardian is back", lambda: guardian(site) != watcher), "and a guardian that is killed, too")


def killed(town):
    town.send("a0", "killed", gate=True)
    victim = town.holder("killed")
    host = town.host(victim)
    # Together with its guardian: as if the machine had lost its power.
    victim.machine.inside("kill", "-STOP", guardian(victim))
    victim.machine.inside("kill", "-9", str(host["pid"]), guardian(victim))
    died = time.time()
    survivor = town.other(victim)
    until("its lease passes over", lambda: survivor.begun("killed"))
    check(time.time() - died < LEASE * 4 + 5, f"a host is killed: its turn is taken over after {time.time() - died:.1f} s")
    survivor.open()
    town.quiet("killed", town.sites.index(survivor))
    town.once("killed", ["killed"], tries=2)
    gone = until("the dead host leaves the list", lambda: not any(h["id"] == host["id"] for h in town.status()["hosts"]))
    check(gone, "and it is no longer listed")
    survivor.close()
    check(processes(victim) == 1, "what it left behind on its machine still runs there")
    victim.must("start", "--detach")
    check(until("a new host is there", lambda: town.host(victim)), "a new host starts on its machine")
    check(until("what was left behind ends", lambda: processes(victim) == 0), "and ends what was left behind there")


def processes(site):
    """Turns that have processes on a machine."""
    look = "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep ^TINYTOWN_TURN= | sort -u | wc -l"
    return int(subprocess.run(site.machine.command("sh", "-c", look), stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout)


def cut_off(town):
    keys = [f"cut-{n}" for n in range(4)]
    for n, key in enumerate(keys): town.send(f"a{n}", key, gate=True)
    until("four turns run", lambda: all(any(s.begun(k) for s in town.sites) for k in keys))
    lost = town.sites[1]
    rest = town.other(lost)
    theirs = [k for k in keys if lost.begun(k)]
    lost.machine.pull_cable()
    # One of the turns there ends while nobody hears of it; the other goes on.
    late, long = theirs
    lost.open(late)
    until("the late turn ends", lambda: lost.ended(late))
    rest.open()
    until("both pass over", lambda: all(rest.ended(k) for k in keys))
    check(True, "a machine is cut off: its turns pass over and are done on the other")
    town.quiet("cut off")
    rest.close()
    before = {a["name"]: a["rounds_completed"] for a in town.status()["agents"]}
    lost.machine.plug_cable()
    until("it notices that its leases are lost", lambda: voided(lost) == 2)
    check(voided(lost) == 2, f"with the cable in again, what it writes for both turns is refused ({voided(lost)})")
    until("the lost turn's processes end", lambda: processes(lost) == 0)
    after = {a["name"]: a["rounds_completed"] for a in town.status()["agents"]}
    check(before == after, f"no turn counts twice {before if before != after else ''}")
    check(not lost.ended(long), "the turn that went on was ended before its end")
    mine = [k for k in keys if k not in theirs]
    town.once("the others", mine)
    check(all(rest.ended(k) == 1 for k in theirs), "each of them ended once on the other machine")
    again = [f"again-{n}" for n in range(4)]
    for n, key in enumerate(again): town.send(f"a{n}", key, site=n % 2, gate=True)
    until("both hosts go on", lambda: all(any(s.begun(k) for s in town.sites) for k in again))
    check(all(sum(s.begun(k) for k in again) == 2 for s in town.sites), "both hosts go on")
    for site in town.sites: site.open()
    town.quiet("again")
    town.once("again", again)
    for site in town.sites: site.close()


def voided(site):
    said = ""
    for n in range(4):
        try: said += open(f"{site.root}/.tt/logs/a{n}.log").read()
        except FileNotFoundError: pass
    return said.count("the lease was lost")


def all_cut_off(town):
    keys = [f"dark-{n}" for n in range(4)]
    for n, key in enumerate(keys): town.send(f"a{n}", key, gate=True)
    until("four turns run", lambda: all(any(s.begun(k) for s in town.sites) for k in keys))
    where = town.where(keys)
    for site in town.sites: site.machine.pull_cable()
    dark = time.time()
    first, second = ([k for k in keys if where[k] is s] for s in town.sites)
    town.sites[0].open(first[0])
    town.sites[1].open(second[0])
    until("turns end in the dark", lambda: town.sites[0].ended(first[0]) and town.sites[1].ended(second[0]))
    # Longer than a lease holds: nobody could take it, so nobody loses it.
    time.sleep(max(0, LEASE * 2 - (time.time() - dark)))
    for site in town.sites: site.machine.plug_cable()
    for site in town.sites: site.open()
    town.quiet("dark")
    town.once("the server was out of reach for all", keys)
    for site in town.sites: site.close()
    back = [f"back-{n}" for n in range(4)]
    for n, key in enumerate(back): town.send(f"a{n}", key, site=n % 2)
    town.quiet("back")
    town.once("waiting agents hear of new work again", back)


def restarted(town, server):
    keys = [f"restart-{n}" for n in range(4)]
    for n, key in enumerate(keys[:3]): town.send(f"a{n}", key, gate=True)
    # Its agent reports the task while there is no server.
    task = town.sites[0].json("assign", "a3", f"KEY:{keys[3]} GATE")["task"]["id"]
    until("four turns run", lambda: all(any(s.begun(k) for s in town.sites) for k in keys))
    server.kill()
    for site in town.sites: site.open()
    server.start()
    until("the server is back", lambda: town.sites[0].run("status")[0] == 0)
    town.quiet("restart")
    town.once("the server was killed and started again", keys)
    state = town.sites[0].json("task", "show", task)["task"]["state"]
    check(state == "completed", f"and what an agent said meanwhile was heard ({state})")
    for site in town.sites: site.close()


def all_killed(town):
    """Nobody is left to notice that a lease ran out but the command that waits for it."""
    keys = [f"gone-{n}" for n in range(4)]
    for n, key in enumerate(keys): town.send(f"a{n}", key, gate=True)
    until("four turns run", lambda: all(any(s.begun(k) for s in town.sites) for k in keys))
    for host in town.status()["hosts"]:
        site = next(s for s in town.sites if s.machine.name == host["machine"])
        site.machine.inside("kill", "-STOP", guardian(site))
        site.machine.inside("kill", "-9", str(host["pid"]), guardian(site))
    code, out, err = town.sites[0].run("stop", "--now", timeout=40)
    check(code == 0, f"with both hosts killed, tt stop still comes to an end {err.strip()}")
    queue = town.status()["queue"]
    check(queue == {"waiting": 4, "leased": 0, "dead": 0}, f"and their messages wait {queue}")
    # A host that starts ends what the one before it has lost.
    for site in town.sites: site.must("start", "--restart", "--detach")
    for site in town.sites: site.open()
    town.quiet("gone")
    town.once("both hosts were killed", keys, tries=None)
    for site in town.sites: site.close()


def ends(town):
    one, two = town.sites
    status = town.status()
    check(status["queue"] == {"waiting": 0, "leased": 0, "dead": 0}, f"nothing waits, nothing is dead {status['queue']}")
    code, out, err = two.run("stop")
    check(code == 0, f"tt stop on one machine stops all {err.strip()}")
    until("no host is left", lambda: not town.status()["hosts"])
    for site in town.sites:
        left = subprocess.run(site.machine.command("pgrep", "-a", "tt"), stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
        check(not left, f"no process is left on {site.machine.name} {left}")


def skewed(scratch):
    compiler, library = shutil.which("clang") or shutil.which("cc"), f"{scratch}/jump.so"
    if not compiler: return {}
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, f"{HERE}/../Torture/jump.c"], check=True)
    return {"LD_PRELOAD": library, "JUMP_SECONDS": "600"}


def found():
    """The server programs by name."""
    programs = {"system": shutil.which("redis-server")}
    for name in ("redis-8", "valkey-9"): programs[name] = f"{args.servers}/{name}" if args.servers else None
    return {n: p for n, p in programs.items() if p and os.path.exists(p) and args.only in (None, n)}


def pair(number, scratch, program):
    """Everything, with one server program."""
    global PORT
    PORT += number
    machines = [Machine(2 * number + 1, "anna"), Machine(2 * number + 2, "bert")]
    # The second one reaches the server by the newer protocol, and knows that from its environment alone.
    other = {"REDIS_URL": f"redis://[{SERVER6}]:{PORT}", **skewed(scratch)}
    server = Server(program, f"{scratch}/data")
    town = Town(scratch, Site(scratch, machines[0]), Site(scratch, machines[1], other))
    for scene in (spreads, placed, comes_back, killed, cut_off, all_cut_off): scene(town)
    restarted(town, server)
    all_killed(town)
    ends(town)
    print(f"{passed} {failed}")


def main():
    programs = found()
    if args.pair:
        number, scratch = args.pair.split(":")
        return pair(int(number), scratch, programs[args.only])
    total = [0, 0]
    os.makedirs(f"{SCRATCH}/bin")
    shutil.copy2(args.tt, f"{SCRATCH}/bin/tt")
    server_address()
    runs = []
    for number, name in enumerate(programs):
        os.makedirs(f"{SCRATCH}/{name}")
        words = [sys.executable, *sys.argv, "--only", name, "--pair", f"{number}:{SCRATCH}/{name}"]
        runs.append((name, subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)))
    for name, run in runs:
        out = run.communicate()[0].splitlines()
        counts = out.pop().split() if run.returncode == 0 and out else []
        print(f"{name}, lease {LEASE} s", *out, sep="\n", flush=True)
        if not counts: print(f"  FAIL  the run broke off with {run.returncode}")
        total = [n + int(m) for n, m in zip(total, counts or (0, 1))]
    print(f"\n{total[0]} passed, {total[1]} failed")
    sys.exit(1 if total[1] or not total[0] else 0)


main()
