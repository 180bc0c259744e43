// The program under test, in a folder of its own, and a receiver that answers as it is told.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/// A folder with these files in it: { "a.toml": "version = 1 …" }.
export async function desk(files) {
  const folder = await mkdtemp(join(tmpdir(), "desk-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return {
    /// Runs pullpush to its end.
    pullpush: (...words) => run(folder, words),
    /// What a file holds.
    read: (name) => readFile(join(folder, name), "utf8"),
    /// Writes one.
    write: (name, text) => writeFile(join(folder, name), text),
    /// Its address.
    url: (name) => pathToFileURL(join(folder, name)).href,
  };
}

function run(folder, words) {
  return new Promise((resolve) => {
    const options = { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 };
    execFile(process.env.PULLPUSH, words, options, (error, stdout, stderr) => {
      const again = stderr.match(/^again: (.*)$/m)?.[1];
      resolve({ code: error?.code ?? 0, stdout, stderr, again });
    });
  });
}

/// `pullpush sink` on a free port: its address for a browser, and how to post to it and to end it.
export async function sink(...flags) {
  const program = spawn(process.env.PULLPUSH, ["sink", "--listen", "127.0.0.1:0", ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  for await (const piece of program.stderr.setEncoding("utf8")) {
    said += piece;
    if (said.endsWith("; Ctrl-C ends it\n")) break;
  }
  const url = said.match(/listening on (\S+) \(open it in a browser/)[1];
  const post = (body, headers = {}) => fetch(url, { method: "POST", body, headers });
  const ended = once(program, "exit");
  const stop = async () => {
    program.kill("SIGINT");
    return (await ended)[0];
  };
  return { url, post, stop };
}

/// A module of the pages, by its path below `src`.
export const moduleText = (path) => readFile(join(process.env.SOURCES, path), "utf8");

/// What JSON says; `undefined` for what is none, as when it was spoilt on purpose.
function parsed(bytes) {
  try {
    return JSON.parse(bytes);
  } catch {
    return undefined;
  }
}

/// Listens on a free port; `answer(callback, n)` gives [status, body] for the n-th request from 0.
export async function receiver(answer) {
  let count = 0;
  const server = createServer(async (request, response) => {
    const pieces = await request.toArray();
    const [status, body] = answer(pieces.length ? parsed(Buffer.concat(pieces)) : {}, count++);
    response.writeHead(status, { "Content-Type": "text/html" }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/callback`, close };
}
