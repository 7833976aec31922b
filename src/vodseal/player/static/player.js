// The page of the loopback player: keys, an honest word when it does not play, and a sign of life.
"use strict";

const film = document.querySelector("video");
const trouble = document.querySelector("#trouble");
const PING_EVERY_MS = 10_000;
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];

const step = (seconds) => { film.currentTime = Math.min(Math.max(0, film.currentTime + seconds), film.duration || 0); };
const louder = (by) => { film.volume = Math.min(1, Math.max(0, film.volume + by)); };
const faster = (by) => {
  const at = SPEEDS.indexOf(film.playbackRate);
  film.playbackRate = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (at < 0 ? 2 : at) + by))];
};
const toggle = () => { if (film.paused) film.play().catch(() => {}); else film.pause(); };
const fill = () => { if (document.fullscreenElement) document.exitFullscreen(); else film.requestFullscreen?.(); };

const KEYS = {
  " ": toggle, k: toggle,
  ArrowLeft: () => step(-5), ArrowRight: () => step(5), j: () => step(-10), l: () => step(10),
  ArrowUp: () => louder(0.1), ArrowDown: () => louder(-0.1), m: () => { film.muted = !film.muted; },
  "<": () => faster(-1), ">": () => faster(1), f: fill,
  Home: () => { film.currentTime = 0; },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = /^[0-9]$/.test(event.key)
    ? () => { film.currentTime = (film.duration || 0) * Number(event.key) / 10; }
    : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const say = (message, remedy) => {
  trouble.replaceChildren(...[message, remedy].filter(Boolean).map((text) => {
    const line = document.createElement("p");
    line.textContent = text;
    return line;
  }));
  trouble.hidden = false;
};

film.addEventListener("error", async () => {
  let told = {};
  try {
    told = await (await fetch("status")).json();
  } catch {
    say("The player was closed.", "Run the command again to go on watching.");
    return;
  }
  if (told.message) say(told.message, told.remedy);
  else say(`This browser cannot play the film (${film.dataset.codecs}).`, "Try: vodseal play FILE --with mpv");
});

const ping = () => fetch("alive").catch(() => {
  clearInterval(alive);
  film.pause();
  say("The player was closed.", "Run the command again to go on watching.");
});
const alive = setInterval(ping, PING_EVERY_MS);
addEventListener("pagehide", () => { fetch("closed", { keepalive: true }).catch(() => {}); });
addEventListener("pageshow", (event) => { if (event.persisted) ping(); });
film.focus();
