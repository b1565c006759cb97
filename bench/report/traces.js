// @ts-check
"use strict";
/* The script of the signal pictures: zoom along the time, and read values at a cursor. A picture's lines are paths in their own
   units (`data-unit` ns to the right, `data-step` of the signal down), so the values are read from the picture itself. */
(() => {
  const SVG = /** @type {SVGSVGElement} */ (document.querySelector("svg"))?.namespaceURI;
  /** @typedef {{name: string, unit: string, step: number, plane: SVGElement, t: number[], v: number[], held: boolean}} Line */

  /** @param {SVGPathElement} path @returns {Line} */
  const lineOf = (path) => {
    /** @type {number[]} */ const t = [];
    /** @type {number[]} */ const v = [];
    let x = 0;
    let y = 0;
    let held = true;
    for (const [, letter, first, second] of (path.getAttribute("d") ?? "").matchAll(/([Mlhv])(-?\d+)(?: (-?\d+))?/g)) {
      const a = Number(first);
      if (letter === "M") [x, y] = [a, Number(second)];
      else if (letter === "l") [x, y, held] = [x + a, y + Number(second), false];
      else if (letter === "h") x += a;
      else y += a;
      if (letter === "v" && t.length && t[t.length - 1] === x) v[v.length - 1] = y;
      else {
        t.push(x);
        v.push(y);
      }
    }
    const { name = "", of = "", step = "1" } = path.dataset;
    const plane = /** @type {SVGElement} */ (path.closest("svg"));
    return { name, unit: of, step: Number(step), plane, t, v, held };
  };

  /** The last value told until then. @param {Line} line @param {number} at */
  const valueAt = (line, at) => {
    let low = 0;
    let high = line.t.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (line.t[middle] <= at) low = middle + 1;
      else high = middle;
    }
    return low ? -line.v[low - 1] : undefined;
  };

  /** @param {Line} line @param {number | undefined} value */
  const words = (line, value) => {
    if (value === undefined) return `${line.name} –`;
    const digits = Math.max(0, Math.round(-Math.log10(line.step)));
    const told = (value * line.step).toFixed(line.held ? 0 : Math.min(digits, 6));
    return `${line.name} ${told}${line.unit && ` ${line.unit}`}`;
  };

  /** @param {number} ns */
  const timeWords = (ns) => {
    const size = Math.abs(ns);
    const [unit, name] = size >= 1e9 ? [1e9, "s"] : size >= 1e6 ? [1e6, "ms"] : [1e3, "µs"];
    return `${(ns / unit).toFixed(name === "s" ? 4 : name === "ms" ? 2 : 0)} ${name}`;
  };

  /** @param {string} kind @param {Record<string, string | number>} facts */
  const made = (kind, facts) => {
    const one = /** @type {SVGElement} */ (document.createElementNS(SVG, kind));
    for (const [name, value] of Object.entries(facts)) one.setAttribute(name, String(value));
    return one;
  };

  /** @param {SVGSVGElement} svg */
  const enliven = (svg) => {
    const unit = Number(svg.dataset.unit);
    const whole = [Number(svg.dataset.from), Number(svg.dataset.to)];
    let [from, to] = whole;
    let cursor = NaN;
    const lines = [...svg.querySelectorAll("path.line")].map((one) => lineOf(/** @type {SVGPathElement} */ (one)));
    const marks = [...svg.querySelectorAll("g.mark")].map((one) => /** @type {SVGElement} */ (one));
    const axis = /** @type {SVGElement} */ (svg.querySelector("g.axis"));
    const bottom = Number(svg.getAttribute("height")) - 18;
    const needle = made("line", { class: "cursor", y1: 0, y2: bottom, visibility: "hidden" });
    const chosen = made("rect", { class: "chosen", y: 0, height: bottom, visibility: "hidden" });
    svg.append(chosen, needle);

    const bar = document.createElement("div");
    bar.className = "reading";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", `Zoom and cursor of: ${svg.getAttribute("aria-label")}`);
    const output = document.createElement("output");
    const hint = "Point at a time to read values; drag across a stretch to zoom into it.";
    output.textContent = hint;

    /** @param {number} t */
    const percent = (t) => (100 * (t - from)) / (to - from);
    const redraw = () => {
      for (const { plane } of lines) {
        const [, top, , height] = (plane.getAttribute("viewBox") ?? "").split(" ");
        plane.setAttribute("viewBox", `${from} ${top} ${to - from} ${height}`);
      }
      for (const mark of marks) {
        const at = percent(Number(mark.dataset.t));
        mark.setAttribute("visibility", at < 0 || at > 100 ? "hidden" : "visible");
        const right = at > 60;
        const text = mark.querySelector("text");
        mark.querySelector("line")?.setAttribute("x1", `${at}%`);
        mark.querySelector("line")?.setAttribute("x2", `${at}%`);
        text?.setAttribute("x", `${at}%`);
        text?.setAttribute("dx", right ? "-4" : "4");
        text?.setAttribute("text-anchor", right ? "end" : "start");
      }
      const rough = ((to - from) * unit) / 6;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((k) => k * power).find((one) => one >= rough) ?? rough;
      const size = Math.max(Math.abs(from), Math.abs(to)) * unit;
      const [scale, name] = size >= 1e9 ? [1e9, "s"] : size >= 1e6 ? [1e6, "ms"] : [1e3, "µs"];
      const digits = Math.max(0, -Math.floor(Math.log10(step / scale) + 1e-9));
      const ticks = [];
      for (let k = Math.ceil((from * unit) / step); k * step <= to * unit; k++) {
        const x = `${percent((k * step) / unit)}%`;
        const text = made("text", { class: ticks.length % 4 ? "small odd" : "small", x, y: bottom + 14, "text-anchor": "middle" });
        text.textContent = `${((k * step) / scale).toFixed(digits)} ${name}`;
        ticks.push(made("line", { class: "grid", x1: x, x2: x, y1: bottom, y2: bottom + 3 }), text);
      }
      axis.replaceChildren(...ticks);
      read(cursor);
    };
    /** @param {number} t */
    const read = (t) => {
      cursor = t;
      const seen = t >= from && t <= to;
      needle.setAttribute("visibility", seen ? "visible" : "hidden");
      if (!seen) return;
      needle.setAttribute("x1", `${percent(t)}%`);
      needle.setAttribute("x2", `${percent(t)}%`);
      output.textContent = [timeWords(t * unit), ...lines.map((one) => words(one, valueAt(one, t)))].join(" · ");
    };
    /** @param {number} first @param {number} last */
    const show = (first, last) => {
      const least = Math.max(2, (whole[1] - whole[0]) / 2000);
      const width = Math.min(Math.max(last - first, least), whole[1] - whole[0]);
      from = Math.min(Math.max(first, whole[0]), whole[1] - width);
      to = from + width;
      redraw();
    };
    /** @param {number} factor */
    const zoom = (factor) => {
      const middle = cursor >= from && cursor <= to ? cursor : (from + to) / 2;
      show(middle - (middle - from) * factor, middle + (to - middle) * factor);
    };
    /** @param {number} share */
    const move = (share) => show(from + share * (to - from), to + share * (to - from));
    const all = () => show(whole[0], whole[1]);

    /** @type {[string, string, () => void][]} */
    const buttons = [
      ["+", "Zoom in", () => zoom(0.5)],
      ["−", "Zoom out", () => zoom(2)],
      ["◂", "Earlier", () => move(-0.25)],
      ["▸", "Later", () => move(0.25)],
      ["all", "Show all", all],
    ];
    for (const [label, title, act] of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.title = title;
      button.setAttribute("aria-label", title);
      button.addEventListener("click", act);
      bar.append(button);
    }
    bar.append(output);
    svg.after(bar);

    // Pointer: read where it is, zoom into the stretch it is dragged across.
    /** @param {PointerEvent} event */
    const timeOf = (event) => {
      const box = svg.getBoundingClientRect();
      return from + ((event.clientX - box.left) / box.width) * (to - from);
    };
    let begun = NaN;
    svg.addEventListener("pointerdown", (event) => {
      begun = timeOf(event);
      read(begun);
    });
    svg.addEventListener("pointermove", (event) => {
      const t = timeOf(event);
      read(t);
      if (!(event.buttons & 1) || Number.isNaN(begun)) return;
      const [left, right] = [percent(Math.min(begun, t)), percent(Math.max(begun, t))];
      chosen.setAttribute("visibility", "visible");
      chosen.setAttribute("x", `${left}%`);
      chosen.setAttribute("width", `${right - left}%`);
    });
    addEventListener("pointerup", (event) => {
      if (Number.isNaN(begun)) return;
      const t = timeOf(event);
      const [first, last] = [Math.min(begun, t), Math.max(begun, t)];
      begun = NaN;
      chosen.setAttribute("visibility", "hidden");
      if (last - first > (to - from) / 100) show(first, last);
    });
    svg.addEventListener("dblclick", all);
    svg.tabIndex = 0;
    svg.addEventListener("keydown", (event) => {
      const step = (to - from) / 100;
      const now = cursor >= from && cursor <= to ? cursor : from;
      /** @type {Record<string, () => void>} */
      const keys = {
        ArrowLeft: () => read(Math.max(from, now - step)),
        ArrowRight: () => read(Math.min(to, now + step)),
        "+": () => zoom(0.5),
        "-": () => zoom(2),
        0: all,
      };
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
  };

  // Only what comes into sight is made ready: a report may hold many.
  const sight = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      enliven(/** @type {SVGSVGElement} */ (target));
    }
  });
  for (const one of document.querySelectorAll("svg.trace")) sight.observe(one);
})();
