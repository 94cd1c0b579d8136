"use strict";
// Keeps the page live: the server says that something changed, we fetch the live part and move only what differs.
(() => {
  const byId = (id) => document.getElementById(id);
  const form = document.querySelector("form.filtre");
  const base = form.getAttribute("action");
  const POLL = 10000, QUIET = 30000, MINUTE = 60000;
  let heard = Date.now(), fetched = Date.now(), busy = false, again = false, source = null, mode = "";

  const say = (text, bad) => {
    const place = byId("direct");
    if (place.textContent !== text) place.textContent = text;
    place.classList.toggle("alerte", Boolean(bad));
    document.body.classList.toggle("perdu", Boolean(bad));
  };
  const asked = () => {
    const found = new URLSearchParams();
    for (const [key, value] of new FormData(form)) if (value) found.append(key, value);
    return found.toString();
  };
  const busyTyping = (section) => {
    const one = document.activeElement;
    return one && one.name === "nom" && section.contains(one) && one.value !== one.defaultValue;
  };
  const move = (fresh) => {
    const before = new Set([...document.querySelectorAll("article[id]")].map((one) => one.id));
    for (const section of [...fresh.querySelectorAll("section[data-somme]")]) {
      const old = byId(section.id);
      if (!old || old.dataset.somme === section.dataset.somme || busyTyping(old)) continue;
      const open = [...old.querySelectorAll("details[open]")].map((one) => one.id);
      const focus = old.contains(document.activeElement) ? document.activeElement : null;
      old.replaceWith(section);
      for (const id of open) if (id && byId(id)) byId(id).open = true;
      if (focus) {
        const href = focus.getAttribute("href");
        const next = (focus.id && byId(focus.id)) || (href && section.querySelector(`a[href="${CSS.escape(href)}"]`));
        if (next) next.focus({ preventScroll: true });
      }
    }
    const added = [...document.querySelectorAll("#incidents article[id]")].filter((one) => !before.has(one.id));
    for (const one of added) one.classList.add("neuf");
    if (added.length) byId("annonce").textContent = "Nouvel incident : " + added.map((one) => one.querySelector("h3").textContent).join(" ; ");
    const down = document.querySelector(".compte .hs b");
    if (down) document.title = down.textContent + " hors service – NOC Teranga";
    walk();
  };
  const renew = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(base + "fragment?" + asked(), { cache: "no-cache", headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      move(new DOMParser().parseFromString(await answer.text(), "text/html"));
      fetched = heard = Date.now();
      say(mode);
    } catch (error) {
      if (Date.now() - heard > QUIET) lost();
    } finally {
      busy = false;
      if (again) { again = false; renew(); }
    }
  };
  const lost = () => say("Connexion perdue depuis " + new Date(heard).toLocaleTimeString("fr") + " : la page ne dit plus le présent", true);
  const listen = () => {
    mode = "Actualisée toutes les 10 s";
    if (!window.EventSource) return;
    source = new EventSource(base + "evenements");
    source.addEventListener("vue", (event) => {
      heard = Date.now();
      mode = "En direct";
      say(mode);
      const told = JSON.parse(event.data), clock = byId("mesure");
      if (told.serie !== listen.last) { listen.last = told.serie; renew(); }
      else if (clock) { clock.textContent = told.heure; clock.dateTime = told.iso; }
    });
    source.addEventListener("error", () => { mode = "Actualisée toutes les 10 s"; });
  };
  // Without events the page asks; with them it asks once a minute, for the durations.
  setInterval(() => {
    const quiet = Date.now() - heard;
    if (quiet > POLL || Date.now() - fetched > MINUTE) renew();
    if (quiet > QUIET) lost();
    if (source && source.readyState === 2 && quiet > QUIET) { source.close(); listen(); }
  }, POLL / 2);

  // Filters without a reload; the address keeps them.
  let wait = 0;
  const filter = () => {
    const query = asked();
    history.replaceState(null, "", query ? "?" + query : location.pathname);
    renew();
  };
  form.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(filter, 200); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(wait); filter(); });

  // One stop of the tabulator per pole in the wall; arrows move inside.
  const walk = () => {
    for (const wall of document.querySelectorAll(".mur")) {
      const tiles = [...wall.children];
      const held = tiles.find((one) => one === document.activeElement) || tiles[0];
      for (const one of tiles) one.tabIndex = one === held ? 0 : -1;
    }
  };
  document.addEventListener("keydown", (event) => {
    const tile = event.target.closest && event.target.closest(".mur a");
    if (!tile || event.altKey || event.ctrlKey || event.metaKey) return;
    const tiles = [...tile.parentElement.children], at = tiles.indexOf(tile);
    const row = tiles.filter((one) => one.offsetTop === tiles[0].offsetTop).length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, Home: -at, End: tiles.length - 1 - at }[event.key];
    const next = step === undefined ? null : tiles[at + step];
    if (!next) return;
    event.preventDefault();
    tile.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  walk();
  listen();
  say(mode);
})();
