// A receiver of relay callbacks in Express: POST /callback takes them, GET /tasks/ID tells of a task.
//
// How it is tested stands in callbacks.test.js. To run it, with a signing key or without one:
//
//   CALLBACK_KEY=… node app.js
//
// It prints its port; PORT chooses one.
'use strict';

const crypto = require('node:crypto');
const express = require('express');

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

  take(event, msg) {
    switch (event) {
      case 'TaskStart':
        this.lastStart = Math.max(this.lastStart, Number(msg.task_start_time));
        break;
      case 'TaskExit':
        // Not the end: a push that breaks, or a migration, is a TaskExit and then a TaskStart.
        this.lastExit = Math.max(this.lastExit, Number(msg.task_exit_time));
        break;
      case 'VodSourceFileFinish':
        this.finished.add(Number(msg.index));
        break;
      default: // Something new, or nothing that matters here.
    }
  }

  told() {
    const running = this.lastStart > this.lastExit;
    return {
      state: running ? 'running' : 'stopped',
      workers: Number(running),
      finished: [...this.finished].sort((a, b) => a - b),
    };
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsedMsg(text) {
  let msg;
  try {
    msg = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (!isObject(msg)) throw new Refused(400, 'msg is not a JSON object');
  return msg;
}

function checkSignature(key, { t, sign }) {
  const expected = crypto.createHash('md5').update(`${key}${t}`).digest('hex');
  if (sign !== expected || !(Number(t) > Date.now() / 1000)) throw new Refused(403, 'not signed, or too long ago');
}

// The application; with a key it takes only what is signed with it.
function receiver(key) {
  const app = express();
  const tasks = new Map();

  app.use(express.json());
  app.post('/callback', ({ body: callback }, response) => {
    // Express leaves alone what does not say that it is JSON.
    if (!isObject(callback)) throw new Refused(400, 'the body is not a JSON object');
    if (key) checkSignature(key, callback);
    const { callback_event: event, task_id: id } = callback;
    if (typeof event !== 'string') throw new Refused(400, 'no callback_event');
    const msg = parsedMsg(callback.msg);
    // A TaskExit that names no task may be any task's.
    if (id !== undefined) {
      if (!tasks.has(id)) tasks.set(id, new Task());
      tasks.get(id).take(event, msg);
    }
    response.json({ code: 0 });
  });

  app.get('/tasks/:id', (request, response) => {
    const task = tasks.get(request.params.id);
    if (task === undefined) throw new Refused(404, 'no such task');
    response.json(task.told());
  });

  app.post('/reset', (request, response) => {
    tasks.clear();
    response.json({});
  });

  // Whatever was thrown, by the body parser too.
  app.use((error, request, response, next) => {
    if (response.headersSent) return next(error);
    const code = error.status ?? 500;
    response.status(code).json({ code, message: error.message });
  });
  return app;
}

module.exports = receiver;

if (require.main === module) {
  const app = receiver(process.env.CALLBACK_KEY);
  const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log(server.address().port));
}
