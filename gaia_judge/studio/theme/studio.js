"use strict";

// Without scripts the pages work as they are: forms are sent, numbers are typed, the player has its own controls.

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function kept(name) {
  try { return sessionStorage.getItem(name); } catch { return null; }
}

function keep(name, value) {
  try { sessionStorage.setItem(name, value); } catch { /* It lasts until the page is left. */ }
}

// The clip plays once to its end, which unlocks the questions, and then in a loop.
function startClip(video, unlock) {
  const play = document.getElementById("play"), state = document.getElementById("state");
  const seen = `seen ${video.dataset.showing}`;
  const wait = video.dataset.full === "yes" && !kept(seen);
  const say = (text) => { state.textContent = text; };
  video.controls = false;
  video.loop = !wait;
  document.querySelector(".player").hidden = false;
  if (!wait) unlock();

  const start = () => {
    if (video.error) video.load();
    return video.play().catch(() => video.error || say("Press Play to watch the clip."));
  };
  play.addEventListener("click", () => (video.paused || video.error ? start() : video.pause()));
  document.getElementById("again").addEventListener("click", () => { video.currentTime = 0; start(); });
  video.addEventListener("click", () => play.click());
  video.addEventListener("play", () => {
    play.textContent = "Pause";
    say(video.loop ? "" : "Watch it once to its end.");
  });
  video.addEventListener("pause", () => { play.textContent = "Play"; });
  video.addEventListener("ended", () => {
    keep(seen, "yes");
    video.loop = true;
    unlock();
    start().then(() => say("You can rate now."));
  });
  let failures = 0;
  const fail = () => {
    say("The clip could not be loaded. Press Play to try again.");
    failures += 1;
    const pass = document.getElementById("pass");
    if (pass && failures > 1) pass.hidden = false;
  };
  video.addEventListener("error", fail);
  if (video.error) fail(); // before anyone listened
  else if (matchMedia("(prefers-reduced-motion: reduce)").matches) say("Press Play to watch the clip.");
  else start();
}

// A slider in place of the number field, which stays as what is sent. It has no value before it is touched.
function startSlider(box) {
  const number = box.querySelector("input[type=number]");
  const slider = document.createElement("input"), output = document.createElement("output");
  slider.type = "range";
  for (const name of ["min", "max", "step"]) slider[name] = number[name];
  slider.value = (Number(number.min) + Number(number.max)) / 2;
  slider.setAttribute("aria-labelledby", number.getAttribute("aria-labelledby"));
  slider.setAttribute("aria-valuetext", "not answered yet");
  slider.dataset.untouched = "";
  output.textContent = "-";
  output.setAttribute("aria-hidden", "true"); // the slider says it already
  box.prepend(slider, output);
  number.hidden = true;
  number.required = false;

  const levels = [...box.closest("fieldset").querySelectorAll(".anchors div")].map((one) => [
    Number(one.querySelector("dt").textContent), one.querySelector("dd").textContent,
  ]);
  const near = document.querySelector(`[data-near="${CSS.escape(number.name)}"]`);
  const touch = () => {
    number.value = slider.value;
    delete slider.dataset.untouched;
    output.textContent = slider.value;
    const at = Number(slider.value);
    const best = levels.reduce((a, b) => (a && Math.abs(a[0] - at) <= Math.abs(b[0] - at) ? a : b), null);
    near.textContent = best ? best[1] : " ";
    slider.setAttribute("aria-valuetext", best ? `${slider.value}: ${best[1]}` : slider.value);
    number.dispatchEvent(new Event("input", { bubbles: true }));
  };
  slider.addEventListener("input", touch);
  // Whoever means the middle presses it, or the space bar.
  slider.addEventListener("click", touch);
  slider.addEventListener("keydown", (event) => {
    if (event.key === " ") { event.preventDefault(); touch(); }
  });
  number.show = (value) => { slider.value = value; touch(); };
}

// The digits choose among level buttons, beside the arrow keys.
function startLevels(box) {
  const levels = [...box.querySelectorAll("input")];
  box.addEventListener("keydown", (event) => {
    const level = levels[Number(event.key) - 1];
    if (level && !event.ctrlKey && !event.metaKey && !event.altKey) { level.click(); level.focus(); }
  });
}

// What was answered and not yet sent outlives a reload.
function startDraft(form, name) {
  const fields = () => [...new FormData(form)].filter(([key, value]) => key !== "csrf" && value !== "");
  for (const [key, value] of JSON.parse(kept(name) ?? "[]")) {
    const field = form.elements[key];
    if (field?.show) field.show(value);
    else if (field) field.value = value;
  }
  form.addEventListener("input", () => keep(name, JSON.stringify(fields())));
}

// A rating is sent until the server says that it is saved. It is stored once, however often it arrives.
function startSending(form) {
  const problem = document.getElementById("problem"), send = document.getElementById("send");
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    const bare = [...form.querySelectorAll("[data-untouched]")][0];
    if (bare) {
      problem.textContent = "Please answer every question.";
      bare.focus();
      return;
    }
    busy = send.disabled = true;
    problem.textContent = "";
    const body = new URLSearchParams(new FormData(form));
    for (let tries = 0; ; tries += 1) {
      try {
        const signal = AbortSignal.timeout(20000);
        const answer = await fetch(form.action, { method: "POST", body, signal, headers: { Accept: "application/json" } });
        if (answer.ok) { location.replace(form.dataset.next); return; }
        if (answer.status < 500 && answer.status !== 429) {
          const told = await answer.json().catch(() => ({}));
          problem.textContent = told.message ?? "This did not work. Please open your link again.";
          busy = send.disabled = false;
          return;
        }
      } catch { /* The connection is lost, or the server is. */ }
      problem.textContent = "Not saved yet: the connection is lost. Trying again. Please leave this page open.";
      await pause(Math.min(15000, 500 * 2 ** tries));
    }
  });
}

function lock(form, locked) {
  for (const part of form?.querySelectorAll("[data-lock]") ?? []) part.disabled = locked;
  const send = document.getElementById("send");
  if (send) send.disabled = locked;
}

const form = document.getElementById("rating"), video = document.getElementById("clip");
if (form) {
  form.querySelectorAll("[data-slider]").forEach(startSlider);
  form.querySelectorAll("[data-levels]").forEach(startLevels);
  startDraft(form, `draft ${video.dataset.showing}`);
  startSending(form);
  lock(form, true);
}
if (video) startClip(video, () => lock(form, false));
