#!/usr/bin/env python3
"""A program that knows only Tinytown's keys and uses redis-py: puts work into a town and reads what is in it.

Usage: plain_client.py SOCKET PREFIX AGENT; the redis-py wheel is on PYTHONPATH. Ends with 1 where something is not as a
reader of Tinytown expects it.
"""

import datetime
import json
import sys
import types

# Systems with an older Python lack a module that only its asynchronous half needs.
stand_in = types.ModuleType("async_timeout")
stand_in.timeout = None
sys.modules.setdefault("async_timeout", stand_in)
import redis  # noqa: E402

SUPERVISOR = "00000000-0000-0000-0000-000000000001"


def message(number, agent, kind, **payload):
    return json.dumps({
        "id": f"aaaaaaaa-bbbb-4ccc-8ddd-00000000000{number}", "from": SUPERVISOR, "to": agent, "type": kind, **payload,
        "priority": "normal", "created_at": "2026-03-09T20:03:14.667655Z", "correlation_id": None})


def main():
    path, prefix, agent = sys.argv[1:]
    server = redis.Redis(unix_socket_path=path, decode_responses=True)
    # What the town wrote.
    record = server.hgetall(f"{prefix}agent:{agent}")
    assert record["name"] == "ada" and record["agent_type"] == "worker" and record["state"] == "starting", record
    assert int(record["tasks_completed"]) == 0 and "nickname" not in record
    datetime.datetime.strptime(record["created_at"], "%Y-%m-%dT%H:%M:%S.%f%z")
    [text] = server.lrange(f"{prefix}inbox:{agent}", 0, -1)
    found = json.loads(text)
    assert list(found) == ["id", "from", "to", "type", "description", "priority", "created_at", "correlation_id"], text
    assert (found["type"], found["description"], found["to"]) == ("task", "ours", agent)
    [(_, entry)] = server.xrevrange(f"{prefix}events", count=1)
    assert set(entry) == {"event_type", "data"} and json.loads(entry["data"])["agent_id"] == agent, entry
    # Work for the agent: a plain push, an urgent one, and an assignment in one transaction with its task.
    server.rpush(f"{prefix}inbox:{agent}", message(1, agent, "task", description="pushed: ä / \"x\""))
    server.lpush(f"{prefix}urgent:{agent}", message(2, agent, "query", question="now?"))
    task = "99999999-8888-4777-8666-555555555555"
    with server.pipeline(transaction=True) as pipeline:
        pipeline.hset(f"{prefix}task:{task}", mapping={
            "id": task, "description": "given", "state": "assigned", "assigned_to": agent, "tags": '["auth"]',
            "created_at": "2026-03-09T20:03:14.667655+00:00", "updated_at": "2026-03-09T20:03:14.667655+00:00"})
        pipeline.rpush(f"{prefix}inbox:{agent}", message(3, agent, "task_assign", task_id=task))
        pipeline.execute()
    server.rpush(f"{prefix}inbox:{agent}", message(4, agent, "teleport", to_planet="mars"))
    # One message is taken away, as Tinytown's own loop does.
    server.rpush(f"{prefix}inbox:{SUPERVISOR}", message(5, SUPERVISOR, "informational", summary="gone again"))
    assert json.loads(server.blpop(f"{prefix}inbox:{SUPERVISOR}", timeout=5)[1])["summary"] == "gone again"


main()
