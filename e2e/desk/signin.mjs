// Signing in at an OpenID provider and out again, as a browser does it: what cookies go along where another site leads, and what the content policy
// lets through, only a browser knows. Run by signin_test.go.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const base = process.env.DESK;
const provider = process.env.PROVIDER;
const screens = process.env.DESK_SCREENS;
const axe = fs.readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
});
const faults = [];

async function seat() {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "zh-CN" });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (e) => faults.push(`script: ${e.message}`));
  page.on("console", (m) => { if (m.type() === "error" && page.url().startsWith(base)) { faults.push(`console: ${m.text()}`); } });
  return page;
}

/** Pictures of a page in both languages, light and dark, wide and narrow; axe looks at each. */
async function pictures(page, name, address) {
  for (const lang of ["zh", "en"]) {
    await page.context().addCookies([{ name: "__Host-language", value: lang, url: base.replace("http:", "https:"), secure: true }]);
    await page.goto(base + address);
    for (const [look, width, height, colorScheme] of [["wide-light", 1366, 768, "light"], ["wide-dark", 1366, 768, "dark"], ["narrow-light", 390, 844, "light"]]) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await page.evaluate(axe);
      const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
      for (const v of found.violations) { faults.push(`${name} ${lang} ${look}: ${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`); }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) { faults.push(`${name} ${lang} ${look}: ${wide} px wider than the screen`); }
      await page.screenshot({ path: path.join(screens, `${name}-${lang}-${look}.png`) });
    }
  }
  await page.setViewportSize({ width: 1366, height: 768 });
}

/** Signs in at the provider, from the console's button. */
async function atProvider(page, user) {
  await page.goto(base + "/signin");
  await page.click("a[href='/signin/openid']");
  await page.waitForSelector("#username");
  assert.ok(page.url().startsWith(provider));
  await page.fill("#username", user);
  await page.fill("#password", process.env.PROVIDER_PASSWORD);
  await page.click("button[type=submit]");
}

const page = await seat();
await pictures(page, "signin-openid", "/signin");
await atProvider(page, "supervisor");
await page.waitForURL(base + "/cases");
await page.waitForSelector("table.list");
const [session] = (await page.context().cookies()).filter((c) => c.name === "__Host-permithub");
assert.equal(session.sameSite, "Strict");
assert.ok(session.httpOnly && session.secure);
await pictures(page, "sessions", "/sessions");

// The interface in the same browser: a page of the console's own may ask with the session's token, and without it may change nothing.
const asked = await page.evaluate(async () => {
  const who = await (await fetch("/v1/session")).json();
  const without = await fetch("/v1/next", { method: "POST" });
  const next = await fetch("/v1/next", { method: "POST", headers: { "X-CSRF-Token": who.csrf_token } });
  return { id: who.id, without: without.status, next: next.status };
}).finally(() => faults.splice(0, faults.length, ...faults.filter((f) => !/403/.test(f))));
assert.deepEqual(asked, { id: "1004", without: 403, next: asked.next });
assert.ok([200, 204].includes(asked.next));

await page.click("form[action='/signout'] button");
await page.waitForURL(base + "/signin");
await page.goto(base + "/cases");
await page.waitForURL(base + "/signin");

const stranger = await seat();
await atProvider(stranger, "stranger");
await stranger.waitForSelector("[role=alert]");
assert.match(await stranger.innerText("[role=alert]"), /不是本系统用户/);
faults.splice(0, faults.length, ...faults.filter((f) => !/403/.test(f)));

await browser.close();
assert.deepEqual(faults, []);
