// @ts-check
"use strict";
/* The report's own script: filter, fold and sort the scenarios, and remember it in the address after "#?".
   A link to one scenario (#simulated-its-id) shows it whatever is filtered. Without this script the report is complete;
   printed, it is as it was written: what is filtered is left out on a screen only. */
(() => {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.sift"));
  const area = document.querySelector(".scenarios");
  if (!form || !area) return;

  /** @type {HTMLElement[]} */
  const sections = [...area.querySelectorAll("section.scenario")].map((one) => /** @type {HTMLElement} */ (one));
  const rows = [...area.querySelectorAll("tr[data-of]")].map((one) => /** @type {HTMLElement} */ (one));
  /** @param {HTMLElement} section */
  const idOf = (section) => section.querySelector("p[id]")?.id ?? "";
  const byId = new Map(sections.map((one) => [idOf(one), one]));
  /** @type {Map<HTMLElement, string>} */
  const texts = new Map();
  /** @param {HTMLElement} one */
  const textOf = (one) => {
    const text = texts.get(one) ?? (one.textContent ?? "").toLowerCase();
    texts.set(one, text);
    return text;
  };
  const written = new Map([...sections, ...rows].map((one, place) => [one, place]));
  const rank = ["FAIL", "ERROR", "BLOCKED", "INCONCLUSIVE", "NONE", "GAP", "PASS"];
  const keys = ["verdict", "goal", "class", "requirement"];

  /** @param {string} name */
  const field = (name) =>
    /** @type {HTMLInputElement | HTMLSelectElement | null} */ (form.elements.namedItem(name));
  /** @param {string} name */
  const asked = (name) => field(name)?.value ?? "";

  /** @param {HTMLElement} one */
  const fits = (one) =>
    keys.every((key) => !asked(key) || (one.dataset[key] ?? "").split("|").includes(asked(key))) &&
    asked("text").toLowerCase().split(/\s+/).filter(Boolean).every((part) => textOf(one).includes(part));

  /** @type {Record<string, ((one: HTMLElement) => string | number) | undefined>} */
  const orders = {
    verdict: (one) => rank.indexOf(one.dataset.verdict ?? ""),
    goal: (one) => one.dataset.goal ?? "",
    name: (one) => idOf(one),
    share: (one) => -Number(one.dataset.share),
  };

  /** @param {HTMLElement[]} elements  @param {(one: HTMLElement) => HTMLElement | undefined} sectionOf */
  const arrange = (elements, sectionOf) => {
    const order = orders[asked("order")];
    /** @param {HTMLElement} one */
    const place = (one) => {
      const section = sectionOf(one);
      return order && section ? order(section) : (written.get(one) ?? 0);
    };
    const sorted = [...elements].sort((a, b) => {
      const [first, second] = [place(a), place(b)];
      return first < second ? -1 : first > second ? 1 : 0;
    });
    sorted.forEach((one) => one.parentElement?.append(one));
  };

  const parents = new Set(rows.map((row) => row.parentElement));
  let ordered = "";
  const show = () => {
    let count = 0;
    for (const one of sections) {
      const shown = fits(one);
      count += Number(shown);
      one.classList.toggle("left-out", !shown);
    }
    for (const row of rows) {
      row.classList.toggle("left-out", byId.get(row.dataset.of ?? "")?.classList.contains("left-out") ?? false);
    }
    for (const body of parents) {
      const none = [...(body?.children ?? [])].every((row) => row.classList.contains("left-out"));
      (body?.closest("details.group") ?? body?.parentElement)?.classList.toggle("left-out", none);
    }
    if (asked("order") !== ordered) {
      ordered = asked("order");
      arrangeAll();
    }
    const output = form.querySelector("output");
    if (output) output.textContent = `${count} of ${sections.length} scenarios`;
    return count;
  };
  const arrangeAll = () => {
    // The sections stand one behind the other: they are put before what follows the last of them.
    const mark = document.createElement("i");
    sections[sections.length - 1]?.after(mark);
    const parent = document.createDocumentFragment();
    const holder = document.createElement("div");
    parent.append(holder);
    holder.append(...sections);
    arrange([...sections], (one) => one);
    mark.replaceWith(...holder.children);
    for (const body of parents) {
      const own = rows.filter((row) => row.parentElement === body);
      arrange(own, (row) => byId.get(row.dataset.of ?? ""));
    }
  };

  const remember = () => {
    const said = new URLSearchParams();
    for (const name of [...keys, "text", "order"]) if (asked(name)) said.set(name, asked(name));
    const text = said.toString();
    if (text || location.hash.startsWith("#?")) history.replaceState(null, "", `#${text && `?${text}`}`);
  };

  /** @param {boolean} open */
  const foldAll = (open) => {
    for (const one of area.querySelectorAll("details.group, section.scenario > details")) {
      if (!one.closest(".left-out")) /** @type {HTMLDetailsElement} */ (one).open = open;
    }
  };

  const follow = () => {
    if (location.hash.startsWith("#?")) {
      for (const [name, value] of new URLSearchParams(location.hash.slice(2))) {
        const one = field(name);
        if (one) one.value = value;
      }
      show();
      return;
    }
    const target = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (!target) return;
    if (target.closest(".left-out")) {
      form.reset();
      show();
    }
    for (let one = target.closest("details"); one; one = one.parentElement?.closest("details") ?? null) one.open = true;
    target.scrollIntoView();
  };

  form.addEventListener("input", () => {
    show();
    remember();
  });
  form.addEventListener("reset", () => setTimeout(() => (show(), remember())));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("button[name=fold]")?.addEventListener("click", () => foldAll(false));
  form.querySelector("button[name=unfold]")?.addEventListener("click", () => foldAll(true));
  addEventListener("hashchange", follow);

  // Printed as it was written: folded by the report, not by who reads it.
  const folds = [...document.querySelectorAll("details")].map((one) => /** @type {const} */ ([one, one.open]));
  /** @type {[HTMLDetailsElement, boolean][]} */
  let left = [];
  addEventListener("beforeprint", () => {
    left = folds.map(([one]) => [one, one.open]);
    for (const [one, open] of folds) one.open = open;
  });
  addEventListener("afterprint", () => left.forEach(([one, open]) => (one.open = open)));

  form.hidden = false;
  show();
  follow();
})();
