// What the pages do beside being pages: follow the log, and keys. Everything works without it.
"use strict";

// A page that follows says where: data-changes names the stream. A list is fetched anew; a case says that there is something new, because
// whoever is in the middle of a form must not lose it.
for (const live of document.querySelectorAll("[data-changes]")) {
  const stream = new EventSource(live.dataset.changes);
  addEventListener("beforeunload", () => stream.close()); // a reload now would undo where the officer is going
  let pending = false;
  stream.addEventListener("over", () => { stream.close(); location.href = "/signin"; });
  stream.addEventListener("change", () => {
    if (live.id === "changed") {
      if (document.querySelector(".acts details[open], [data-revealed]")) { live.hidden = false; return; }
      location.reload(); // with what it says of the officer's last act
      return;
    }
    if (pending) { return; }
    pending = true;
    setTimeout(() => {
      pending = false;
      const at = chosen();
      htmx.ajax("GET", location.pathname + location.search, { target: "#live", select: "#live > *", swap: "innerHTML", headers: { "Hx-Trigger-Name": "live" } })
        .then(() => choose(at, false));
    }, 500);
  });
}

const links = () => [...document.querySelectorAll("table.list tbody a")];
const chosen = () => Math.max(-1, links().findIndex((a) => a === document.activeElement));
function choose(at, wrap) {
  const all = links();
  if (all.length === 0 || at < 0 && !wrap) { return; }
  all[Math.min(Math.max(at, 0), all.length - 1)].focus();
}

function press(form) {
  const first = form.querySelector("select");
  if (first) { first.focus(); } else { form.requestSubmit(); }
}

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, textarea, select, dialog")) { return; }
  const act = /^[1-9]$/.test(e.key) ? document.querySelectorAll("summary[data-act]")[Number(e.key) - 1] : null;
  const form = document.querySelector(`form[data-key="${CSS.escape(e.key)}"]`);
  if (e.key === "?") { document.getElementById("keys").showModal(); }
  else if (e.key === "/") { document.getElementById("search")?.focus(); }
  else if (e.key === "j") { choose(chosen() + 1, true); }
  else if (e.key === "k") { choose(chosen() - 1, true); }
  else if (e.key === "u") { location.href = "/cases"; }
  else if (act) { act.parentElement.open = true; act.parentElement.querySelector("textarea, button")?.focus(); }
  else if (form) { press(form); }
  else { return; }
  e.preventDefault();
});

for (const paper of document.querySelectorAll(".paper")) { addEventListener("load", () => { if (!navigator.webdriver) { print(); } }); }
