// A receiver of relay callbacks in Express, correct or with a bug that is often seen.
//
// node app.js [correct | final | not-idempotent | error-in-200], with a signing key in CALLBACK_KEY or none.
// It prints its port, takes POST /callback, tells of tasks at GET /tasks/ID, and forgets all at POST /reset.
'use strict';

const crypto = require('node:crypto');
const express = require('express');

const bug = process.argv[2] ?? 'correct';
const key = process.env.CALLBACK_KEY;

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// What is known of a task. It follows from what happened, in whatever order that is told, and however often.
class Task {
  lastStart = 0;
  lastExit = 0;
  finished = new Set();
  ended = false;
  workers = 0;

  take(event, msg) {
    if (bug === 'final' && this.ended) return;
    switch (event) {
      case 'TaskStart':
        this.lastStart = Math.max(this.lastStart, Number(msg.task_start_time));
        this.workers += 1;
        break;
      case 'TaskExit':
        this.lastExit = Math.max(this.lastExit, Number(msg.task_exit_time));
        this.workers -= 1;
        this.ended = true;
        break;
      case 'VodSourceFileFinish':
        this.finished.add(Number(msg.index));
        break;
      default: // Something new, or nothing that matters here.
    }
  }

  told() {
    let state = this.lastStart > this.lastExit ? 'running' : 'stopped';
    if (bug === 'final' && this.ended) state = 'ended';
    const workers = bug === 'not-idempotent' ? this.workers : Number(state === 'running');
    return { state, workers, finished: [...this.finished].sort((a, b) => a - b) };
  }
}

const tasks = new Map();

function checkSignature({ t, sign }) {
  const expected = crypto.createHash('md5').update(`${key}${t}`).digest('hex');
  if (sign !== expected || !(Number(t) > Date.now() / 1000)) throw new Refused(403, 'not signed, or too long ago');
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function take(callback) {
  // Express leaves alone what does not say that it is JSON.
  if (!isObject(callback)) throw new Refused(400, 'the body is not a JSON object');
  if (key) checkSignature(callback);
  const { callback_event: event, task_id: id } = callback;
  if (typeof event !== 'string') throw new Refused(400, 'no callback_event');
  let msg;
  try {
    msg = JSON.parse(callback.msg);
  } catch {
    // Told below.
  }
  if (!isObject(msg)) throw new Refused(400, 'msg is not a JSON object');
  if (bug === 'error-in-200' && !tasks.has(id) && event !== 'TaskStart') throw new Refused(404, 'no such task');
  // A TaskExit that names no task may be any task's.
  if (id === undefined) return;
  if (!tasks.has(id)) tasks.set(id, new Task());
  tasks.get(id).take(event, msg);
}

const app = express();
app.use(express.json());
app.post('/callback', (request, response) => {
  take(request.body);
  response.json({ code: 0 });
});
app.get('/tasks/:id', (request, response) => {
  const task = tasks.get(request.params.id);
  if (task === undefined) response.status(404).json({ message: 'no such task' });
  else response.json(task.told());
});
app.post('/reset', (request, response) => {
  tasks.clear();
  response.json({});
});
// Whatever was thrown, by the body parser too.
app.use((error, request, response, next) => {
  if (response.headersSent) return next(error);
  const code = error.status ?? 500;
  response.status(bug === 'error-in-200' ? 200 : code).json({ code, message: error.message });
});
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
