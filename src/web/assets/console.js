// Keys for reviewers. Every page works without this file: it only moves the focus, scrolls and presses links.
"use strict";
(() => {
  const page = document.body.dataset.page;
  const help = document.getElementById("help");
  const wide = window.matchMedia("(min-width: 60.01rem)");

  // Findings of an item

  const cards = Array.from(document.querySelectorAll("[data-finding]"));
  let current = -1;

  function marksOf(number) {
    return document.querySelectorAll(`mark[data-n~="${number}"]`);
  }

  function choose(index, from) {
    if (index < 0 || index >= cards.length) return;
    if (current >= 0) {
      cards[current].classList.remove("now");
      for (const mark of marksOf(cards[current].dataset.finding)) mark.classList.remove("now");
    }
    current = index;
    const card = cards[index];
    const number = card.dataset.finding;
    card.classList.add("now");
    for (const mark of marksOf(number)) mark.classList.add("now");
    const badge = document.getElementById(`m${number}`);
    if (badge && from !== "text") badge.scrollIntoView({ block: "center" });
    if (wide.matches) card.scrollIntoView({ block: "nearest" });
    card.focus({ preventScroll: true });
    history.replaceState(null, "", `#f${number}`);
  }

  function indexOf(hash) {
    const found = /^#[fm](\d+)$/.exec(hash);
    return found ? cards.findIndex((card) => card.dataset.finding === found[1]) : -1;
  }

  // In two columns a number lights up both sides; in one column the plain link jumps.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".badge, .to-mark, .signs a.count");
    if (!link || !wide.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const index = indexOf(link.hash);
    if (index < 0) return;
    event.preventDefault();
    choose(index, link.classList.contains("badge") ? "text" : "card");
  });
  if (wide.matches && indexOf(location.hash) >= 0) choose(indexOf(location.hash), "page");

  // Rows of lists

  const rows = Array.from(document.querySelectorAll("a.row, a.queue-card"));

  function step(by) {
    if (cards.length > 0) {
      choose(current < 0 ? 0 : Math.min(Math.max(current + by, 0), cards.length - 1), "keys");
    } else if (rows.length > 0) {
      const at = rows.indexOf(document.activeElement);
      const row = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
      row.focus();
    }
  }

  // Keys

  function toggleHelp() {
    if (!help || !help.showModal) return;
    if (help.open) help.close();
    else help.showModal();
  }

  const open = document.getElementById("help-open");
  if (open && help && help.showModal) {
    open.hidden = false;
    open.addEventListener("click", toggleHelp);
    document.getElementById("help-close").addEventListener("click", toggleHelp);
  }

  function press(id) {
    const target = document.getElementById(id);
    if (target) target.click();
  }

  // The chain of the finding at hand, or of all when none is chosen.
  function unfold() {
    const at = current < 0 ? document : cards[current];
    const chains = Array.from(at.querySelectorAll("details.chain"));
    const open = chains.some((chain) => !chain.open);
    for (const chain of chains) chain.open = open;
  }

  document.addEventListener("keydown", (event) => {
    if (event.target.closest && event.target.closest("input:not([type=checkbox])")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "?") return void (event.preventDefault(), toggleHelp());
    if (help && help.open) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "u") press("up");
    else if (event.key === "n") press("next");
    else if (event.key === "e") unfold();
    else if (event.key === "r") press("reading");
  });

  // The overview stays fresh while somebody looks at it.
  const REFRESH_SECONDS = 60;
  if (page === "queues") {
    setInterval(() => {
      if (document.visibilityState !== "visible" || (help && help.open)) return;
      // A server that is away must not replace the page by an error.
      fetch(location.href, { method: "HEAD" }).then((answer) => answer.ok && location.reload(), () => {});
    }, REFRESH_SECONDS * 1000);
  }
})();
