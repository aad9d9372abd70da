// Exchanges the content of the page every few seconds, so that nothing flickers and the place of the reader stays. What cannot be fetched is
// shown as stale; the next try may bring it.
"use strict";

const every = 5000;

async function refresh() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.status);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const scrolled = [...document.querySelectorAll(".scroll")].map((e) => e.scrollLeft);
    document.querySelector("main").replaceWith(next.querySelector("main"));
    document.querySelectorAll(".scroll").forEach((e, i) => { e.scrollLeft = scrolled[i] || 0; });
    document.title = next.title;
    document.body.classList.remove("stale");
  } catch {
    document.body.classList.add("stale");
  }
}

setInterval(() => { if (!document.hidden) refresh(); }, every);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
