"""A town's records in SQLite, and what may happen to the file that holds them."""
import contextlib, json, os, sqlite3, subprocess, threading

from towns import Town, check

STATES = {2: "queued", 3: "leased", 4: "done", 5: "dead"}
OPEN = (1, 2)


def uuid(raw):
    h = raw.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


class Embedded:
    """The records of one town, read beside it."""
    settings = ('store = "sqlite"', "")
    # What a sender may be told by a store that works as it should: nothing but to wait.
    passing = ()

    def __init__(self, town): self.path = f"{town.root}/.tt/town.db"

    def rows(self, query):
        # Opened like any other client: the write-ahead log belongs to the database.
        with contextlib.closing(sqlite3.connect(self.path, timeout=20)) as db: return db.execute(query).fetchall()

    def messages(self):
        return [{"key": k, "state": STATES.get(s, s), "wakes": bool(w), "task": t and uuid(t), "to": uuid(r)}
                for k, s, w, t, r in self.rows("select key, state, wakes, task, recipient from messages")]

    def tasks(self):
        return {uuid(i): {"open": s in OPEN, "in_backlog": bool(b)}
                for i, s, b in self.rows("select id, state, in_backlog from tasks")}

    def times(self, keys):
        return [t / 1e6 for k, t in self.rows("select key, created_at from messages") if k in keys]

    def leases(self): return self.rows("select count(*) from leases")[0][0]
    def hosts(self): return self.rows("select count(*) from hosts")[0][0]

    def problems(self):
        found = self.rows("pragma integrity_check")
        return [] if found == [("ok",)] else found


def faults(scratch):
    """A store that is busy, of another version, broken, full, or not to be written."""
    print("faults of the store", flush=True)
    town = Town(scratch, "faulty", Embedded)
    town.must("send", "supervisor", "before", "--key", "before")
    path = town.records.path

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

    whole = Town(scratch, "cut", Embedded)
    whole.must("send", "supervisor", "x" * 20000)
    file = whole.records.path
    db = sqlite3.connect(file); db.execute("pragma wal_checkpoint(truncate)"); db.close()
    content = open(file, "rb").read()
    for name, part in (("cut in half", content[:len(content) // 2]), ("empty", b""), ("not a database", b"hello" * 5000)):
        for extra in ("-wal", "-shm"):
            if os.path.exists(file + extra): os.remove(file + extra)
        open(file, "wb").write(part)
        code, out, err = whole.run("inbox", "supervisor")
        check(code != 0 and err.startswith("error:") and open(file, "rb").read() == part, f"a file that is {name} is refused and left as it is: {err.strip()[:90]}")

    long_lock(town)
    if os.geteuid() != 0: return print("  skip  the full disk and the read-only folder need root", flush=True)
    read_only(scratch)
    full_disk(scratch)


def full_disk(scratch):
    os.makedirs(f"{scratch}/small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", f"{scratch}/small"], capture_output=True).returncode != 0:
        return print("  skip  the full disk needs the right to mount", flush=True)
    try:
        small = Town(scratch, "small/town", Embedded)
        acknowledged, refusals = 0, []
        for n in range(200):
            code, out, err = small.run("send", "supervisor", f"{n} " + "x" * 40000, "--key", f"f-{n}")
            if code == 0: acknowledged += 1
            else: refusals.append((code, err.strip())); break
        check(bool(refusals) and refusals[0][0] in (1, 5) and "full" in refusals[0][1].lower(), f"a full disk is said: {refusals[:1]}")
        check(len(small.records.messages()) == acknowledged, f"all {acknowledged} acknowledged messages are there, and no other")
        subprocess.run(["mount", "-o", "remount,size=16m", f"{scratch}/small"], check=True)
        check(small.run("send", "supervisor", "after", "--key", "after")[0] == 0, "with room again it goes on")
        check(not small.records.problems(), "the database is sound")
    finally:
        subprocess.run(["umount", "-l", f"{scratch}/small"], check=False)


def long_lock(town):
    holder = sqlite3.connect(town.records.path, timeout=5, isolation_level=None)
    holder.execute("begin immediate")
    code, out, err = town.run("send", "supervisor", "while busy for long", "--key", "long", timeout=30)
    holder.execute("commit"); holder.close()
    check(code in (1, 5) and ("busy" in err or "locked" in err), f"a writer that holds on for long is named ({code}): {err.strip()[:90]}")
    again = [town.run("send", "supervisor", "while busy for long", "--key", "long")[0] for _ in range(2)]
    count = sum(m["key"] == "long" for m in town.records.messages())
    check(again == [0, 0] and count == 1, f"and sent again it is there once {again} {count}")


def read_only(scratch):
    town = Town(scratch, "fixed", Embedded)
    town.must("send", "supervisor", "before", "--key", "before")
    # Another user, who may read everything and write nothing.
    subprocess.run(["chmod", "-R", "a+rX,go-w", town.root], check=True)
    before = open(town.records.path, "rb").read()
    p = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"{scratch}/bin/tt", "send", "supervisor", "no"],
                       cwd=town.root, env=town.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    check(p.returncode in (1, 5) and p.stderr.startswith("error:"), f"a read-only folder is said ({p.returncode}): {p.stderr.strip()[:110]}")
    check(open(town.records.path, "rb").read() == before, "and the file is as it was")
