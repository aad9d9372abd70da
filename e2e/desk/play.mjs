// Whole cases at the console, by officers in browsers of their own. Run by desk_test.go.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const base = process.env.DESK;
const passwords = JSON.parse(process.env.DESK_USERS);
const screens = process.env.DESK_SCREENS;
const axe = fs.readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
});

const faults = [];

/** A browser of one officer. */
async function seat(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "zh-CN", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (e) => faults.push(`script: ${e.message}`));
  page.on("console", (m) => { if (m.type() === "error" && !/401|403|404|429|503/.test(m.text())) { faults.push(`console: ${m.text()}`); } });
  return page;
}

async function signIn(id, options) {
  const page = await seat(options);
  await page.goto(base + "/signin");
  await page.fill("#id", id);
  await page.fill("#password", passwords[id]);
  await page.click("main button.main");
  await page.waitForSelector("table.list");
  return page;
}

/** Opens the act of that name, fills in, previews; returns what the preview says. */
async function preview(page, act, fill = async () => {}) {
  await page.locator("summary[data-act]", { hasText: new RegExp(`^${act}$`) }).click();
  await fill(page.locator("details[open]"));
  await page.locator("details[open] button.main").click();
  await page.waitForURL(/\/preview$/);
  return page.innerText("main");
}

async function confirm(page) {
  await page.click("main button.main");
  await page.waitForURL(/\/cases\/[A-Z0-9]{17}\?/);
  return page.innerText("main");
}

const numberOf = (page) => page.url().match(/[A-Z0-9]{17}/)[0];

/** Takes the most urgent case of the officer's queue, by the key. */
async function next(page) {
  await page.goto(base + "/cases");
  await page.keyboard.press("n");
  await page.waitForSelector("section.acts");
  return numberOf(page);
}

/** Goes to a page. One that follows the log may load itself anew in this very moment, which aborts a navigation. */
async function visit(page, path) {
  for (let tries = 1; ; tries++) {
    try {
      return await page.goto(base + path);
    } catch (e) {
      if (tries === 5 || !/ERR_ABORTED|interrupted by another navigation/.test(e.message)) { throw e; }
    }
  }
}

const open = (page, no) => visit(page, `/cases/${no}`);

/** The applicant's answer to a supplement request, as the source that sent the application signs it. */
async function supplement(no, body) {
  const path = `/v1/applications/${no}/supplements`, date = new Date().toUTCString();
  const canonical = ["POST", path, "", process.env.SOURCE_KEY, date, ""].join("\n");
  const answer = await fetch(process.env.INTAKE + path, { method: "POST", body: JSON.stringify(body), headers: {
    "Content-Type": "application/json", "X-BG-HMAC-ACCESS-KEY": process.env.SOURCE_KEY, "X-BG-HMAC-ALGORITHM": "hmac-sha256", "X-BG-DATE-TIME": date,
    "X-BG-HMAC-SIGNATURE": crypto.createHmac("sha256", process.env.SOURCE_SECRET).update(canonical).digest("base64"),
  } });
  assert.equal(answer.status, 202, await answer.text());
}

/** Waits until the page, which follows the log by itself, shows a text. */
const shows = (page, text) => page.waitForFunction((t) => document.body.innerText.includes(t), text, { timeout: 30_000 });

async function passed(name, play) {
  await play();
  console.log("ok", name);
}

await passed("a wrong password, and a name that is locked", async () => {
  const page = await seat();
  await page.goto(base + "/cases");
  assert.match(page.url(), /signin$/);
  for (let i = 0; i < 5; i++) {
    await page.fill("#id", "1005");
    await page.fill("#password", "a wrong password");
    await page.click("main button.main");
    assert.match(await page.innerText("[role=alert]"), /不正确/);
  }
  await page.fill("#id", "1005");
  await page.fill("#password", passwords["1005"]);
  await page.click("main button.main");
  assert.match(await page.innerText("[role=alert]"), /次数过多/);
});

const clerk = await signIn("1001");
const reviewer = await signIn("1002");
const approver = await signIn("1003");
const supervisor = await signIn("1004");
const operator = await signIn("1006");

let issued; // a case that ended with a permit

await passed("a case from the window to the permit, old permits cancelled, by keys and forms", async () => {
  await clerk.goto(base + "/cases?queue=acceptance&type=existing_permit"); // these hold a permit already
  await clerk.keyboard.press("j");
  await clerk.keyboard.press("Enter");
  await clerk.waitForSelector("section.acts");
  const no = numberOf(clerk);
  assert.match(await clerk.innerText("main"), /\*\*\*\*/);
  await clerk.keyboard.press("1");
  await clerk.keyboard.type("材料齐全");
  await clerk.locator("details[open] button.main").click();
  await clerk.waitForURL(/\/preview$/);
  assert.match(await clerk.innerText(".sms"), /已受理，至迟于\d{4}年\d+月\d+日办结/);
  assert.match(await confirm(clerk), /已办理/);
  await open(reviewer, no);
  assert.match(await preview(reviewer, "审核通过"), /不发送短信/);
  await confirm(reviewer);
  await open(approver, no);
  const told = await preview(approver, "审批准予");
  assert.match(told, /已办结，电子《浙江省居住证》/);
  assert.match(told, /将注销的居住证[\s\S]*ZJ/);
  await confirm(approver);
  // The page follows the log: the permit, the cancellation and the message arrive by themselves.
  await shows(approver, "注销原居住证");
  issued = no;
});

let lost; // a case on which an officer came too late

await passed("two officers and one case: the second is shown what the first did", async () => {
  const no = await next(clerk);
  const other = await signIn("1001");
  await open(other, no);
  const said = await preview(other, "不予受理", async (f) => { await f.locator("[name=reasons]").first().check(); });
  assert.match(said, /未予办理，理由/);
  await preview(clerk, "受理");
  await confirm(clerk);
  const told = await confirm(other);
  assert.match(told, /案件在您查看之后有变化，请看过现状再办理；刚才的操作没有生效/);
  assert.match(told, /您查看之后发生的变化[\s\S]*受理 → 审核 · 受理演示（1001）/);
  assert.match(await other.innerText(".stage"), /审核/);
  await open(other, no); // the case as it stands can be worked on
  assert.doesNotMatch(await other.innerText("main"), /您查看之后发生的变化/);
  lost = no;
});

await passed("a return to the window, and a refusal with three reasons", async () => {
  const no = await next(reviewer);
  await preview(reviewer, "退回", async (f) => {
    await f.locator("[name=return_to]").first().check();
    await f.locator("[name=reasons]").last().check();
    await f.locator("textarea[name=opinion]").fill("住址待核");
  });
  assert.match(await confirm(reviewer), /已办理/);
  await open(clerk, no);
  await preview(clerk, "受理");
  await confirm(clerk);
  await open(reviewer, no);
  const said = await preview(reviewer, "不予互认", async (f) => {
    for (const code of ["r1_no_valid_permit", "no_condition", "officer_judgement"]) { await f.locator(`[value=${code}]`).check(); }
  });
  assert.match(said, /1\..*；2\..*；3\./);
  assert.match(await confirm(reviewer), /不予互认/);
});

await passed("a supplement round: everything asked for at once, the applicant's answer arrives, the case goes on", async () => {
  const no = await next(clerk);
  const said = await preview(clerk, "一次性告知补正", async (f) => {
    await f.locator("[value=condition]").check();
    await f.locator('[value="material:identity"]').check();
  });
  assert.match(said, /需一次性补正/);
  assert.match(await confirm(clerk), /待补正/);
  await open(clerk, no);
  await supplement(no, { supplement_no: `${no}-s1`, materials: [{ kind: "identity", name: "id.pdf", size: 48227, sha256: "2a".repeat(32), uri: "s3://materials/desk/identity" }] });
  // The page follows: the answer, and that the person was looked up again.
  await clerk.waitForFunction(() => document.querySelector(".stage").innerText === "初审" && (document.body.innerText.match(/核验登记信息\s+verification/g) ?? []).length === 2, undefined, { timeout: 30_000 });
  const page = await clerk.innerText("main");
  assert.match(page, /补正材料/);
  assert.match(page, /identity · id\.pdf/);
  await preview(clerk, "受理", async (f) => { await f.locator("textarea[name=opinion]").fill("补正齐全"); });
  assert.match(await confirm(clerk), /已办理/);
  assert.equal(await clerk.innerText(".stage"), "审核");
});

await passed("a township's clerk and another's case: not listed, not shown, not decided", async () => {
  const page = await signIn("1007");
  await clerk.goto(base + "/cases?queue=acceptance");
  const elsewhere = await clerk.evaluate(() => [...document.querySelectorAll("table.list tbody tr")].find((r) => !r.innerText.includes("通元镇")).querySelector("a").textContent);
  await page.goto(base + "/cases?queue=all");
  assert.doesNotMatch(await page.innerText("main"), new RegExp(elsewhere));
  const shown = await open(page, elsewhere);
  assert.equal(shown.status(), 403);
  assert.match(await page.innerText("main"), /此案不属于您的管辖镇（街道）/);
  await page.goto(base + "/password");
  for (const way of ["preview", "act", "reveal", "print", "hold"]) { // and by direct request, with a session and a token that are good
    const status = await page.evaluate(async ([url, form]) => {
      const csrf = document.querySelector("main [name=csrf]").value;
      return (await fetch(url, { method: "POST", body: new URLSearchParams({ csrf, ...form }) })).status;
    }, [`${base}/cases/${elsewhere}/${way}`, { action: "accept", action_id: "direct", expect_version: "2", purpose: "verify_identity" }]);
    assert.equal(status, 403, way);
  }
  await open(clerk, elsewhere);
  assert.equal(await clerk.innerText(".stage"), "初审");
});

/** Brings the most urgent case to the approver; nothing more comes to it by itself. */
async function forApproval() {
  const no = await next(clerk);
  await preview(clerk, "受理");
  await confirm(clerk);
  await open(reviewer, no);
  await preview(reviewer, "审核通过");
  await confirm(reviewer);
  await open(reviewer, no);
  await shows(reviewer, "通知已送达"); // the receipt of the acceptance
  return no;
}

await passed("approved in bulk: opened one by one, stopped in the middle, gone on; one had changed meanwhile", async () => {
  const numbers = [];
  for (let i = 0; i < 5; i++) { numbers.push(await forApproval()); }
  await visit(approver, "/bulk");
  for (const no of numbers) { assert.doesNotMatch(await approver.innerText("main"), new RegExp(no)); } // not opened yet
  for (const no of [...numbers].reverse()) { await open(approver, no); } // latest opened first
  await visit(approver, "/bulk");
  await approver.locator("main textarea[name=opinion]").fill("同意");
  await approver.locator("main form[action='/bulk/confirm'] button").click();
  await approver.waitForURL(/\/bulk\/confirm$/);
  const listed = await approver.innerText("main");
  for (const no of numbers) { assert.match(listed, new RegExp(no)); }
  await open(reviewer, numbers[4]); // another officer suspends the last one in between
  await preview(reviewer, "中止", async (f) => { await f.locator("[name=notice_no]").fill("盐公中止〔2026〕1号"); });
  await confirm(reviewer);
  let steps = 0;
  await approver.route("**/bulk/step", (route) => (++steps === 2 ? undefined : route.continue())); // the second is under way when the officer stops
  await approver.locator("main form[action='/bulk/start'] button").click();
  await shows(approver, "3 / 5");
  await approver.locator("form[action='/bulk/stop'] button").click();
  await shows(approver, "已停止");
  await approver.reload();
  assert.match(await approver.innerText("main"), /3 \/ 5[\s\S]*已准予 3/);
  assert.equal(await approver.locator("progress").getAttribute("value"), "3");
  await open(reviewer, numbers[3]);
  assert.equal(await reviewer.innerText(".stage"), "审批"); // what was not reached is as it was
  await approver.unroute("**/bulk/step");
  await approver.locator("form[action='/bulk/continue'] button").click();
  await shows(approver, "5 / 5");
  const result = await approver.innerText("main");
  assert.match(result, /已准予 4 · 查看之后有变化 1/);
  assert.match(result, new RegExp(`${numbers[4]}\\s+查看之后有变化\\s+案件在您查看之后有变化`));
  await open(approver, numbers[3]);
  await shows(approver, "签发居住证");
});

/** Opens an issued case once nothing is owed of it any more, so that its permit can be revoked. */
async function openIssued(page, no) {
  await open(page, no);
  await page.waitForFunction(() => [...document.querySelectorAll("summary[data-act]")].some((s) => s.innerText.includes("提出撤销")), undefined, { timeout: 60_000 });
}

await passed("a revocation by two people", async () => {
  await openIssued(approver, issued);
  const alone = await preview(approver, "提出撤销", async (f) => {
    await f.locator("[value=revoked_fraud]").check();
    await f.locator("textarea[name=opinion]").fill("用人单位书面证明未与其订立劳动合同");
  });
  assert.match(alone, /不发送短信/);
  assert.match(await confirm(approver), /待另一人确认/);
  await approver.locator("summary[data-act]", { hasText: "确认撤销" }).click();
  assert.match(await approver.innerText("details[open]"), /撤销由您提出，应由另一人确认或否决/);
  await visit(supervisor, "/revocations");
  assert.match(await supervisor.innerText("main"), new RegExp(`${issued}\\s+待确认\\s+以欺骗、贿赂等不正当手段取得`));
  await supervisor.locator("table.list a", { hasText: issued }).click();
  await supervisor.waitForSelector("section.acts");
  const told = await preview(supervisor, "确认撤销", async (f) => { await f.locator("[name=notice_no]").fill("盐公撤决〔2026〕1号"); });
  assert.match(told, /归档 → 撤销/);
  assert.match(told, /已依法撤销，理由：以欺骗、贿赂等不正当手段取得。如不服，可依法申请行政复议或提起行政诉讼/);
  assert.match(told, /将办理的事项[\s\S]*撤销居住证[\s\S]*更正电子证照[\s\S]*档案归档/);
  assert.match(await confirm(supervisor), /已办理/);
  await open(supervisor, issued);
  for (const text of ["居住证已撤销", "已撤销"]) { await shows(supervisor, text); }
  assert.equal(await supervisor.innerText(".stage"), "撤销");
  await visit(supervisor, "/revocations"); // until its duties are done
  await supervisor.waitForFunction((no) => !document.querySelector("main").innerText.includes(no), issued, { timeout: 30_000 });
});

let proposed; // a case whose permit somebody has proposed to revoke

await passed("a proposal is rejected, and another waits", async () => {
  await visit(approver, "/bulk/run");
  const [one, other] = await approver.evaluate(() => [...document.querySelectorAll("table.list tbody tr")].filter((r) => r.innerText.includes("已准予")).map((r) => r.querySelector("a").textContent));
  for (const no of [one, other]) {
    await openIssued(approver, no);
    await preview(approver, "提出撤销", async (f) => {
      await f.locator("[value=revoked_not_qualified]").check();
      await f.locator("textarea[name=opinion]").fill("待核");
    });
    await confirm(approver);
  }
  await open(supervisor, one);
  await preview(supervisor, "否决撤销", async (f) => { await f.locator("textarea[name=opinion]").fill("经核实符合条件"); });
  assert.match(await confirm(supervisor), /否决撤销/);
  assert.equal(await supervisor.innerText(".stage"), "已签发");
  proposed = other;
});

await passed("personal data: hidden, revealed for a purpose, hidden again", async () => {
  const no = await next(clerk);
  assert.doesNotMatch(await clerk.innerText(".form"), /示例路/);
  await clerk.locator('form[data-key="r"] button').click();
  assert.match(await clerk.innerText(".form"), /示例路/);
  assert.doesNotMatch(await clerk.title(), /示例/);
  await open(clerk, no);
  assert.doesNotMatch(await clerk.innerText(".form"), /示例路/);
});

await passed("a list that follows, and keys", async () => {
  await clerk.goto(base + "/cases?queue=all");
  const before = await clerk.innerText("table.list");
  await clerk.waitForFunction((text) => document.querySelector("table.list").innerText !== text, before, { timeout: 60_000 }); // the demo adds one every few seconds
  await clerk.keyboard.press("j");
  await clerk.keyboard.press("j");
  const second = await clerk.evaluate(() => document.activeElement.textContent);
  await clerk.keyboard.press("Enter");
  await clerk.waitForSelector(".form");
  assert.equal(numberOf(clerk), second);
  await clerk.waitForLoadState(); // the script that hears the keys comes after the page
  await clerk.keyboard.press("?");
  await clerk.waitForSelector("dialog[open]");
  await clerk.keyboard.press("Escape");
  await clerk.waitForSelector("dialog[open]", { state: "detached" });
  await clerk.keyboard.press("u");
  await clerk.waitForSelector("table.list");
});

await passed("without script", async () => {
  const page = await signIn("1001", { javaScriptEnabled: false });
  await page.locator("form[data-key=n] button").click();
  await page.locator("summary[data-act]").first().click();
  await page.locator("details[open] button.main").click();
  await page.waitForURL(/\/preview$/);
  await page.click("main button.main");
  await page.waitForURL(/\?done$/);
});

await passed("an export is a spreadsheet", async () => {
  await supervisor.goto(base + "/cases");
  const [file] = await Promise.all([supervisor.waitForEvent("download"), supervisor.locator("form[action='/export'] button").click()]);
  assert.equal(fs.readFileSync(await file.path()).subarray(0, 2).toString(), "PK");
});

await passed("a supervisor looks at townships, officers and deadlines, and takes the figures along", async () => {
  await supervisor.goto(base + "/cases");
  await supervisor.locator("header a[href='/supervision']").click();
  await supervisor.waitForSelector(".tiles");
  const figures = await supervisor.innerText("main");
  for (const text of ["各镇（街道）在办", "武原街道", "受理演示（1001）", "承诺期限", "超期及原因", "例外处理"]) { assert.ok(figures.includes(text), text); }
  // The tile is the sum of the townships, and every bar has its number beside it.
  const sum = await supervisor.evaluate(() => [...document.querySelectorAll("[aria-labelledby=by-town] tbody tr")].reduce((n, r) => n + Number(r.cells[2].textContent), 0));
  assert.equal(Number(await supervisor.locator(".tiles dd").first().innerText()), sum);
  assert.ok(sum > 0);
  const [file] = await Promise.all([supervisor.waitForEvent("download"), supervisor.locator("form[action='/supervision/export'] button").click()]);
  assert.equal(file.suggestedFilename(), "supervision.xlsx");
  assert.equal(fs.readFileSync(await file.path()).subarray(0, 2).toString(), "PK");
  await supervisor.locator("form[data-key=r] button").click();
  await supervisor.waitForSelector("[data-revealed]");
  const refused = await clerk.goto(base + "/supervision");
  assert.equal(refused.status(), 403);
});

/** Opens the first letter of the group that the operator's page was sent to, and returns its address. */
async function openFirst() {
  await operator.waitForURL(/\/dead\/letters\?/);
  await operator.locator("table.list tbody a").first().click();
  await operator.waitForURL(/\/dead\/letters\/[^?]+$/);
  return operator.url();
}

await passed("a dead letter repaired and replayed", async () => {
  const group = operator.locator("table.list tbody a", { hasText: "内容不符合规定的格式" });
  await operator.goto(base + "/dead");
  await group.click();
  const letter = await openFirst();
  const no = (await operator.innerText("main")).match(/[A-Z2-7]{16}[0-9A-Z]/)[0];
  assert.match(await operator.innerText("[role=alert]"), /\/withdrawal\/reason\s+撤回原因：格式不符/);
  assert.match(await operator.innerText("main"), /内容有误，须先修复/);
  const edited = async (to, then) => {
    const text = await operator.inputValue("#value");
    await operator.fill("#value", text.replace(/"reason": ".*"/, `"reason": ${to}`));
    await operator.locator("form[action$='/repair'] button").click();
    await operator.waitForURL(then); // loaded whole
  };
  await edited('"●9"', /\/repair$/); // a placeholder that hides nothing
  assert.match(await operator.innerText("main"), /尚未修复[\s\S]*占位符不存在/);
  await operator.goto(letter);
  await edited('"applicant_wish"', /said=repaired/);
  assert.match(await operator.innerText("main"), /已修复，待重放[\s\S]*将进入办理[\s\S]*将要发生：撤回/);
  await open(clerk, no);
  assert.doesNotMatch(await clerk.innerText(".stage"), /撤回/); // a repair alone does nothing
  await operator.locator("form[action$='/replay'] button").click();
  await operator.waitForURL(/said=replayed/);
  assert.match(await operator.innerText("main"), /已重放[\s\S]*1006/);
  await clerk.waitForFunction(() => document.querySelector(".stage").innerText === "撤回", undefined, { timeout: 30_000 }); // the page follows the log
  await operator.goto(base + "/dead");
  assert.match(await operator.innerText("main"), /最近处置[\s\S]*重放[\s\S]*修复/);
  assert.equal(await group.count(), 0);
  await clerk.goto(letter);
  assert.match(await clerk.innerText("main"), /您的岗位不能进行此操作/);
});

await passed("many letters: a dry run, a run that is stopped, and goes on", async () => {
  await operator.goto(base + "/dead");
  await operator.locator("table.list tbody a", { hasText: "申请编号有误" }).click();
  await operator.locator("[name=whole]").check();
  await operator.locator("[name=dry]").click();
  await operator.waitForURL(/\/dead\/run$/);
  await operator.waitForFunction(() => document.body.innerText.includes("3 / 3"));
  assert.match(await operator.innerText("main"), /须先修复 3/);
  await operator.goBack();
  await operator.locator("[name=whole]").check();
  await operator.locator("[name=rate]").fill("1");
  await operator.locator("button.main").click();
  await operator.waitForURL(/\/dead\/run$/);
  await operator.locator("form[action='/dead/run/stop'] button").click();
  await operator.waitForFunction(() => document.body.innerText.includes("已停下"));
  await operator.locator("form[action='/dead/run/continue'] button").click();
  await operator.waitForFunction(() => document.body.innerText.includes("3 / 3") && document.body.innerText.includes("已结束")); // the bar follows by itself
});

// Every page, in both languages, light and dark, wide and narrow: no fault of WCAG 2.1 AA, nothing wider than the screen; and a picture.
await passed("accessibility, and pictures", async () => {
  await operator.goto(base + "/dead");
  await operator.locator("a[href*=application_no]").click();
  const letter = await openFirst();
  await open(approver, await forApproval()); // one case that the approver has opened
  const held = await visit(supervisor, "/cases?queue=held").then(() => supervisor.locator("table.list tbody a").first().innerText());
  const shots = [
    ["signin", async (p) => { await p.goto(base + "/signin"); }],
    ["list", async (p) => { await p.goto(base + "/cases?queue=all"); }],
    ["case", async (p) => { await p.goto(base + "/cases"); await p.locator("form[data-key=n] button").click(); await p.waitForSelector("section.acts"); await p.locator("summary[data-act]").nth(2).click(); }],
    ["preview", async (p) => { await p.locator("details[open] [name=reasons]").first().check(); await p.locator("details[open] button.main").click(); await p.waitForSelector(".sms"); }],
    ["held", async (p) => { await open(p, held); }],
    ["print", async (p) => { await p.locator("form[data-key=p] button").click(); await p.waitForSelector(".paper"); }],
    ["password", async (p) => { await p.goto(base + "/password"); }],
    ["loser", async (p) => { await p.goto(`${base}/cases/${lost}?refused=version_changed&since=2`); await p.waitForSelector("section.note"); }],
  ];
  const decides = [
    ["revocations", async (p) => { await p.goto(base + "/revocations"); }],
    ["revocation", async (p) => { await open(p, proposed); await p.locator("summary[data-act]").first().click(); }],
    ["bulk", async (p) => { await p.goto(base + "/bulk"); }],
    ["bulkconfirm", async (p) => { await p.locator("main form[action='/bulk/confirm'] button").click(); await p.waitForURL(/\/bulk\/confirm$/); }],
    ["bulkrun", async (p) => { await p.goto(base + "/bulk/run"); }],
  ];
  const operated = [
    ["dead", async (p) => { await p.goto(base + "/dead"); }],
    ["letters", async (p) => { await p.goto(base + "/dead"); await p.locator("a[href*=application_no]").click(); await p.waitForSelector("[name=rate]"); }],
    ["letter", async (p) => { await p.goto(letter); }],
    ["run", async (p) => { await p.goto(base + "/dead/run"); }],
  ];
  const supervised = [["supervision", async (p) => { await p.goto(base + "/supervision"); await p.waitForSelector(".tiles"); }]];
  for (const [look, options] of [["wide-light", {}], ["wide-dark", { colorScheme: "dark" }], ["narrow-light", { viewport: { width: 390, height: 844 } }]]) {
    for (const [id, pages] of [["1001", shots], ["1003", decides], ["1004", supervised], ["1006", operated]]) { for (const lang of ["zh", "en"]) {
      const page = await signIn(id, options);
      if (lang === "en") { await page.locator("button[name=to][value=en]").click(); }
      for (const [name, go] of pages) {
        await go(page);
        await page.evaluate(axe);
        const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
        for (const v of found.violations) { faults.push(`${name} ${lang} ${look}: ${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`); }
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 0) { faults.push(`${name} ${lang} ${look}: ${wide} px wider than the screen`); }
        await page.screenshot({ path: path.join(screens, `${name}-${lang}-${look}.png`), fullPage: name === "supervision" && look !== "narrow-light" });
        if (name === "print") { await page.goto(base + "/cases"); }
      }
    } }
  }
});

await browser.close();
assert.deepEqual(faults, []);
