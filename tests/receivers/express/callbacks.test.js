// How a program that takes relay callbacks is tested with pullpush: a scenario is played, and the program is asked what it
// made of it.
//
//   npm ci
//   npm test
//
// PULLPUSH names the binary if it is not in PATH. The application is the one in app.js; scenarios are files as anywhere else.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { once } = require('node:events');
const { mkdtemp, readFile, rm } = require('node:fs/promises');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { afterEach, beforeEach, describe, it } = require('node:test');
const receiver = require('./app.js');

const PULLPUSH = process.env.PULLPUSH ?? 'pullpush';
const KEY = 'testkey';

let server, url, folder;

// A fresh application on a free port.
const listening = (key) => async () => {
  server = receiver(key).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${server.address().port}`;
  folder = await mkdtemp(path.join(tmpdir(), 'callbacks-'));
};

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

// Runs pullpush against the application; fails with all that it said unless it exits with 0.
async function pullpush(...args) {
  const options = { env: { ...process.env, CALLBACK_KEY: KEY }, timeout: 60_000 };
  const { code, said } = await new Promise((resolve) => {
    execFile(PULLPUSH, [...args, '--to', `${url}/callback`], options, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, said: stdout + stderr });
    });
  });
  assert.equal(code, 0, said);
}

const scenario = (name) => path.join(__dirname, '..', 'scenarios', `${name}.toml`);

// Plays a scenario at full speed: everything has to be taken as it should be.
const play = (name, ...args) =>
  pullpush('run', scenario(name), '--speed', 'max', '--report', `junit=${folder}/${name}.xml`, ...args);

// What the application knows of the task of the scenarios; null: nothing.
async function task() {
  const answer = await fetch(`${url}/tasks/118148`);
  return answer.status === 404 ? null : answer.json();
}

describe('a receiver', () => {
  beforeEach(listening());

  it('follows a playlist to its end', async () => {
    await play('playlist');
    assert.deepEqual(await task(), { state: 'stopped', workers: 0, finished: [0, 1] });
  });

  it('does not take an exit for the end', async () => {
    await play('push-breaks');
    assert.deepEqual((await task()).finished, [0, 1]);
  });

  it('takes an exit that names no task', () => play('no-id'));

  it('counts once what comes twice', async () => {
    await play('twice');
    assert.deepEqual(await task(), { state: 'running', workers: 1, finished: [] });
  });

  it('changes nothing at what comes late', async () => {
    await play('late');
    assert.deepEqual(await task(), { state: 'stopped', workers: 0, finished: [0] });
  });

  it('refuses damaged callbacks', async () => {
    await play('damaged');
    assert.equal(await task(), null);
  });

  it('comes to the same end in every order', () => pullpush('explore', scenario('five'), '--swaps', '1', '--dups', '1'));

  it('has a report for CI', async () => {
    await play('playlist');
    const report = await readFile(path.join(folder, 'playlist.xml'), 'utf8');
    assert.match(report, /<testsuites [^>]*tests="1" skipped="0" failures="0" errors="0"/);
    assert.match(report, /<testcase name="task 118148"/);
  });
});

describe('a receiver with a key', () => {
  beforeEach(listening(KEY));

  it('takes signed callbacks', async () => {
    await play('playlist', '--set', 'payload.key_env=CALLBACK_KEY');
    assert.deepEqual((await task()).finished, [0, 1]);
  });

  it('refuses forged callbacks', async () => {
    await play('forged');
    assert.equal(await task(), null);
  });

  it('keeps the contract', () => {
    const asked = ['--state', '/tasks/{task_id}', '--state-field', '/state', '--state-field', '/workers'];
    return pullpush('contract', '--key-env', 'CALLBACK_KEY', ...asked);
  });
});
