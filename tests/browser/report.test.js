// `--report html=F` and `plan --format html`: the pages, used as a user uses them.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { open } from "./browser.js";
import { desk, moduleText, receiver } from "./program.js";

const HOSTILE = "</script><img src=x onerror=alert(1)><!--\u2028";

/// Four tasks: two whose push breaks, one that is befallen by every kind of fault, one with a hostile name.
const EVENING = `version = 1
seed = 7

[receiver]
retry = ["100ms"]

[payload]
epoch = "2026-01-01T12:00:00Z"
profile = "complete"

[[task]]
source = "live"
count = 2
spacing = "200ms"
task_id = "10{n}"
url = "rtmp://origin.test/live/a"
end = "30s"

[[task.incident]]
kind = "push-broken"
at = "5s"
lasts = "5s"

[[task]]
task_id = "200"
[[task.step]]
event = "TaskStart"
fault = { duplicate = { after = "300ms" } }
[[task.step]]
after = "1s"
event = "TaskAlarm"
fault = "drop"
[[task.step]]
after = "1s"
event = "TaskAlarm"
fault = { corrupt = { kinds = ["truncated"] } }
[[task.step]]
after = "1s"
event = "TaskExit"
fault = { delay = { by = "2s" } }

[[task]]
task_id = ${JSON.stringify(HOSTILE)}
[[task.step]]
event = "TaskStart"

[[probe]]
after = "end"
get = "/state"
status = 404
`;

/// Colours on the lanes, in the light.
const SIGNS = { good: [10, 122, 83], bad: [195, 34, 44], fault: [146, 86, 0] };
const PLANNED = [37, 88, 201];

/// Refuses every exit with an error, and of everything else about task 102 what comes first.
function moody(callback, n, tried) {
  if (callback === undefined) return [400, "not JSON"];
  const key = callback.callback_event;
  if (callback.callback_event === "TaskExit") return [503, "<h1>Service Unavailable</h1><script>alert(2)</script>"];
  if (callback.task_id !== "102" || tried.has(key)) return [200, '{"code":0}'];
  tried.add(key);
  return [500, "busy"];
}

describe("a run with failures", () => {
  let url, ended, listening, files;
  before(async () => {
    const tried = new Set();
    listening = await receiver((callback, n) => moody(callback, n, tried));
    files = await desk({ "evening.toml": EVENING });
    const words = ["--to", listening.url, "--speed", "20x", "--report", "html=r.html"];
    ended = await files.pullpush("run", "evening.toml", ...words);
    assert.equal(ended.code, 1, ended.stderr);
    url = files.url("r.html");
  });
  after(() => listening.close());

  test("needs nothing but itself, and says what it is", async () => {
    const { page, errors, requests } = await show(url);
    assert.equal(await page.title(), "pullpush run: evening.toml");
    assert.deepEqual([errors, requests], [[], []]);
  });

  test("failures come first, each with its command, the first with that which was printed", async () => {
    const { page } = await show(url);
    const order = await page
      .locator("main > *")
      .evaluateAll((all) => all.map(({ className, localName }) => className || localName));
    assert.deepEqual(order.slice(0, 3), ["header", "failures", "scenario"]);
    const commands = await page.locator(".failure code").allTextContents();
    assert.equal(commands[0], ended.again);
    assert.deepEqual(commands.map((command) => command.match(/task=(\d+)/)?.[1]).sort(), [
      "101",
      "102",
      "200",
      undefined,
    ]);
    const first = page.locator(".failure a").first();
    assert.match(await first.textContent(), /^TaskExit -?\d+  task=\d+  #\d+$/);
    await first.click();
    await page
      .locator(".details.pinned .complaints")
      .getByText("not acknowledged after 2 attempts: status 503")
      .waitFor();
  });

  test("a command can be copied", async () => {
    const { page } = await show(url, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.locator(".failure button").first().click();
    await page.locator(".failure").first().getByText("copied").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), ended.again);
  });

  test("there is a lane for each task and one for the whole, and the numbers are the summary's", async () => {
    const { page } = await show(url);
    for (const colour of Object.values(SIGNS)) assert.ok((await area(page, colour)) > 20, colour.join());
    const names = await page.locator(".names span").allTextContents();
    assert.deepEqual(names.filter((name) => /^\d+$/.test(name)).sort(), ["101", "102", "200"]);
    assert.equal(names[0], "the whole run");
    assert.equal(names.length, 5);
    const tiles = await page.locator(".tile").allInnerTexts();
    const [, planned, acknowledged] = ended.stdout.match(/(\d+) callbacks planned[\s\S]*?acknowledged +(\d+)/);
    assert.deepEqual(tiles.slice(0, 2), [`${planned}\nplanned`, `${acknowledged}\nacknowledged`]);
    assert.equal(await page.locator("figure svg[aria-label]").count(), 3);
    const legend = await page.locator(".legend").innerText();
    for (const word of ["spoilt on purpose, and refused", "dropped on purpose", "a second time", "incident", "probe"]) {
      assert.ok(legend.includes(word), `${word} in ${legend}`);
    }
  });

  test("pointing at a callback shows it, a click pins it, Escape lets go", async () => {
    const { page } = await show(url);
    const details = page.locator(".details");
    const { x, y } = await placeOf(page, 1, 0);
    await page.mouse.move(x, y);
    await details.getByRole("heading", { name: "TaskStart" }).waitFor();
    await page.mouse.move(x, y + 500);
    await details.getByText("Point at a callback").waitFor();
    await page.mouse.click(x, y);
    await page.mouse.move(x, y + 500);
    const words = await details.innerText();
    for (const word of [
      "pinned",
      "task\n101",
      "#1 of the task",
      "start delay",
      "service",
      "200",
      '"callback_event": "TaskStart"',
      '{"code":0}',
    ]) {
      assert.ok(words.includes(word), `${word} in ${words}`);
    }
    await page.keyboard.press("Escape");
    await details.getByText("Point at a callback").waitFor();
  });

  test("keys reach everything: retries, faults, incidents, probes", async () => {
    const { page } = await show(url);
    await page.locator(".lanes").focus();
    const seen = [];
    for (let lane = 0; lane < 5; lane++) {
      await page.keyboard.press(lane ? "ArrowDown" : "Home");
      for (let back = 0; back < 8; back++) await page.keyboard.press("ArrowLeft");
      for (let place = 0; place < 8; place++) {
        seen.push(await page.locator(".details").innerText());
        await page.keyboard.press("ArrowRight");
      }
    }
    const all = seen.join("\n");
    for (const word of [
      "again in 100 ms",
      "400, spoilt",
      "drop",
      "duplicate after 300ms",
      "delay by 2s",
      "push-broken",
      "probe",
      "expected status 404, got 200",
      "given up",
    ]) {
      assert.ok(all.includes(word), word);
    }
  });

  test("zooming changes what is shown, and what is drawn", async () => {
    const { page } = await show(url, { reducedMotion: "reduce" });
    const range = page.locator(".range");
    const whole = await range.textContent();
    const picture = () => page.locator(".lanes canvas").evaluate((canvas) => canvas.toDataURL());
    const before = await settled(page, picture);
    await page.getByRole("button", { name: "Zoom in" }).click();
    assert.notEqual(await range.textContent(), whole);
    assert.notEqual(await settled(page, picture), before);
    await page.getByRole("button", { name: "Show all" }).click();
    assert.equal(await range.textContent(), whole);
    await page.locator(".overview").scrollIntoViewIfNeeded();
    const box = await page.locator(".overview").boundingBox();
    await page.mouse.move(box.x + 300, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + 400, box.y + 20);
    await page.mouse.up();
    const brushed = await range.textContent();
    assert.notEqual(brushed, whole);
    await page.locator(".lanes").hover({ position: { x: 500, y: 60 } });
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -300);
    await page.keyboard.up("Control");
    await page.waitForFunction((old) => document.querySelector(".range").textContent !== old, brushed);
    await page.locator(".lanes").focus();
    await page.keyboard.press("0");
    assert.equal(await range.textContent(), whole);
  });

  test("the axis tells the time of the run or of the scenario", async () => {
    const { page } = await show(url);
    const range = page.locator(".range");
    const run = await range.textContent();
    await page.getByRole("button", { name: "scenario time" }).click();
    assert.notEqual(await range.textContent(), run);
  });

  test("it is light or dark as its reader likes", async () => {
    const background = async (colorScheme) => {
      const { page, close } = await show(url, { colorScheme });
      const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const pixel = await page
        .locator(".lanes canvas")
        .evaluate((canvas) => [...canvas.getContext("2d").getImageData(2, 2, 1, 1).data].join());
      await close();
      return [colour, pixel];
    };
    assert.deepEqual(await background("light"), ["rgb(255, 255, 255)", "255,255,255,255"]);
    assert.deepEqual(await background("dark"), ["rgb(20, 23, 28)", "20,23,28,255"]);
  });

  test("what others wrote is text", async () => {
    const { page, errors, requests } = await show(url);
    const names = await page.locator(".names span").allTextContents();
    assert.ok(
      names.some((name) => name.startsWith("</script><img src=x onerror=alert(1)><!--")),
      names.join("\n"),
    );
    await page.locator(".failure a").first().click();
    await page.locator(".details").getByText("<h1>Service Unavailable</h1><script>alert(2)</script>").waitFor();
    assert.equal(await page.locator("img, h1:not(header h1)").count(), 0);
    assert.deepEqual([errors, requests], [[], []]);
  });

  test("its modules import all that they use: they work without the bundler", async (t) => {
    const html = (await files.read("r.html"))
      .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "")
      .replace(/<script type="module"[^]*<\/script>/, '<script type="module" src="/report/html/page.js"></script>');
    const server = createServer(async ({ url }, response) => {
      response.setHeader("Content-Type", url.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8");
      response.end(url === "/" ? html : await moduleText(url).catch(() => ""));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const { page, errors, requests, close } = await show(`http://127.0.0.1:${server.address().port}/`);
    t.after(close);
    await page.locator(".failure a").first().click();
    await page.locator(".details.pinned .complaints").waitFor();
    for (const key of ["+", "0", "Home", "ArrowRight", "ArrowDown", "Escape"]) await page.keyboard.press(key);
    await page.locator(".failure button").first().click();
    assert.ok(requests.length > 15, requests.join("\n"));
    assert.deepEqual(errors, []);
  });

  test("the address of an item opens it", async () => {
    const { page } = await show(`${url}#s0-d0`);
    await page.locator(".details.pinned h3").waitFor();
  });
});

test("ten thousand callbacks open, are all there, and are drawn", async () => {
  const many = `version = 1
seed = 7
[payload]
epoch = "2026-01-01T12:00:00Z"
[[task]]
source = "vod"
count = 2500
spacing = "100ms"
task_id = "{n}"
files = [{ url = "http://media.test/1.m3u8", duration = "5s" }]
`;
  const { pullpush, url } = await desk({ "many.toml": many });
  const { code, stderr } = await pullpush("run", "many.toml", "--virtual", "--report", "html=r.html");
  assert.equal(code, 0, stderr);
  const { page, errors } = await show(url("r.html"));
  await page.locator('.lanes[aria-label^="2,500 lanes, 10,000 items"]').waitFor();
  assert.equal(await page.locator(".tile").first().innerText(), "10,000\nplanned");
  await page.locator(".lanes").focus();
  await page.keyboard.press("End");
  await page.locator(".details").getByText("#4 of the task").waitFor();
  assert.ok((await page.locator(".names span").allTextContents()).includes("2500"));
  // Names are made for what is visible only, and signs are drawn there.
  assert.ok((await page.locator(".names span").count()) < 40);
  assert.ok((await area(page, SIGNS.good)) > 1000);
  assert.deepEqual(errors, []);
});

test("what had no room is told", async () => {
  const many = `version = 1
[[task]]
source = "vod"
count = 5500
files = [{ url = "http://media.test/1.m3u8", duration = "5s" }]
`;
  const { pullpush, write, url } = await desk({ "many.toml": many });
  await write("plan.html", (await pullpush("plan", "many.toml", "--format", "html")).stdout);
  const { page, errors } = await show(url("plan.html"));
  assert.match(await page.getByRole("note").textContent(), /^Not on this page.*: 2,000 callbacks/);
  await page.locator(".tile").filter({ hasText: "22,000" }).waitFor();
  assert.deepEqual(errors, []);
});

test("several scenarios have a section each", async () => {
  const quiet = EVENING.split("[[probe]]")[0];
  const { pullpush, url } = await desk({ "one.toml": quiet, "two.toml": quiet });
  await pullpush("run", "one.toml", "two.toml", "--virtual", "--report", "html=r.html");
  const { page, errors } = await show(url("r.html"));
  assert.deepEqual(await page.locator(".scenario h2").allTextContents(), ["one.toml", "two.toml"]);
  await page.locator("nav a").nth(1).click();
  await page.locator("#s1 .lanes").waitFor();
  assert.deepEqual(errors, []);
});

test("a plan has the same lanes before anything is sent", async () => {
  const { pullpush, write, url } = await desk({ "evening.toml": EVENING });
  const { code, stdout } = await pullpush("plan", "evening.toml", "--format", "html");
  assert.equal(code, 0);
  await write("plan.html", stdout);
  const { page, errors, requests } = await show(url("plan.html"));
  assert.equal(await page.title(), "pullpush plan: evening.toml");
  assert.equal(await page.locator(".failures").count(), 0);
  assert.equal(await page.locator(".names span").count(), 4);
  const { x, y } = await placeOf(page, 0, 0);
  await page.mouse.click(x, y);
  await page.locator(".details").getByText('"callback_event": "TaskStart"').waitFor();
  assert.deepEqual([errors, requests], [[], []]);
});

test("a body is shown as it was sent, to the last digit", async () => {
  const step = 'event = "TaskStart"\nmsg = { more = 9007199254740993 }\nbody = { appid = 9007199254740995 }';
  const { pullpush, write, url } = await desk({ "large.toml": `version = 1\n[[task]]\n[[task.step]]\n${step}` });
  await write("plan.html", (await pullpush("plan", "large.toml", "--format", "html")).stdout);
  const { page } = await show(`${url("plan.html")}#s0-d0`);
  const body = await page.locator(".details.pinned pre").first().textContent();
  assert.match(body, /^\{\n {2}"appid": 9007199254740995,[^]*\n {2}"msg": \{[^]*\n {4}"more": 9007199254740993\n {2}\},\n/);
});

/// Where a file ends another begins, or the task ends, at the same instant.
const PLAYLIST = `version = 1
seed = 7
[[task]]
source = "vod"
files = [
    { url = "http://media.test/1.m3u8", duration = "3s" },
    { url = "http://media.test/2.m3u8", duration = "2s" },
    { url = "http://media.test/3.m3u8", duration = "1s" },
]
`;

test("callbacks of one instant stand apart, and a click finds each", async () => {
  const { pullpush, write, url } = await desk({ "playlist.toml": PLAYLIST });
  await write("plan.html", (await pullpush("plan", "playlist.toml", "--format", "html")).stdout);
  // Also where there is so little room that others come near each other.
  for (const width of [1280, 700, 320]) {
    const { page, close } = await show(url("plan.html"), { viewport: { width, height: 900 } });
    const signs = await signsOn(page, PLANNED);
    assert.equal(signs.length, 8, `${width} wide: ${JSON.stringify(signs)}`);
    const found = [];
    for (const { x, y } of signs) {
      await page.mouse.click(x, y);
      found.push(await page.locator(".details.pinned").innerText());
      // A click where one is pinned already would look for what lies under it.
      await page.keyboard.press("Escape");
    }
    const numbers = found.map((words) => Number(words.match(/#(\d+) of the task/)[1]));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
    await close();
  }
});

test("of a heap three are seen, the others are counted, and clicks find them all", async () => {
  const step = '[[task.step]]\nevent = "TaskAlarm"\n';
  const { pullpush, write, url } = await desk({ "heap.toml": `version = 1\n[[task]]\n${step.repeat(7)}` });
  await write("plan.html", (await pullpush("plan", "heap.toml", "--format", "html")).stdout);
  const { page } = await show(url("plan.html"));
  await page.evaluate(() => {
    window.written = [];
    const { fillText } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
      window.written.push(text);
      fillText.call(this, text, ...place);
    };
  });
  const signs = await signsOn(page, PLANNED);
  assert.equal(signs.length, 3);
  const seen = [];
  for (const { x, y } of [...signs, ...Array(4).fill(signs.at(-1))]) {
    await page.mouse.click(x, y);
    seen.push((await page.locator(".details.pinned").innerText()).match(/#(\d+) of the task/)[1]);
  }
  // That on top comes first.
  assert.equal(seen.join(), "1,2,7,6,5,4,3");
  const written = await settled(page, () => page.evaluate(() => window.written));
  assert.ok(
    written.some((text) => text.endsWith(" +4")),
    written.join("\n"),
  );
});

/// Opens a page, and waits until its lanes are drawn.
async function show(url, options) {
  const opened = await open(url, options);
  await opened.page.locator(".names span").first().waitFor();
  return opened;
}

/// Where the first sign of a lane is on the screen: its leftmost coloured point, in the middle of the lane.
async function placeOf(page, lane) {
  await page.locator(".lanes").scrollIntoViewIfNeeded();
  const name = await page.locator(".names span").nth(lane).boundingBox();
  const canvas = await page.locator(".lanes canvas").boundingBox();
  const left = await page.locator(".lanes canvas").evaluate(
    (canvas, y) => {
      const { data, width } = canvas.getContext("2d").getImageData(0, y, canvas.width, 1);
      const isVivid = (x) =>
        Math.max(...data.slice(4 * x, 4 * x + 3)) - Math.min(...data.slice(4 * x, 4 * x + 3)) > 100;
      return Array.from({ length: width }, (_, x) => x).find((x) => x > 152 && isVivid(x));
    },
    Math.round(name.y + name.height / 2 + 3 - canvas.y),
  );
  return { x: canvas.x + left + 3, y: name.y + name.height / 2 + 3 };
}

/// How many points of the lanes have a colour.
const area = (page, [red, green, blue]) =>
  page.locator(".lanes canvas").evaluate(
    (canvas, colour) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Uint32Array(data.buffer).filter((point) => point === colour).length;
    },
    ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0,
  );

/// Where on the screen each sign of a colour is, from left to right and down: points of it that touch each other.
async function signsOn(page, [red, green, blue]) {
  const canvas = page.locator(".lanes canvas");
  await canvas.scrollIntoViewIfNeeded();
  const { x: left, y: top } = await canvas.boundingBox();
  const signs = await canvas.evaluate(
    (canvas, colour) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      const points = new Uint32Array(data.buffer);
      const found = [];
      for (let first = 0; first < points.length; first++) {
        const sign = [];
        const heap = [first];
        while (heap.length) {
          const at = heap.pop();
          if (points[at] !== colour) continue;
          points[at] = 0;
          sign.push(at);
          heap.push(at - 1, at + 1, at - width, at + width);
        }
        const middle = (of) => sign.reduce((sum, at) => sum + of(at), 0) / sign.length;
        // Less than this is the edge of something else.
        if (sign.length > 15) found.push({ x: middle((at) => at % width), y: middle((at) => Math.floor(at / width)) });
      }
      return found;
    },
    ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0,
  );
  return signs.map(({ x, y }) => ({ x: left + x, y: top + y })).sort((a, b) => a.x - b.x || a.y - b.y);
}

/// What `see` sees when the page has drawn what it was asked to.
async function settled(page, see) {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  return see();
}
