// The wall: keeps its rows true, counts their clocks, sounds for what is new, and listens to keys.
// After every hint and every reconnect it asks for the order of all rows and for those it does not
// have as they are now. So nothing is lost or doubled, however many hints were missed.
const toast = (detail) => document.dispatchEvent(new CustomEvent("toast", { detail }));

const list = document.getElementById("alerts");
const AGAIN_MS = 3000;
const ALARM_EVERY_MS = 15_000;
let running = false;
let wanted = false;
let show = Number(new URLSearchParams(location.search).get("show")) || 0;

const rows = () => [...list.querySelectorAll("#rows > li")];
const csrf = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];

async function sync() {
  wanted = true;
  if (running) return;
  running = true;
  while (wanted) {
    wanted = false;
    try {
      await fetchRows();
    } catch {
      setTimeout(sync, AGAIN_MS);
    }
  }
  running = false;
}

async function fetchRows() {
  const address = new URL(list.dataset.rows, location.href);
  const have = rows().map((row) => `${row.dataset.case}.${row.dataset.token}`);
  if (show) address.searchParams.set("show", show);
  if (have.length) address.searchParams.set("have", have.join(","));
  const signal = AbortSignal.timeout(15_000);
  const answer = await fetch(address, { headers: { "hx-request": "true" }, signal });
  if (answer.status === 401) return location.reload();
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  apply(page);
}

function apply(page) {
  const ul = list.querySelector("#rows");
  const fresh = page.getElementById("rows");
  const before = new Map(rows().map((row) => [row.dataset.case, row]));
  const changed = new Map([...fresh.children].map((row) => [row.dataset.case, row]));
  const focused = document.activeElement?.closest?.("[data-case]")?.dataset.case;
  const order = fresh.dataset.order ? fresh.dataset.order.split(" ") : [];
  const news = [];
  order.forEach((id, place) => {
    const old = before.get(id);
    const row = changed.has(id) ? document.adoptNode(changed.get(id)) : old;
    if (!row) return;
    if (row !== old) {
      if (row.dataset.new !== undefined && (!old || Number(old.dataset.count) < Number(row.dataset.count))) news.push(row);
      old?.replaceWith(row);
      start(row);
    }
    if (ul.children[place] !== row) ul.insertBefore(row, ul.children[place] ?? null);
  });
  for (const [id, row] of before) if (!order.includes(id)) row.remove();
  ul.dataset.order = fresh.dataset.order;
  document.getElementById("total").textContent = fresh.dataset.total;
  for (const id of ["calm", "more"]) {
    const part = page.getElementById(id);
    document.getElementById(id).replaceWith(document.adoptNode(part));
  }
  choose(chosen);
  if (focused) list.querySelector(`[data-case="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  if (news.length) tell(news);
}

list.addEventListener("refresh", sync);

// --- more rows, without leaving the page ---------------------------------------------------------
list.addEventListener("click", (event) => {
  if (!event.target.closest("#more a")) return;
  event.preventDefault();
  show = Number(document.getElementById("more").dataset.show);
  sync();
});

// --- taking one, without leaving the page --------------------------------------------------------
list.addEventListener("submit", (event) => {
  event.preventDefault();
  take(event.target);
});

async function take(form) {
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  const headers = { "hx-request": "true", "x-csrf-token": csrf() };
  const body = new URLSearchParams(new FormData(form));
  const answer = await fetch(form.getAttribute("action"), { method: "POST", headers, body }).catch(() => null);
  if (!answer?.ok) {
    toast(answer ? await answer.text() : list.dataset.refused);
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
  sync();
}

// --- clocks --------------------------------------------------------------------------------------
function say(seconds) {
  if (seconds >= 172_800) return `${Math.floor(seconds / 86_400)}d`;
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${two(minutes)}:${two(seconds % 60)}`;
}

function start(row) {
  for (const clock of row.querySelectorAll(".clock")) {
    clock.began = performance.now() - Number(clock.dataset.elapsed) * 1000;
  }
}

function tick() {
  for (const clock of list.querySelectorAll(".clock")) {
    const seconds = Math.max(0, Math.floor((performance.now() - clock.began) / 1000));
    clock.querySelector(".run").textContent = say(seconds);
    if (seconds >= Number(clock.dataset.target) && !clock.classList.contains("late")) {
      clock.classList.add("late");
      clock.querySelector("strong").textContent = ` ${clock.dataset.late}`;
    }
  }
}

rows().forEach(start);
setInterval(tick, 1000);

// --- sound by severity, off until somebody asks for it (browsers allow it only after a press) ------
const button = document.getElementById("sound");
const TUNES = {
  life_safety: [[880, 0], [660, 0.25], [880, 0.5], [660, 0.75], [880, 1], [660, 1.25]],
  urgent: [[880, 0], [660, 0.32]],
  notice: [[520, 0]],
};
let audio = null;

function ring(severity) {
  list.dataset.rang = `${list.dataset.rang ?? ""} ${severity}`.trim();
  if (!audio) return;
  for (const [pitch, at] of TUNES[severity] ?? TUNES.notice) {
    const tone = audio.createOscillator();
    const level = audio.createGain();
    const from = audio.currentTime + 0.02 + at;
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0, from);
    level.gain.linearRampToValueAtTime(severity === "notice" ? 0.2 : 0.45, from + 0.02);
    level.gain.linearRampToValueAtTime(0, from + 0.22);
    tone.connect(level).connect(audio.destination);
    tone.start(from);
    tone.stop(from + 0.24);
  }
}

button.addEventListener("click", async () => {
  if (audio) {
    await audio.close();
    audio = null;
  } else {
    audio = new AudioContext();
    ring("urgent"); // so that one hears at once how loud it is
  }
  button.setAttribute("aria-pressed", String(audio !== null));
  button.classList.toggle("off", audio === null);
  button.querySelector("span").textContent = audio ? button.dataset.on : button.dataset.off;
});

function tell(news) {
  const gravest = ["life_safety", "urgent", "notice"].find((one) => news.some((row) => row.dataset.severity === one));
  ring(gravest ?? "notice");
  const announcer = document.getElementById("announcer");
  announcer.textContent = announcer.dataset.sentence.replace("#", news[0].dataset.say);
}

setInterval(() => {
  if (list.querySelector('[data-new][data-severity="life_safety"]')) ring("life_safety");
}, ALARM_EVERY_MS);

// --- keys: arrows choose, A takes, Enter opens ---------------------------------------------------
let chosen = null;

function choose(id) {
  for (const row of list.querySelectorAll(".chosen")) row.classList.remove("chosen");
  const row = id && list.querySelector(`[data-case="${CSS.escape(id)}"]`);
  chosen = row ? id : null;
  row?.classList.add("chosen");
  return row || null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea, dialog, summary")) return;
  const all = rows();
  const here = all.findIndex((row) => row.dataset.case === chosen);
  if (event.code === "ArrowDown" || event.code === "ArrowUp") {
    const next = all[here < 0 ? 0 : Math.min(all.length - 1, Math.max(0, here + (event.code === "ArrowDown" ? 1 : -1)))];
    if (!next) return;
    event.preventDefault();
    choose(next.dataset.case)?.focus();
  } else if (event.code === "KeyA") {
    // Without a choice the topmost: it is the gravest, and what somebody sees first.
    const row = all[here] ?? all[0];
    const form = row?.querySelector("form");
    if (form && choose(row.dataset.case)) take(form);
  } else if (event.key === "Enter" && event.target === all[here]) {
    all[here].querySelector("h3 a").click();
  }
});
