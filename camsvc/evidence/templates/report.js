// Plays the files of one incident in turn. Between them it stops, and says what is missing. Without it each file plays by itself.
"use strict";

const GAP_SHOWN_MS = 3000;

function clock(ms) {
  const utc = new Date(ms).toISOString();
  return utc.slice(0, 10) + " " + utc.slice(11, 23) + "Z";
}

function make(root) {
  const items = JSON.parse(root.dataset.items);
  const first = items[0].from, last = Math.max(...items.map((each) => each.to));
  const node = (name, into, of) => {
    const made = document.createElement(of || "div");
    made.className = name;
    into.append(made);
    return made;
  };
  const player = node("player", root);
  root.prepend(player);
  const screen = node("screen", player);
  const video = node("", screen, "video");
  const slate = node("slate", screen, "p");
  const band = node("timeband", player);
  const needle = node("needle", band);
  const told = node("clock", player, "p");
  video.controls = true;
  video.playsInline = true;
  slate.setAttribute("role", "status");
  band.tabIndex = 0;
  band.setAttribute("role", "slider");
  band.setAttribute("aria-label", root.dataset.label);
  const share = (ms) => 100 * Math.min(Math.max((ms - first) / Math.max(last - first, 1), 0), 1);
  for (const each of items) {
    const piece = node(each.file ? "recorded" : "lost", band);
    piece.style.left = share(each.from) + "%";
    piece.style.width = Math.max(share(each.to) - share(each.from), 0.3) + "%";
    piece.title = each.text;
  }
  band.append(needle);
  let at = 0, timer = 0;

  const tell = (ms) => {
    needle.style.left = share(ms) + "%";
    told.textContent = clock(ms);
    band.setAttribute("aria-valuetext", told.textContent);
  };
  const show = (number, second, playing) => {
    clearTimeout(timer);
    at = number;
    const item = items[number];
    slate.hidden = Boolean(item.file);
    if (item.file) {
      if (video.getAttribute("src") !== item.file) video.src = item.file;
      video.currentTime = second;
      if (playing) video.play().catch(() => {});
      tell(item.from + second * 1000);
      return;
    }
    video.pause();
    slate.textContent = item.text;
    tell(item.from);
    if (playing && number + 1 < items.length) timer = setTimeout(() => show(number + 1, 0, true), GAP_SHOWN_MS);
  };
  const seek = (ms) => {
    let number = items.findIndex((each) => ms >= each.from && ms <= each.to);
    if (number < 0) number = items.findIndex((each) => each.from > ms);
    if (number < 0) number = items.length - 1;
    const item = items[number];
    show(number, item.file ? Math.max(0, ms - item.from) / 1000 : 0, !video.paused);
  };
  video.addEventListener("timeupdate", () => items[at].file && tell(items[at].from + video.currentTime * 1000));
  video.addEventListener("ended", () => at + 1 < items.length && show(at + 1, 0, true));
  video.addEventListener("play", () => slate.hidden || (at + 1 < items.length && show(at + 1, 0, true)));
  video.addEventListener("error", () => {
    slate.textContent = root.dataset.unplayable;
    slate.hidden = false;
  });
  band.addEventListener("click", (event) => {
    const box = band.getBoundingClientRect();
    seek(first + ((event.clientX - box.left) / box.width) * (last - first));
  });
  band.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1000, ArrowRight: 1000 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const item = items[at];
    seek((item.file ? item.from + video.currentTime * 1000 : step < 0 ? item.from - 1 : item.to + 1) + step);
  });
  show(0, 0, false);
}

document.querySelectorAll(".footage[data-items]").forEach(make);
