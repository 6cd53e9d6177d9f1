"use strict";
(() => {
  const form = document.querySelector("form.controls");
  const facts = [...document.querySelectorAll(".fact")];
  const marks = [...document.querySelectorAll(".bar, .graph a, .narrow a")];
  const lanes = [...document.querySelectorAll(".lane:not(.axis)")];
  const folded = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const words = new Map(facts.map(fact => [fact, folded(fact.dataset.words)]));

  function show() {
    const asked = folded(form.query.value).split(/\s+/).filter(Boolean);
    const kinds = new Set([...form.querySelectorAll("[name=kind]:checked")].map(box => box.value));
    const visible = new Set();
    for (const fact of facts) {
      const fits = kinds.has(fact.dataset.kind) && (form.past.checked || !fact.classList.contains("past"))
        && asked.every(word => words.get(fact).includes(word));
      fact.hidden = !fits;
      if (fits) visible.add(fact.dataset.id);
    }
    for (const mark of marks) mark.toggleAttribute("hidden", !visible.has(mark.dataset.id));
    for (const lane of lanes) lane.hidden = !lane.querySelector(".bar:not([hidden])");
    form.querySelector("output").textContent = `${visible.size} of ${facts.length} facts`;
  }

  function open() {
    const fact = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!fact || !fact.classList.contains("fact")) return;
    fact.hidden = false;
    fact.querySelector("details").open = true;
    fact.focus();
  }

  form.addEventListener("input", show);
  form.addEventListener("submit", event => event.preventDefault());
  addEventListener("hashchange", open);
  for (const mark of marks) mark.addEventListener("click", () => { if (location.hash === mark.hash) open(); });
  show();
  open();
})();
