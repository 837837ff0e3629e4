"""A town's records in Redis or Valkey, a server of the torture's own, and what may happen to it."""
import collections, datetime, json, os, random, signal, socket, subprocess, threading, time

from towns import HERE, Town, check, everything, note

PROGRAMS = {"redis-7": "/usr/bin/redis-server", "redis-8": f"{HERE}/../../.build/servers/redis-8",
            "valkey-9": f"{HERE}/../../.build/servers/valkey-9"}
SUPERVISOR = "00000000-0000-0000-0000-000000000001"


class Refused(Exception):
    """An error reply."""


class Client:
    """The few words of the protocol that the torture needs. Of its own, so that it does not trust what it tests."""

    def __init__(self, path, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb")

    def close(self): self.stream.close(); self.socket.close()

    def __enter__(self): return self
    def __exit__(self, *_): self.close()

    def put(self, commands):
        out = b""
        for words in commands:
            words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
            out += b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
        self.socket.sendall(out)

    def reply(self):
        line = self.stream.readline()
        if not line: raise ConnectionError("the server ended")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-": return Refused(rest.decode())
        if kind == b":": return int(rest)
        if kind == b"+": return rest.decode()
        if int(rest) < 0: return None
        if kind == b"*": return [self.reply() for _ in range(int(rest))]
        return self.stream.read(int(rest) + 2)[:-2].decode(errors="replace")

    def all(self, commands):
        """The replies to many commands."""
        found, commands = [], list(commands)
        for at in range(0, len(commands), 500):
            part = commands[at:at + 500]
            self.put(part)
            found += [self.reply() for _ in part]
        return found

    def __call__(self, *words):
        self.put([words])
        reply = self.reply()
        if isinstance(reply, Refused): raise reply
        return reply


class Server:
    """A private server on a Unix socket. It appends to its file before it answers, unless `fsync` says otherwise."""

    def __init__(self, name, folder, fsync="always"):
        self.name, self.folder, self.fsync = name, folder, fsync
        os.makedirs(folder, exist_ok=True)
        self.path, self.process = f"{folder}/s", None
        self.start()

    def start(self, delay=0, waits=True):
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAMS[self.name], "--port", "0", "--unixsocket", self.path, "--dir", self.folder, "--save", "",
                 "--appendonly", "yes", "--appendfsync", self.fsync, "--key-load-delay", str(delay)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if waits: self.wait()

    def wait(self):
        limit = time.time() + 120
        while True:
            try:
                with Client(self.path) as client: return client("PING")
            except (OSError, Refused):
                if self.process.poll() is not None or time.time() > limit: raise SystemExit(f"{self.name} does not start: {self.folder}/log")
                time.sleep(0.02)

    def client(self): return Client(self.path)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number): self.process.send_signal(number)

    def end(self):
        if self.process and self.process.poll() is None: self.process.kill(); self.process.wait()


def remote(server):
    """What makes a town keep its records in this server."""
    class Records(Remote): pass
    Records.server = server
    Records.settings = ('store = "redis"', f'[redis]\nurl = "unix://{server.path}"')
    return Records


class Remote:
    """The records of one town, read beside it."""
    # What a sender may be told by a store that works as it should while its server is ill-treated.
    passing = ("no server answers", "may have been carried out", "maxmemory is reached", "reading its data", "no answer came",
               "connection ended", "cannot save to disk")

    def __init__(self, town): self.prefix = f"tt:{town.name}:"

    def ask(self, body):
        """Runs `body` with a client; again where the server was killed meanwhile."""
        while True:
            try:
                with self.server.client() as client: return body(client)
            except (OSError, Refused) as error:
                if isinstance(error, Refused) and not str(error).startswith("LOADING"): raise
                time.sleep(0.05)

    def hashes(self, client, kind, ids):
        replies = client.all(("HGETALL", f"{self.prefix}{kind}:{i}") for i in ids)
        return {i: dict(zip(r[::2], r[1::2])) for i, r in zip(ids, replies) if r}

    def texts(self, client, kind, ids):
        replies = client.all(("GET", f"{self.prefix}{kind}:{i}") for i in ids)
        return {i: json.loads(r) for i, r in zip(ids, replies) if r}

    def letters(self, client): return self.texts(client, "message", client("ZRANGE", self.prefix + "messages", 0, -1))

    def messages(self):
        return [{"key": m.get("key"), "state": m["state"], "wakes": m.get("wakes") == "1", "task": m.get("task"), "to": m["to"]}
                for m in self.ask(self.letters).values()]

    def tasks(self):
        def read(client): return self.hashes(client, "task", client("ZRANGE", self.prefix + "tasks", 0, -1))
        return {i: {"open": t["state"] in ("assigned", "running"), "in_backlog": "in_backlog" in t}
                for i, t in self.ask(read).items()}

    def times(self, keys):
        def read(client):
            ids = client.all(("HGET", self.prefix + "keys", k) for k in keys)
            return client.all(("GET", f"{self.prefix}body:{i}") for i in ids)
        return [datetime.datetime.fromisoformat(json.loads(b)["created_at"]).timestamp() for b in self.ask(read)]

    def leases(self): return self.ask(lambda c: c("ZCARD", self.prefix + "leases"))
    def hosts(self): return self.ask(lambda c: c("ZCARD", self.prefix + "hosts"))

    def problems(self): return self.ask(self.contradictions)

    def contradictions(self, client):
        """Where lists, records, indexes and counts do not say the same."""
        found, P = [], self.prefix
        letters = self.letters(client)
        agents = client("ZRANGE", P + "agents", 0, -1) + [SUPERVISOR]
        listed = {}
        for agent in agents:
            for lane in ("urgent:", "inbox:"):
                for entry in client("LRANGE", P + lane + agent, 0, -1):
                    i = entry[7:43]
                    if letters.get(i, {}).get("tomb"): continue
                    if i in listed: found.append(f"message {i} is listed twice")
                    if i not in letters: found.append(f"an entry of {lane} is no message: {entry[:80]}")
                    listed[i] = agent
        for i, m in letters.items():
            if (m["state"] == "queued") != (i in listed) and "tomb" not in m:
                found.append(f"message {i} is {m['state']} and in {i in listed and 'a' or 'no'} list")
            if i in listed and m["to"] != listed[i]: found.append(f"message {i} is in another's list")
        bodies = client.all(("EXISTS", f"{P}body:{i}") for i in letters)
        found += [f"message {i} has no text" for i, b in zip(letters, bodies) if not b]
        boxes = self.texts(client, "box", agents)
        for agent in agents:
            box = boxes.get(agent, {})
            own = [m for m in letters.values() if m["to"] == agent and m["state"] == "queued"]
            types = {k: n for k, n in box.get("types", {}).items() if n}
            if types != collections.Counter(m["type"] for m in own): found.append(f"box of {agent}: {types} wait")
            for field, n in (("waiting", len(own)), ("waking", sum("wakes" in m for m in own)),
                             ("listed", sum(client("LLEN", P + lane + agent) for lane in ("urgent:", "inbox:")))):
                if box.get(field, 0) != n: found.append(f"box of {agent}: {field} {box.get(field, 0)} in place of {n}")
        leases = self.texts(client, "lease", client("ZRANGE", P + "leases", 0, -1))
        held = {i for lease in leases.values() for i in lease["messages"].split()}
        if held != {i for i, m in letters.items() if m["state"] == "leased"}: found.append("leases hold others than are leased")
        done = set(client("ZRANGE", P + "done", 0, -1))
        if done != {i for i, m in letters.items() if m["state"] == "done"}: found.append("others are done than are listed so")
        dead = {member.split()[1] for member in client("ZRANGE", P + "dead", 0, -1)}
        if dead != {i for i, m in letters.items() if m["state"] == "dead"}: found.append("others are dead than are listed so")
        keyed = client("HGETALL", P + "keys")
        if set(keyed[1::2]) != {i for i, m in letters.items() if m.get("key")}: found.append("the keys are not those of the messages")
        return found[:10]


class Trouble:
    """What happens to a server in the middle of the load."""
    kinds = ("kill", "loading", "stand still", "cut", "forget", "full")

    def __init__(self, server, scratch, rng):
        self.server, self.scratch, self.rng, self.counts = server, scratch, rng, dict.fromkeys(self.kinds, 0)

    def one(self):
        kind = self.rng.choices(self.kinds, (4, 1, 2, 3, 2, 2))[0]
        self.counts[kind] += 1
        note(self.scratch, f"server: {kind}")
        getattr(self, kind.replace(" ", "_"))()
        note(self.scratch, f"server: {kind} is over")

    def kill(self):
        self.server.kill()
        time.sleep(self.rng.uniform(0, 0.8))
        self.server.start()

    def loading(self):
        """It is there again, and says for a while that it still reads."""
        with self.server.client() as client: n = int(client("INFO", "persistence").split("aof_current_size:")[1].split()[0])
        self.server.kill()
        # As if it were slow to read; a command of the file is some 200 bytes.
        self.server.start(delay=min(500, int(1.5e6 * 200 / max(n, 1))), waits=False)
        self.server.wait()

    def stand_still(self):
        self.server.signal(signal.SIGSTOP)
        time.sleep(self.rng.uniform(0.1, 2))
        self.server.signal(signal.SIGCONT)

    def cut(self):
        with self.server.client() as client:
            for kind in ("normal", "pubsub"): client("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

    def forget(self):
        with self.server.client() as client: client("SCRIPT", "FLUSH"), client("FUNCTION", "FLUSH")

    def full(self):
        with self.server.client() as client:
            client("CONFIG", "SET", "maxmemory", "1mb")
            time.sleep(self.rng.uniform(0.1, 0.8))
            client("CONFIG", "SET", "maxmemory", "0")


def faults(scratch, name, short):
    """A disk that is full, a server that stands still for long, and one that the town itself runs."""
    print(f"faults of {name}", flush=True)
    managed(scratch, name, 6 if short else 25)
    if not short: stands_still(scratch, name)
    if os.geteuid() != 0: return print("  skip  the full disk needs root", flush=True)
    for fsync in ("everysec", "always"): full_disk(scratch, name, fsync)


def stands_still(scratch, name):
    server = Server(name, f"{scratch}/still")
    try:
        town = Town(scratch, "quiet", remote(server))
        town.must("send", "supervisor", "before", "--key", "before")
        server.signal(signal.SIGSTOP)
        begun = time.time()
        code, out, err = town.run("send", "supervisor", "during", "--key", "during")
        took = time.time() - begun
        server.signal(signal.SIGCONT)
        check(code == 5 and took < 20, f"a server that stands still is said after {took:.0f} s ({code}): {err.strip()[:110]}")
        check(town.run("send", "supervisor", "during", "--key", "during")[0] == 0, "and when it goes on, so does the town")
        check(sorted(m["key"] for m in town.records.messages()) == ["before", "during"], "with each message once")
    finally: server.end()


def full_disk(scratch, name, fsync):
    folder = f"{scratch}/full-{fsync}"
    os.makedirs(folder)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True).returncode != 0:
        return print("  skip  the full disk needs the right to mount", flush=True)
    server = None
    try:
        server = Server(name, folder, fsync)
        small = Town(scratch, f"filled-{fsync}", remote(server))
        acknowledged, refusal = set(), None
        for n in range(300):
            code, out, err = small.run("send", "supervisor", f"{n} " + "x" * 40000, "--key", f"f-{n}")
            if code != 0: refusal = (code, err.strip()); break
            acknowledged.add(f"f-{n}")
        # With AOF always such a server ends itself, because it cannot keep what it promised.
        said = ("cannot save", "full") if fsync == "everysec" else ("no server answers", "may have been carried out", "cannot save")
        check(refusal and refusal[0] in (1, 5) and any(w in refusal[1] for w in said), f"a full disk ({fsync}) is said after {len(acknowledged)} messages: {refusal and refusal[1][:140]}")
        subprocess.run(["mount", "-o", "remount,size=32m", folder], check=True)
        if fsync == "always":
            server.end()
            server.start()
        limit = time.time() + 30
        while (code := small.run("send", "supervisor", "after", "--key", "after")[0]) != 0 and time.time() < limit: time.sleep(0.2)
        check(code == 0, "with room again it goes on")
        if fsync == "everysec":
            # It writes what it kept within a second, and is killed only then.
            with server.client() as client: client("BGREWRITEAOF"); settle(client)
            server.kill()
            server.start()
        keys = [m["key"] for m in small.records.messages()]
        check(acknowledged <= set(keys) and len(keys) == len(set(keys)), f"all {len(acknowledged)} acknowledged messages are there, each once")
        check(not (problems := small.records.problems()), f"the records agree {problems}")
    finally:
        if server: server.end()
        subprocess.run(["umount", "-l", folder], check=False)


def settle(client):
    while "aof_rewrite_in_progress:1" in (info := client("INFO", "persistence")) or "aof_rewrite_scheduled:1" in info: time.sleep(0.05)


def own_server(town):
    """The process of the server that a town has started, or None."""
    try: pid = int(open(f"{town.root}/.tt/redis/process").read().split(":")[0].split()[0])
    except (OSError, ValueError, IndexError): return None
    try: line = open(f"/proc/{pid}/cmdline", "rb").read()
    except OSError: return None
    return pid if town.root.encode() in line or b"redis" in line or b"valkey" in line else None


def managed(scratch, name, kills):
    """The town's own server is killed again and again; whatever command comes next starts it."""
    os.makedirs(f"{scratch}/home/bin", exist_ok=True)
    with open(f"{scratch}/home/bin/{'valkey' if name.startswith('valkey') else 'redis'}-server", "w") as f: f.write(f'#!/bin/sh\nexec {PROGRAMS[name]} "$@"\n')
    for program in os.listdir(f"{scratch}/home/bin"): os.chmod(f"{scratch}/home/bin/{program}", 0o755)

    class Managed(Remote):
        settings = ('store = "redis"', '[redis]\nfsync = "always"')
        passing = (*Remote.passing, "the server ended while it started")

        def __init__(self, town):
            super().__init__(town)
            self.server = type("", (), {"client": lambda _: Client(f"{town.root}/.tt/redis.sock")})()

    town = Town(scratch, "own", Managed, "[agent]\nmax_attempts = 60\nmax_host_deaths = 1000000\nfirst_delay_secs = 0.05\nlongest_delay_secs = 0.4\n"
                "idle_timeout_secs = 0\n[limits]\nmax_inbox = 1000000\nsends_per_turn = 1000000\nsends_per_minute = 1000000\ngrace_secs = 0.3\ndrain_secs = 1")
    try:
        for n in range(2): town.must("spawn", f"a{n}", "--cli", "rough", "--max-rounds", "0")
        acknowledged, refusals, lock, rng = set(), set(), threading.Lock(), random.Random(kills)
        done = threading.Event()

        def send(k):
            n = 0
            while not done.is_set():
                key = f"o-{k}x{n}"
                code, out, err = town.run("send", f"a{k % 2}", f"own KEY:{key}", "--key", key)
                with lock:
                    if code == 0: acknowledged.add(key); n += 1
                    elif not any(p in err for p in Managed.passing): refusals.add(err.strip())

        senders = [threading.Thread(target=send, args=(k,)) for k in range(3)]
        for t in senders: t.start()
        killed = set()
        while len(killed) < kills:
            time.sleep(rng.uniform(0.1, 0.8))
            pid = own_server(town)
            if pid and pid not in killed: os.kill(pid, signal.SIGKILL); killed.add(pid); note(scratch, f"own server {pid}")
        done.set()
        for t in senders: t.join()
        check(not refusals, f"no sender was refused for another reason than its server's end {list(refusals)[:3]}")
        limit = time.time() + 90
        while town.run("send", "a0", "--info", "calm now")[0] == 0 and town.waking() and time.time() < limit: time.sleep(0.2)
        # What the person is told has a key of its own, and waits for the person.
        messages = [m for m in town.records.messages() if (m["key"] or "").startswith("o-")]
        keys = [m["key"] for m in messages]
        check(acknowledged <= set(keys) and len(keys) == len(set(keys)), f"a server of the town's own was killed {len(killed)} times; all {len(acknowledged)} acknowledged messages are there, each once")
        check(all(m["state"] in ("done", "dead") for m in messages), "and every one is done or dead")
        check(not (problems := town.records.problems()), f"the records agree {problems}")
        check(town.run("stop")[0] == 0 and not any(everything(town)), f"and the town stops {everything(town)}")
    finally:
        pid = own_server(town)
        if pid: os.kill(pid, signal.SIGKILL)
