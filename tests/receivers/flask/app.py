"""A receiver of relay callbacks in Flask: POST /callback takes them, GET /tasks/ID tells of a task.

How it is tested stands in test_callbacks.py. To run it, with a signing key or without one:

    CALLBACK_KEY=… python app.py

It prints its port; PORT chooses one.
"""

import hashlib
import json
import os
import threading
import time

from flask import Flask, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server


class Refused(Exception):
    """What is wrong with a callback."""

    def __init__(self, status, message):
        self.status, self.message = status, message


class Task:
    """What is known of a task. It follows from what happened, in whatever order that is told, and however often."""

    def __init__(self):
        self.starts, self.exits, self.finished = set(), set(), set()

    def take(self, event, msg):
        if event == "TaskStart":
            self.starts.add(int(msg["task_start_time"]))
        elif event == "TaskExit":
            # Not the end: a push that breaks, or a migration, is a TaskExit and then a TaskStart.
            self.exits.add(int(msg["task_exit_time"]))
        elif event == "VodSourceFileFinish":
            self.finished.add(int(msg["index"]))
        # Anything else is new, or does not matter here.

    def told(self):
        running = max(self.starts, default=0) > max(self.exits, default=0)
        return {
            "state": "running" if running else "stopped",
            "workers": int(running),
            "finished": sorted(self.finished),
        }


def parsed(text, what):
    """A JSON object."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise Refused(400, f"{what} is not a JSON object")
    return value


def check_signature(key, callback):
    t, sign = str(callback.get("t", "")), str(callback.get("sign", ""))
    expected = hashlib.md5((key + t).encode()).hexdigest()
    if sign != expected or not t.isdigit() or int(t) < time.time():
        raise Refused(403, "not signed, or too long ago")


def create_app(key=None):
    """The application; with a key it takes only what is signed with it."""
    app = Flask(__name__)
    lock = threading.Lock()
    tasks = {}

    @app.post("/callback")
    def take():
        callback = parsed(request.get_data(), "the body")
        if key:
            check_signature(key, callback)
        event, task_id = callback.get("callback_event"), callback.get("task_id")
        if not isinstance(event, str):
            raise Refused(400, "no callback_event")
        msg = parsed(callback.get("msg"), "msg")
        with lock:
            # A TaskExit that names no task may be any task's.
            if task_id is not None:
                tasks.setdefault(task_id, Task()).take(event, msg)
        return jsonify(code=0)

    @app.get("/tasks/<task_id>")
    def task(task_id):
        with lock:
            if task_id not in tasks:
                raise Refused(404, "no such task")
            return jsonify(tasks[task_id].told())

    @app.post("/reset")
    def reset():
        with lock:
            tasks.clear()
        return jsonify()

    @app.errorhandler(Refused)
    def refused(error):
        return jsonify(code=error.status, message=error.message), error.status

    return app


class Quiet(WSGIRequestHandler):
    """Keeps connections open, as production servers do, and its log to itself."""

    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


def serve(key=None, port=0):
    """A server that listens, on a free port unless told otherwise."""
    return make_server("127.0.0.1", port, create_app(key), threaded=True, request_handler=Quiet)


if __name__ == "__main__":
    server = serve(os.environ.get("CALLBACK_KEY"), int(os.environ.get("PORT", 0)))
    print(server.port, flush=True)
    server.serve_forever()
