"""A town that is restored while its server, or tt itself, is killed: it is the old town or the new one, never a mixture."""
import hashlib, json, random, time, uuid

import servers
from towns import Town, check, note


def snapshot(path, town, key, count):
    """A snapshot of a town that holds `count` messages with keys of their own, written by hand after docs/snapshots.md."""
    me, at, lines = servers.SUPERVISOR, "2026-11-21T12:00:00.000000Z", []
    for n in range(1, count + 1):
        message = {"correlation_id": None, "created_at": at, "description": f"{key} {n} " + "x" * 300, "from": me,
                   "id": str(uuid.uuid4()), "idempotency_key": f"{key}-{n}", "priority": "normal", "to": me, "type": "task"}
        lines.append({"message": {"changed_at": at, "message": message, "sequence": n, "state": "queued"}})
    event = {"agent_id": me, "event_type": "message_sent", "message": f"{key} begins", "sequence": 1, "timestamp": at}
    lines.append({"event": event})
    body = "".join(json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
    header = {"counts": {"agents": 0, "dead": 0, "events": 1, "messages": count, "tasks": 0}, "digest": "sha256:" + hashlib.sha256(body.encode()).hexdigest(),
              "format": "tinytown-snapshot", "program": "0.1.0", "saved_at": at, "town": town, "version": 1}
    with open(path, "w") as f: f.write(json.dumps(header, sort_keys=True, separators=(",", ":")) + "\n" + body)


def moves(scratch, server, rounds, count):
    rng = random.Random(rounds)
    town = Town(scratch, "moved", servers.remote(server))
    sizes = {"even": count, "odd": count * 2 // 3}
    for key, n in sizes.items(): snapshot(f"{town.root}/{key}.jsonl", "moved", key, n)
    begun = time.time()
    town.must("restore", "even.jsonl", "--force")
    took = time.time() - begun
    now, found, killed = "even", {"old": 0, "new": 0}, {"server": 0, "tt": 0}
    for n in range(rounds):
        then = "odd" if now == "even" else "even"
        p = town.start("restore", f"{then}.jsonl", "--force")
        time.sleep(rng.uniform(0.02, took))
        what = "server" if n % 2 == 0 else "tt"
        killed[what] += 1
        note(scratch, f"restore: {what}")
        if what == "server":
            server.kill()
            server.start()
        else: p.kill()
        out, err = p.communicate(timeout=120)
        # Any command carries on with what was decided.
        code, out, err = town.run("inbox", "supervisor", "--json")
        if code != 0: check(False, f"after a restore that was interrupted nothing works: {code} {err.strip()}"); return
        keys = {m["key"] for m in town.records.messages()}
        whole = next((k for k, n in sizes.items() if keys == {f"{k}-{i}" for i in range(1, n + 1)}), None)
        if whole is None:
            kinds = {k: sum((key or "").startswith(k) for key in keys) for k in sizes}
            check(False, f"a restore from {now} to {then} that was interrupted ({what}) left a mixture: {kinds} of {sizes}"); return
        found["new" if whole == then else "old"] += 1
        now = whole
        if problems := town.records.problems(): check(False, f"the records disagree after a restore that was interrupted: {problems}"); return
    check(True, f"{rounds} restores of {count} messages were interrupted {killed}, and the town was the old one or the new one {found}")
    town.must("restore", "even.jsonl", "--force")
    with server.client() as client: left = [k for k in client("KEYS", f"tt:{town.name}:~*")]
    # What was staged and never took its place goes after an hour.
    with server.client() as client: kept = [k for k in left if client("TTL", k) < 0]
    check(not kept, f"and nothing is left of those that were given up {kept}")
