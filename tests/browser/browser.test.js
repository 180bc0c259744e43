// What the other tests rely on: that whatever a page does wrong is noted.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open } from "./browser.js";
import { desk } from "./program.js";

test("complaints and requests of a page are noted", async () => {
  const files = { "good.html": "<title>good</title>", "bad.html": "<img src=none.png><script>alert(1); no()</script>" };
  const { url } = await desk(files);
  const good = await open(url("good.html"));
  assert.deepEqual([await good.page.title(), good.errors, good.requests], ["good", [], []]);
  const bad = await open(url("bad.html"), { colorScheme: "dark" });
  assert.deepEqual(bad.requests, [url("none.png")]);
  for (const complaint of ["dialog: 1", "no is not defined", "ERR_FILE_NOT_FOUND"]) {
    assert.ok(
      bad.errors.some((error) => error.includes(complaint)),
      bad.errors.join("\n"),
    );
  }
});
