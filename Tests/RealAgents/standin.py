#!/usr/bin/env python3
"""A scripted stand-in for the LLM services that agent CLIs talk to.

    standin.py [--port 0] [--rules FILE] [--log FILE]

It speaks the Anthropic Messages API, the OpenAI Responses API and Chat Completions, each streamed and whole, on
loopback only. The first line of standard output is the address, such as `http://127.0.0.1:41234`.

The rules file is a JSON list, read again whenever it changes; the first rule that applies answers a request:

    match    regular expression, searched in the last user text of the request (tool results do not count)
    path     regular expression, searched in the path of the request
    times    the rule applies to its first so many requests and is skipped afterwards
    steps    what the model does in one turn: {"tool": NAME, "input": {...}} calls a tool, {"reply": TEXT} ends the
             turn; step N answers the request that carries N tool results, and the last step repeats
    status   answer with this HTTP status; "headers" and "error" ({"type", "message", "code"}) shape it
    hang     true: take the request and never answer
    drop     true: close the connection without an answer
    delay    seconds to wait before the answer

In a reply and in strings of a tool's input, `\\1` style references expand to groups of `match`. A request that no rule
answers gets the reply "(no rule)". The log gets one JSON line for each request: path, chosen rule, step, user text,
names of the offered tools, how many tool results came since the user's text, and whether the caller has hung up on
a hanging answer.
"""
import argparse
import json
import os
import re
import select
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USAGE_IN, USAGE_OUT = 10, 5


class Script:
    """The rules and how often each was used; a changed file starts the counts anew."""

    def __init__(self, path):
        self.path, self.lock, self.stamp, self.rules, self.used = path, threading.Lock(), None, [], {}

    def pick(self, path, text):
        """Returns the index, the rule and the match that answer a request, or None."""
        with self.lock:
            if self.path:
                stamp = os.stat(self.path).st_mtime_ns
                if stamp != self.stamp:
                    with open(self.path, encoding="utf-8") as file:
                        self.rules = json.load(file)
                    self.stamp, self.used = stamp, {}
            for index, rule in enumerate(self.rules):
                if "path" in rule and not re.search(rule["path"], path):
                    continue
                match = re.search(rule.get("match", ""), text, re.S)
                if not match or self.used.get(index, 0) >= rule.get("times", sys.maxsize):
                    continue
                self.used[index] = self.used.get(index, 0) + 1
                return index, rule, match
        return None


def expand(value, match):
    """Replaces group references in every string of a value."""
    if isinstance(value, str):
        return re.sub(r"\\(\d)", lambda ref: match.group(int(ref.group(1))) or "", value)
    if isinstance(value, dict):
        return {key: expand(item, match) for key, item in value.items()}
    return [expand(item, match) for item in value] if isinstance(value, list) else value


def texts(content, kinds=("text", "input_text")):
    """The texts of a message's content, whichever shape it has."""
    if isinstance(content, str):
        return [content]
    return [part.get("text", "") for part in content or [] if part.get("type") in kinds]


class Dialogue:
    """What a request says: the last user text and the tool results since then."""

    def __init__(self, path, body):
        self.text, self.results, self.users = "", 0, 0
        if "responses" in path:
            entries = body.get("input", [])
            for item in [{"type": "message", "role": "user", "content": entries}] if isinstance(entries, str) else entries:
                if item.get("type", "message") == "message" and item.get("role") == "user":
                    self.say(texts(item.get("content")))
                elif item.get("type", "").endswith("_output"):
                    self.results += 1
        else:
            for message in body.get("messages", []):
                content = message.get("content")
                if message.get("role") == "tool":
                    self.results += 1
                elif message.get("role") == "user":
                    found = [p for p in content if p.get("type") == "tool_result"] if isinstance(content, list) else []
                    if found:
                        self.results += len(found)
                    else:
                        self.say(texts(content))
        tools = body.get("tools") or []
        self.tools = [tool.get("name") or tool.get("function", {}).get("name") or tool.get("type") for tool in tools]

    def say(self, parts):
        self.text, self.results, self.users = "\n".join(parts), 0, self.users + 1


def identifier(prefix):
    return prefix + uuid.uuid4().hex[:24]


def anthropic(body, step):
    """The answer of the Messages API as (whole, events)."""
    usage = {"input_tokens": USAGE_IN, "output_tokens": USAGE_OUT,
             "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    if "tool" in step:
        block = {"type": "tool_use", "id": identifier("toolu_"), "name": step["tool"], "input": step.get("input", {})}
        empty, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    else:
        block = {"type": "text", "text": step["reply"]}
        empty, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": step["reply"]}
    stop = "tool_use" if "tool" in step else "end_turn"
    whole = {"id": identifier("msg_"), "type": "message", "role": "assistant", "model": body.get("model", "stand-in"),
             "content": [block], "stop_reason": stop, "stop_sequence": None, "usage": usage}
    events = [
        {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]
    return whole, events


def responses(body, step):
    """The answer of the Responses API as (whole, events)."""
    if "tool" in step:
        item = {"type": "function_call", "id": identifier("fc_"), "call_id": identifier("call_"),
                "name": step["tool"], "arguments": json.dumps(step.get("input", {})), "status": "completed"}
    else:
        item = {"type": "message", "id": identifier("msg_"), "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": step["reply"], "annotations": []}]}
    whole = {"id": identifier("resp_"), "object": "response", "status": "completed", "output": [item],
             "model": body.get("model", "stand-in"),
             "usage": {"input_tokens": USAGE_IN, "input_tokens_details": {"cached_tokens": 0},
                       "output_tokens": USAGE_OUT, "output_tokens_details": {"reasoning_tokens": 0},
                       "total_tokens": USAGE_IN + USAGE_OUT}}
    events = [
        {"type": "response.created", "response": {**whole, "status": "in_progress", "output": [], "usage": None}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "status": "in_progress"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return whole, events


def chat(body, step):
    """The answer of Chat Completions as (whole, events)."""
    if "tool" in step:
        call = {"id": identifier("call_"), "type": "function",
                "function": {"name": step["tool"], "arguments": json.dumps(step.get("input", {}))}}
        message, delta = {"role": "assistant", "content": None, "tool_calls": [call]}, {"tool_calls": [{"index": 0, **call}]}
    else:
        message, delta = {"role": "assistant", "content": step["reply"]}, {"content": step["reply"]}
    finish = "tool_calls" if "tool" in step else "stop"
    usage = {"prompt_tokens": USAGE_IN, "completion_tokens": USAGE_OUT, "total_tokens": USAGE_IN + USAGE_OUT}
    base = {"id": identifier("chatcmpl-"), "created": int(time.time()), "model": body.get("model", "stand-in")}
    whole = {**base, "object": "chat.completion", "usage": usage,
             "choices": [{"index": 0, "message": message, "finish_reason": finish}]}
    chunk = {**base, "object": "chat.completion.chunk"}
    events = [
        {**chunk, "choices": [{"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": None}]},
        {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
        {**chunk, "choices": [], "usage": usage},
    ]
    return whole, events


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.whole(200, {})

    def do_GET(self):
        self.whole(200 if "models" in self.path else 404, {"object": "list", "data": [], "models": []})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            return self.whole(400, {"error": {"type": "invalid_request_error", "message": "the body is not JSON"}})
        if "count_tokens" in self.path:
            return self.whole(200, {"input_tokens": USAGE_IN})
        api = anthropic if "/messages" in self.path else responses if "/responses" in self.path else \
            chat if "/chat/completions" in self.path else None
        if api is None:
            return self.whole(404, {"error": {"type": "not_found_error", "message": "no such path"}})
        dialogue = Dialogue(self.path, body)
        chosen = self.server.script.pick(self.path, dialogue.text)
        index, rule, match = chosen or (None, {"steps": [{"reply": "(no rule)"}]}, re.match("", ""))
        self.server.note({"path": self.path, "rule": index, "results": dialogue.results, "users": dialogue.users,
                          "text": dialogue.text, "tools": dialogue.tools, "stream": bool(body.get("stream")),
                          "model": body.get("model")})
        if "delay" in rule:
            time.sleep(rule["delay"])
        if rule.get("hang"):
            # Readable means that the caller closed its side: nothing else is due on this connection.
            select.select([self.connection], [], [])
            self.server.note({"path": self.path, "rule": index, "hung_up": True})
            self.close_connection = True
        elif rule.get("drop"):
            self.close_connection = True
        elif "status" in rule:
            error = {"type": "api_error", "message": f"scripted status {rule['status']}", **rule.get("error", {})}
            self.whole(rule["status"], {"type": "error", "error": error}, rule.get("headers", {}))
        else:
            step = expand(rule["steps"][min(dialogue.results, len(rule["steps"]) - 1)], match)
            whole, events = api(body, step)
            if body.get("stream"):
                self.stream(events, named=api is not chat)
            else:
                self.whole(200, whole)

    def whole(self, status, value, headers=None):
        data = b"" if self.command == "HEAD" else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-type": "application/json", "content-length": len(data), **(headers or {})}.items():
            self.send_header(name, str(text))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, events, named):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for number, event in enumerate(events):
            head = f"event: {event['type']}\n" if named else ""
            if named and event["type"].startswith("response."):
                event = {**event, "sequence_number": number}
            self.wfile.write(f"{head}data: {json.dumps(event)}\n\n".encode())
        if not named:
            self.wfile.write(b"data: [DONE]\n\n")
        self.wfile.flush()
        self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, script, log):
        super().__init__(("127.0.0.1", port), Handler)
        self.script, self.log, self.lock = script, log, threading.Lock()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (BrokenPipeError, ConnectionResetError)):
            super().handle_error(request, client_address)

    def note(self, entry):
        if self.log:
            with self.lock, open(self.log, "a", encoding="utf-8") as file:
                file.write(json.dumps({"at": round(time.time(), 3), **entry}) + "\n")


def main():
    parser = argparse.ArgumentParser(description="Scripted stand-in for LLM services, on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--rules", help="JSON file with the rules")
    parser.add_argument("--log", help="file that gets a JSON line for each request")
    arguments = parser.parse_args()
    server = Server(arguments.port, Script(arguments.rules), arguments.log)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
