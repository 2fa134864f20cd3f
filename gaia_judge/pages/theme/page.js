"use strict";

// Theme: that of the system until the reader chooses; set before anything is painted.
const THEME = "gaia-judge-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

// Some browsers keep no storage for files.
function remembered() {
  try { return localStorage.getItem(THEME); } catch { return null; }
}

function remember(theme) {
  try { localStorage.setItem(THEME, theme); } catch { /* It lasts until the page is closed. */ }
}

function theme() {
  return document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
}

function startTheme() {
  const button = document.querySelector("[data-theme-button]");
  const name = () => { button.textContent = theme() === "dark" ? "Light theme" : "Dark theme"; };
  button.hidden = false;
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
    remember(theme());
    name();
  });
  dark.addEventListener("change", name);
  name();
}

// Tables: sorted by a column's numbers, then by its words; what is missing stays last.
const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function compare(a, b) {
  const one = a.dataset.value, other = b.dataset.value;
  if (one !== undefined && other !== undefined) return Math.sign(Number(one) - Number(other)) || 0;
  if (one !== undefined) return -1;
  if (other !== undefined) return 1;
  return words.compare(a.textContent, b.textContent);
}

function sort(table, head) {
  const rising = head.getAttribute("aria-sort") !== "ascending";
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const body = table.tBodies[0], at = head.cellIndex;
  const missing = (row) => "missing" in row.cells[at].dataset;
  const known = [...body.rows].filter((row) => !missing(row));
  known.sort((a, b) => (rising ? 1 : -1) * compare(a.cells[at], b.cells[at]));
  body.append(...known, ...[...body.rows].filter(missing));
}

function startTable(table) {
  for (const head of table.tHead.rows[0].cells) {
    head.querySelector("button").addEventListener("click", () => sort(table, head));
  }
}

function startFilter(input) {
  const rows = [...document.getElementById(input.dataset.filter).tBodies[0].rows];
  // Words alone: digits are found in any row's numbers.
  const texts = rows.map((row) => [...row.cells].filter((cell) => !("value" in cell.dataset))
    .map((cell) => cell.textContent).join(" ").toLowerCase());
  const said = input.parentElement.querySelector("[role=status]");
  input.parentElement.hidden = false;
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, at) => { row.hidden = !wanted.every((word) => texts[at].includes(word)); });
    const left = rows.filter((row) => !row.hidden).length;
    said.textContent = wanted.length ? `${left} of ${rows.length} rows` : "";
  });
}

// What the page holds in base64: clips and packed tables.
function bytes(id) {
  return Uint8Array.from(atob(document.getElementById(id).textContent.trim()), (letter) => letter.charCodeAt(0));
}

// Clips: decoded when near the screen, paused when away from it.
function loadClip(video) {
  if (video.hasAttribute("src")) return;
  const still = video.parentElement.querySelector(".still");
  video.addEventListener("error", () => {
    still.textContent = "This browser cannot play the clip.";
    still.classList.remove("still");
    video.hidden = true;
  });
  video.src = URL.createObjectURL(new Blob([bytes(video.dataset.clip)], { type: video.dataset.kind }));
}

function startClips() {
  const videos = document.querySelectorAll("video[data-clip]");
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) loadClip(target);
      else target.pause();
    }
  }, { rootMargin: "400px 0px" });
  for (const video of videos) near.observe(video);
}

// Tables to take away.
async function unpack(id) {
  const stream = new Blob([bytes(id)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Blob([await new Response(stream).arrayBuffer()], { type: "text/csv" });
}

async function download(button) {
  const said = button.parentElement.querySelector("[role=status]");
  if (typeof DecompressionStream === "undefined") {
    said.textContent = "This browser cannot unpack the table; a newer one can.";
    return;
  }
  try {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await unpack(button.dataset.download));
    link.download = button.dataset.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    said.textContent = "";
  } catch (error) {
    said.textContent = `The table cannot be unpacked: ${error.message}`;
  }
}

function startDownload(button) {
  button.hidden = false;
  button.addEventListener("click", () => download(button));
}

// Contents: folded on small screens, and showing where the reader is.
function startContents() {
  const fold = document.querySelector(".contents details"), wide = matchMedia("(min-width: 70rem)");
  const links = new Map([...fold.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const place = () => { fold.open = wide.matches; };
  wide.addEventListener("change", place);
  place();
  fold.addEventListener("click", (event) => {
    if (event.target.closest("a") && !wide.matches) fold.open = false;
  });
  const here = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      const link = links.get(target.id);
      if (isIntersecting) link?.setAttribute("aria-current", "true");
      else link?.removeAttribute("aria-current");
    }
  }, { rootMargin: "-20% 0px -79% 0px" });
  for (const section of document.querySelectorAll("main > section")) here.observe(section);
}

// Paper cannot be unfolded: older browsers need the attribute.
function startPrint() {
  const folded = () => document.querySelectorAll("main details:not([open])");
  let opened = [];
  matchMedia("print").addEventListener("change", ({ matches }) => {
    if (matches) opened = [...folded()];
    for (const one of opened) one.open = matches;
  });
}

const chosen = remembered();
if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;

document.addEventListener("DOMContentLoaded", () => {
  startTheme();
  startContents();
  startClips();
  startPrint();
  document.querySelectorAll("table.sorts").forEach(startTable);
  document.querySelectorAll("[data-filter]").forEach(startFilter);
  document.querySelectorAll("[data-download]").forEach(startDownload);
});
