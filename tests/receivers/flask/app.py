"""A receiver of relay callbacks in Flask, correct or with a bug that is often seen.

python app.py [correct | final | not-idempotent | error-in-200], with a signing key in CALLBACK_KEY or none.
It prints its port, takes POST /callback, tells of tasks at GET /tasks/ID, and forgets all at POST /reset.
"""

import hashlib
import json
import os
import sys
import threading
import time

from flask import Flask, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

BUG = sys.argv[1] if len(sys.argv) > 1 else "correct"
KEY = os.environ.get("CALLBACK_KEY")

app = Flask(__name__)
lock = threading.Lock()
tasks = {}


class Refused(Exception):
    """What is wrong with a callback."""

    def __init__(self, status, message):
        self.status, self.message = status, message


class Task:
    """What is known of a task. It follows from what happened, in whatever order that is told, and however often."""

    def __init__(self):
        self.starts, self.exits, self.finished = set(), set(), set()
        self.ended, self.workers = False, 0

    def take(self, event, msg):
        if BUG == "final" and self.ended:
            return
        if event == "TaskStart":
            self.starts.add(int(msg["task_start_time"]))
            self.workers += 1
        elif event == "TaskExit":
            self.exits.add(int(msg["task_exit_time"]))
            self.workers -= 1
            self.ended = True
        elif event == "VodSourceFileFinish":
            self.finished.add(int(msg["index"]))
        # Anything else is new, or does not matter here.

    def told(self):
        state = "running" if max(self.starts, default=0) > max(self.exits, default=0) else "stopped"
        if BUG == "final" and self.ended:
            state = "ended"
        workers = self.workers if BUG == "not-idempotent" else int(state == "running")
        return {"state": state, "workers": workers, "finished": sorted(self.finished)}


def parsed(text, what):
    """A JSON object."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise Refused(400, f"{what} is not a JSON object")
    return value


def check_signature(callback):
    t, sign = str(callback.get("t", "")), str(callback.get("sign", ""))
    expected = hashlib.md5((KEY + t).encode()).hexdigest()
    if sign != expected or not t.isdigit() or int(t) < time.time():
        raise Refused(403, "not signed, or too long ago")


def take(body):
    callback = parsed(body, "the body")
    if KEY:
        check_signature(callback)
    event, task_id = callback.get("callback_event"), callback.get("task_id")
    if not isinstance(event, str):
        raise Refused(400, "no callback_event")
    msg = parsed(callback.get("msg"), "msg")
    with lock:
        if BUG == "error-in-200" and task_id not in tasks and event != "TaskStart":
            raise Refused(404, "no such task")
        # A TaskExit that names no task may be any task's.
        if task_id is not None:
            tasks.setdefault(task_id, Task()).take(event, msg)


@app.post("/callback")
def callback():
    try:
        take(request.get_data())
    except Refused as error:
        status = 200 if BUG == "error-in-200" else error.status
        return jsonify(code=error.status, message=error.message), status
    return jsonify(code=0)


@app.get("/tasks/<task_id>")
def task(task_id):
    with lock:
        if task_id not in tasks:
            return jsonify(message="no such task"), 404
        return jsonify(tasks[task_id].told())


@app.post("/reset")
def reset():
    with lock:
        tasks.clear()
    return jsonify()


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    print(server.port, flush=True)
    server.serve_forever()
