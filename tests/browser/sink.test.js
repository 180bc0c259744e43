// The page of `pullpush sink`: what it shows of the callbacks that come, and that none of them can do anything to it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { after, test } from "node:test";

import { open } from "./browser.js";
import { desk, moduleText, sink } from "./program.js";

const PLAYLIST = `version = 1
seed = 7
[payload]
epoch = "2100-01-01T00:00:00Z"
[[task]]
source = "vod"
task_id = "118148"
to_url = "rtmp://push.test/live/show"
files = [{ url = "http://media.test/1.m3u8", duration = "20m" }]
`;
const LATE = `version = 1
[payload]
profile = "complete"
[[task]]
task_id = "7"
files = [{ url = "http://media.test/1.m3u8", duration = "20m" }]
[[task.step]]
event = "VodSourceFileFinish"
`;

const { pullpush } = await desk({ "playlist.toml": PLAYLIST, "late.toml": LATE });
const play = (file, { url }, ...flags) => pullpush("run", file, "--to", url, "--speed", "max", ...flags);

const ends = [];
after(() => Promise.all(ends.map((end) => end())));

async function started(...flags) {
  const one = await sink(...flags);
  ends.push(one.stop);
  return one;
}

/// A sink, and its page.
async function watched({ flags = [], ...options } = {}) {
  const it = await started(...flags);
  return { it, ...(await open(it.url, options)) };
}

const row = (page, words) => page.locator(".row", { hasText: words });
const event = (page, name) => page.locator(".row", { has: page.locator(`.event:text-is("${name}")`) });
const part = (page, title) => page.locator(".part", { has: page.getByRole("heading", { name: title, exact: true }) });
const fact = (page, name) => page.locator(`dt:text-is("${name}") + dd`);

/// Waits until so many callbacks are counted, and so many of them shown.
async function received(page, count, shown = count) {
  await page.locator(".counts .received b", { hasText: new RegExp(`^${thousands(count)}$`) }).waitFor();
  await page.waitForFunction((shown) => document.querySelectorAll(".row").length === shown, shown);
}

const thousands = (count) => String(count).replace(/\B(?=(...)+$)/g, "\u202f");

/// A callback with something else in it; null: without it.
function callback(changes = {}) {
  const body = {
    appid: 4,
    callback_event: "TaskStart",
    event_type: 314,
    interface: "general_callback",
    msg: '{"task_start_time":1712893433000}',
    product_name: "pullpush",
    source_urls: '["http://media.test/1.m3u8"]\n',
    task_id: "118148",
    ...changes,
  };
  return JSON.stringify(body, (_, value) => value ?? undefined);
}

test("callbacks of a run are grouped by task, and nothing comes from elsewhere", async () => {
  const { it, page, errors, requests } = await watched();
  await page.getByText("Nothing has come yet").waitFor();
  assert.match(await page.locator("pre").first().textContent(), new RegExp(`^pullpush run FILE --to ${it.url}$`));
  assert.equal((await play("playlist.toml", it)).code, 0);
  await it.post(callback({ task_id: "2" }));
  await received(page, 5);
  const tasks = page.locator(".task");
  assert.deepEqual(await tasks.locator(".name").allTextContents(), ["task 2", "task 118148"]);
  assert.deepEqual(await tasks.locator(".total").allTextContents(), ["1 callback", "4 callbacks"]);
  assert.deepEqual(await tasks.locator(".chip").allTextContents(), ["running", "exited 0"]);
  // The published TaskExit names no task.
  assert.deepEqual(await tasks.nth(1).locator(".event").allTextContents(), [
    "TaskStart",
    "VodSourceFileStart [0]",
    "VodSourceFileFinish [0]",
    "TaskExit 0",
  ]);
  assert.equal(await page.title(), "(5) pullpush sink");
  assert.deepEqual(requests.filter((request) => !request.startsWith(it.url)), []);
  assert.deepEqual(errors, []);
});

test("a click shows msg decoded and the raw bytes, which can be copied and saved as they are", async () => {
  const { it, page, errors } = await watched({ permissions: ["clipboard-read", "clipboard-write"] });
  const body = callback({ note: "日本語 \u0007 \u202e é", big: null }).replace("4,", "12345678901234567890.50, ");
  await it.post(body, { "Content-Type": "application/json", "X-Stage": "test" });
  await play("playlist.toml", it);
  await received(page, 5);
  await row(page, "TaskStart").first().click();
  assert.equal(await part(page, "msg, decoded").locator("pre").textContent(), '{\n  "task_start_time": 1712893433000\n}');
  const laidOut = await part(page, "Body").locator("pre").textContent();
  assert.match(laidOut, /^\{\n {2}"appid": 12345678901234567890\.50,\n {2}"callback_event": "TaskStart",\n/);
  const raw = part(page, "Raw");
  assert.ok((await raw.locator("pre").textContent()).includes("日本語 \\u0007 \\u{202e} é"));
  await raw.getByRole("button", { name: "Copy" }).click();
  await raw.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), body);
  const [download] = await Promise.all([page.waitForEvent("download"), raw.getByRole("button", { name: "Save" }).click()]);
  assert.equal(await readFile(await download.path(), "utf8"), body);
  await part(page, "msg, decoded").getByRole("button").click();
  await part(page, "msg, decoded").getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '{"task_start_time":1712893433000}');
  assert.match(await part(page, "Request").locator("pre").textContent(), /^POST \/\n[^]*\nx-stage: test\n/);
  assert.deepEqual(errors, []);
});

test("without a clipboard, as under the address of another machine, copying works too", async () => {
  const { it, page } = await watched({ permissions: ["clipboard-read", "clipboard-write"] });
  await page.evaluate(() => {
    window.clipboard = navigator.clipboard;
    Object.defineProperty(navigator, "clipboard", { value: undefined });
  });
  await it.post(callback());
  await part(page, "Raw").getByRole("button", { name: "Copy" }).click();
  await part(page, "Raw").getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => window.clipboard.readText()), callback());
});

test("a wrong order is marked", async () => {
  const { it, page } = await watched();
  await play("playlist.toml", it);
  await play("late.toml", it);
  await received(page, 5);
  const note = "the first callback of the task is VodSourceFileFinish, not TaskStart";
  const marked = row(page, note);
  assert.equal(await marked.count(), 1);
  await marked.click();
  assert.equal(await fact(page, "order").textContent(), note);
  assert.equal(await fact(page, "order").getAttribute("class"), "odd");
  assert.equal(await page.locator(".task", { has: marked }).locator(".remarks").textContent(), "1 with trouble");
  assert.equal(await page.locator(".counts .noted").textContent(), "1 with a note");
  await row(page, "FileStart").click();
  assert.equal(await fact(page, "order").textContent(), "in order");
  assert.match(await fact(page, "signature").textContent(), /^not checked/);
});

test("a wrong signature is marked, and so is whatever else is refused or fails", async () => {
  const { it, page } = await watched({ flags: ["--key", "testkey", "--fail-first", "1", "--status", "503"] });
  await it.post(callback());
  await play("playlist.toml", it, "--set", "payload.key=testkey");
  await play("playlist.toml", it, "--set", "payload.key=otherkey", "--set", "receiver.retry=none");
  await it.post("nonsense");
  await received(page, 10);
  assert.deepEqual(await page.locator(".counts li").allTextContents(), [
    "10 received",
    "4 acknowledged",
    "5 refused",
    "1 failed on purpose",
  ]);
  const sign = "`sign` does not belong to `t` and the key";
  await event(page, "TaskStart").and(row(page, sign)).click();
  assert.deepEqual([await fact(page, "answer").textContent(), await fact(page, "signature").textContent()], ["403 · refused", sign]);
  assert.equal(await part(page, "What is wrong").locator("li").textContent(), sign);
  await event(page, "TaskStart").and(page.locator(".ok")).click();
  assert.equal(await fact(page, "signature").textContent(), "right");
  await page.locator(".row.failed-on-purpose").click();
  assert.equal(await fact(page, "answer").textContent(), "503 · failed on purpose");
  await row(page, "not JSON").click();
  assert.match(await fact(page, "signature").textContent(), /^not checked/);
  assert.equal(await part(page, "msg, decoded").count(), 0);
});

test("whatever callbacks hold is text", async () => {
  const { it, page, errors, requests } = await watched();
  const html = "<img src=/x onerror=alert(1)><script>alert(2)</script>";
  await it.post(callback({ task_id: html, callback_event: html, msg: JSON.stringify({ [html]: html }) }), { "X-Html": html });
  await it.post(callback({ task_id: "__proto__", callback_event: "__proto__", msg: '{"__proto__":1}' }));
  await it.post(callback({ task_id: "a\u202eb\u0000\u001b[31m\n", msg: html }));
  await it.post(Buffer.concat([Buffer.from("<b>é"), Buffer.from([0xc3, 0xff]), Buffer.from("</b>")]));
  await it.post("[".repeat(100_000));
  await it.post(`["${"x".repeat(1024 * 1024 - 4)}"]`);
  await it.post("x".repeat(1024 * 1024 + 1));
  await it.post(html);
  await received(page, 8);
  const names = await page.locator(".name").allTextContents();
  assert.deepEqual(names, ["no task named", "task a\\u{202e}b\\u{0}\\u{1b}[31m\\n", "task __proto__", `task ${html.slice(0, 40)}…`]);
  for (const one of await page.locator(".row").all()) {
    await one.click();
    await part(page, "Request").waitFor();
  }
  await row(page, "first wrong byte").click();
  assert.equal(await page.locator("pre.raw").textContent(), "<b>é\\xc3\\xff</b>");
  await page.locator('.row[data-number="6"]').click();
  await page.getByText("Longer than 128.0 KiB").waitFor();
  await row(page, "larger than 1 MiB").click();
  assert.match(await fact(page, "size").textContent(), /^more than 1 MiB/);
  await row(page, "<img").first().click();
  assert.ok((await part(page, "msg, decoded").locator("pre").textContent()).includes(html));
  assert.ok((await part(page, "Request").locator("pre").textContent()).includes(`x-html: ${html}`));
  assert.equal(await page.locator("img").count(), 1);
  assert.deepEqual(requests.filter((request) => !request.startsWith(`${it.url}_pullpush/`)), []);
  assert.deepEqual(errors, []);
});

test("even a script in the page could fetch nothing from elsewhere and make no markup of text", async () => {
  const { page } = await watched();
  const refused = await page.evaluate(async () => {
    const attempt = async (act) => Promise.resolve().then(act).then(() => "done", () => "refused");
    return Promise.all([
      attempt(() => fetch("http://127.0.0.1:9/")),
      attempt(() => (document.body.innerHTML = "<b>")),
      attempt(() => (document.createElement("script").text = "1")),
    ]);
  });
  assert.deepEqual(refused, ["refused", "refused", "refused"]);
});

test("its modules import all that they use: they work without the bundler", async () => {
  const { it, page, errors } = await watched();
  const script = (body) => ({ contentType: "text/javascript", body });
  await page.route("**/_pullpush/page.js", (route) => route.fulfill(script('import "/src/sink/page/page.js";')));
  await page.route("**/src/**", async (route) => {
    route.fulfill(script(await moduleText(new URL(route.request().url()).pathname.replace("/src/", ""))));
  });
  await page.reload();
  await play("playlist.toml", it);
  await it.post("x".repeat(200_000));
  await it.post(Buffer.from([0xff]));
  await received(page, 6);
  await page.keyboard.press("k");
  await page.getByLabel("Filter").fill("FILESTART");
  await part(page, "Raw").getByRole("button", { name: "Copy" }).click();
  assert.deepEqual(errors, []);
});

test("a page that is loaded again shows what came before", async () => {
  const { it, page, errors } = await watched();
  await play("playlist.toml", it);
  await received(page, 4);
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByText("Nothing has come since").waitFor();
  assert.equal(await page.locator(".row").count(), 0);
  await page.reload();
  await received(page, 4);
  assert.deepEqual(errors, []);
});

/// An address behind which there is one sink or another. `refuse`: somebody in between answers the next request.
async function relay() {
  let target;
  let refusing = false;
  const pairs = new Set();
  const server = createServer((browser) => {
    if (refusing) {
      refusing = false;
      return browser.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    const there = connect(target);
    for (const socket of [browser, there]) {
      pairs.add(socket);
      socket.on("error", () => {}).on("close", () => browser.destroy() && there.destroy());
    }
    browser.pipe(there).pipe(browser);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => pairs.forEach((socket) => socket.destroy());
  ends.push(() => (server.close(), cut()));
  const lead = ({ url }) => (target = { host: "127.0.0.1", port: Number(new URL(url).port) });
  const refuse = () => (refusing = true);
  return { url: `http://127.0.0.1:${server.address().port}/`, lead, cut, refuse };
}

test("a page that lost its sink finds it again, and misses nothing", async () => {
  const way = await relay();
  const first = await started();
  way.lead(first);
  const { page } = await open(way.url);
  await first.post(callback());
  await received(page, 1);
  way.cut();
  await page.getByText("waiting for the sink").waitFor();
  await first.post(callback({ task_id: "2" }));
  await page.getByText("live").waitFor();
  await received(page, 2);

  // Ended with the page open, and started again: it has forgotten everything.
  const second = await started();
  way.lead(second);
  assert.equal(await first.stop(), 130);
  await second.post(callback({ task_id: "3" }));
  await received(page, 1);
  assert.deepEqual(await page.locator(".name").allTextContents(), ["task 3"]);
});

test("a thousand callbacks are all shown, and the page still answers", async () => {
  const { it, page, errors } = await watched();
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ type: "longtask" });
  });
  const thousand = ["--set", "task.count=250", "--set", "task.task_id={n}", "--set", "task.to_url=rtmp://a.test/live/{n}"];
  assert.equal((await play("playlist.toml", it, ...thousand)).code, 0);
  await received(page, 1000);
  assert.equal(await page.title(), "(1000) pullpush sink");
  await page.getByLabel("Filter").fill('"task_id":"177"');
  await page.locator(".task:not([hidden])").and(page.locator(".task", { hasText: "task 177" })).waitFor();
  assert.equal(await page.locator(".task:not([hidden])").count(), 1);
  assert.equal(await page.locator(".task:not([hidden]) .total").textContent(), "3 callbacks");
  await row(page, "FileFinish").and(page.locator(":visible")).click();
  assert.equal(await page.locator("h2").textContent(), "VodSourceFileFinish [0]");
  const longest = await page.evaluate(() => window.longest);
  assert.ok(longest < 2000, `it was busy for ${longest} ms`);
  assert.deepEqual(errors, []);
});

test("more than the sink keeps are counted, and the page says so", async () => {
  const { it, page } = await watched();
  const many = ["--set", "task.count=600", "--set", "task.task_id={n}"];
  await play("playlist.toml", it, ...many);
  await page.locator(".counts .received b", { hasText: /^2.400$/ }).waitFor();
  await page.reload();
  await page.getByText("400 came too fast, or too long ago, to be shown here").waitFor();
  await received(page, 2400, 2000);
});

test("what was shown is not missed, however often the page has to ask again", async () => {
  const way = await relay();
  const it = await started();
  way.lead(it);
  const { page } = await open(way.url);
  for (const sofar of [1200, 2400]) {
    await play("playlist.toml", it, "--set", "task.count=300", "--set", "task.task_id={n}");
    await received(page, sofar, Math.min(sofar, 2000));
  }
  // To this sink the page is new each time, as it is behind a proxy that drops what it does not know.
  await page.route("**/_pullpush/events*", (route) => {
    const { "last-event-id": _, ...headers } = route.request().headers();
    return route.continue({ headers, url: route.request().url().split("?")[0] });
  });
  for (const number of [2401, 2402]) {
    way.refuse();
    way.cut();
    await page.getByText("waiting for the sink").waitFor();
    await page.getByText("live").waitFor();
    await it.post(callback());
    await received(page, number, 2000);
  }
  assert.equal(await page.locator("#missed").isVisible(), false);
});

test("a page whose timers are held back keeps no more than it will show", async () => {
  const { it, page } = await watched();
  await page.evaluate(() => {
    window.held = [];
    window.setTimeout = (act) => window.held.push(act);
    window.parsed = [];
    const parse = JSON.parse;
    JSON.parse = (text) => {
      const value = parse(text);
      window.parsed.push(new WeakRef(value));
      window.newest = value.number ?? window.newest;
      return value;
    };
  });
  for (const sofar of [1200, 2400, 3600, 4800]) {
    await play("playlist.toml", it, "--set", "task.count=300", "--set", "task.task_id={n}");
    await page.waitForFunction((sofar) => window.newest === sofar, sofar);
  }
  await page.requestGC();
  const kept = await page.evaluate(() => window.parsed.filter((one) => one.deref()?.number).length);
  assert.ok(kept < 4001, `it keeps ${kept}`);
  await page.evaluate(() => window.held.splice(0).forEach((act) => act()));
  await received(page, 4800, 2000);
  await page.getByText("2 800 came too fast".replace(" ", "\u202f")).waitFor();
});

test("pages that nobody sees keep no other from showing, and go on where they were", async () => {
  const { it, page } = await watched();
  const see = (page, seen) =>
    page.evaluate((seen) => {
      Object.defineProperty(document, "hidden", { value: !seen, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, seen);
  await it.post(callback());
  await received(page, 1);
  let asked = 0;
  page.on("response", (response) => (asked += response.url().includes("/events")));
  let top = page;
  // A browser has six connections.
  for (let more = 0; more < 6; more += 1) {
    await see(top, false);
    top = await page.context().newPage();
    await top.goto(it.url);
    await received(top, 1);
  }
  await it.post(callback({ task_id: "2" }));
  await received(top, 2);
  assert.deepEqual([asked, await page.locator(".row").count()], [0, 1]);
  await see(page, true);
  await received(page, 2);
  for (const sofar of [1202, 2402]) {
    await play("playlist.toml", it, "--set", "task.count=300", "--set", "task.task_id={n}");
    await received(page, sofar, Math.min(sofar, 2000));
  }
  for (let again = 0; again < 2; again += 1) {
    await see(page, false);
    await see(page, true);
    await it.post(callback());
    await received(page, 2403 + again, 2000);
  }
  assert.equal(await page.locator("#missed").isVisible(), false);
});

test("it can be filtered, followed and used with keys", async () => {
  const { it, page } = await watched();
  await play("playlist.toml", it);
  await play("late.toml", it);
  await received(page, 5);
  const title = page.locator("h2");
  assert.equal(await title.textContent(), "VodSourceFileFinish [0]");
  await page.getByLabel("only trouble").check();
  assert.equal(await page.locator(".row:visible").count(), 1);
  await page.getByLabel("only trouble").uncheck();
  await page.getByLabel("Filter").fill("media.test");
  assert.equal(await page.locator(".row:visible").count(), 5);
  await page.getByLabel("Filter").fill("FILESTART");
  assert.equal(await page.locator(".row:visible").count(), 1);
  assert.equal(await page.locator(".total:visible").textContent(), "1 of 4 callbacks");
  await page.getByLabel("Filter").fill("");
  await event(page, "TaskStart").click();
  assert.equal(await page.getByLabel("follow").isChecked(), false);
  await page.keyboard.press("ArrowDown");
  assert.equal(await title.textContent(), "VodSourceFileStart [0]");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("k");
  assert.equal(await title.textContent(), "TaskStart");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-current")), "true");
  await it.post(callback({ task_id: "9", callback_event: "TaskAlarm", msg: '{"type":"PullFileFailed"}' }));
  await received(page, 6);
  assert.equal(await title.textContent(), "TaskStart");
  await page.getByLabel("Filter").fill("FILESTART");
  await page.getByLabel("follow").check();
  assert.equal(await title.textContent(), "VodSourceFileStart [0]");
  await page.getByLabel("follow").uncheck();
  await page.getByLabel("Filter").fill("");
  await page.getByLabel("follow").check();
  assert.equal(await title.textContent(), "TaskAlarm PullFileFailed");
});

test("keys scroll the detail once it was clicked", async () => {
  const { it, page } = await watched();
  await it.post(callback());
  await it.post(callback({ task_id: "2", more: "x\n".repeat(20_000) }));
  await received(page, 2);
  await row(page, "TaskStart").first().click();
  const selected = () => page.locator('[aria-current="true"]').getAttribute("data-number");
  assert.equal(await selected(), "2");
  await page.locator("dl.facts").click();
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction(() => document.getElementById("detail").scrollTop > 0);
  assert.equal(await selected(), "2");
  await row(page, "TaskStart").first().click();
  await page.keyboard.press("ArrowDown");
  assert.equal(await selected(), "1");
});

test("no letter is cut in half", async () => {
  const { it, page } = await watched();
  await it.post(callback({ task_id: `${"x".repeat(39)}😀😀` }));
  await it.post(`${"x".repeat(64 * 1024 - 1)}😀😀`);
  await received(page, 2);
  assert.equal(await page.locator(".name").last().textContent(), `task ${"x".repeat(39)}…`);
  assert.match(await page.locator("pre.raw").textContent(), /^x+$/);
});

test("it is readable in the dark, and on a narrow screen", async () => {
  for (const options of [{ colorScheme: "light" }, { colorScheme: "dark" }, { viewport: { width: 360, height: 740 } }]) {
    const { it, page, errors } = await watched(options);
    await play("playlist.toml", it);
    await it.post("x".repeat(500));
    await received(page, 5);
    const { luminance, wide } = await page.evaluate(() => {
      const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
      return { luminance: (r + g + b) / 3, wide: document.documentElement.scrollWidth > innerWidth };
    });
    assert.equal(luminance < 128, options.colorScheme === "dark");
    assert.equal(wide, false);
    assert.deepEqual(errors, []);
  }
});
