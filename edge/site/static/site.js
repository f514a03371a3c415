// What every page does by itself: hears about changes, keeps times fresh, says when it is offline.
// Without this script the pages still work; they only have to be reloaded by hand.

const body = document.body;
const SILENT_MS = 40_000; // two beats of the server and a little
const GATHER_MS = 250;

// --- times: "3 minutes ago" stays true -----------------------------------------------------
const ago = JSON.parse(body.dataset.ago ?? "{}");
let skewMs = 0; // the server's clock counts, not this machine's

function age(seconds) {
  if (seconds < 45) return ago.now;
  const [unit, size] = seconds < 3600 ? ["minutes", 60] : seconds < 86400 ? ["hours", 3600] : ["days", 86400];
  return ago[unit].replace("#", Math.max(1, Math.round(seconds / size)));
}

function refreshTimes() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = age((Date.now() + skewMs - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
}

// --- toasts -----------------------------------------------------------------------------------
export function toast(sentence) {
  const box = document.createElement("div");
  box.className = "toast";
  box.textContent = sentence;
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), 6000);
}

document.addEventListener("toast", ({ detail }) => toast(detail));

// --- live: hints arrive, the parts that show the thing load themselves again --------------------
const waiting = new Set();
let gathering = 0;
let lastHeard = 0;
let source = null;

function partsFor(topic) {
  return [...document.querySelectorAll("[data-topics]")].filter(
    (part) => topic === "*" || part.dataset.topics.split(" ").includes(topic),
  );
}

function flush() {
  const parts = new Set([...waiting].flatMap(partsFor));
  waiting.clear();
  for (const part of parts) htmx.trigger(part, "refresh");
}

function hint(topic) {
  // The first hint counts at once, since it may be an alert; those that follow it travel together.
  waiting.add(topic);
  if (gathering) return;
  flush();
  gathering = setTimeout(() => {
    gathering = 0;
    if (waiting.size) hint([...waiting][0]);
  }, GATHER_MS);
}

function heard() {
  lastHeard = Date.now();
  document.getElementById("offline").hidden = true;
}

function offline() {
  const banner = document.getElementById("offline");
  const at = new Date(lastHeard).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
  banner.textContent = lastHeard ? banner.dataset.sentence.replace("#", at) : banner.dataset.never;
  banner.hidden = false;
}

const TOPICS = ["incident", "evidence", "play", "camera", "hub", "link", "case", "announcement"];

function connect() {
  let lost = false;
  source = new EventSource(body.dataset.live);
  source.addEventListener("beat", () => {
    heard();
    if (lost) hint("*"); // something may have changed while we heard nothing
    lost = false;
  });
  for (const topic of TOPICS) {
    source.addEventListener(topic, () => { heard(); hint(topic); });
  }
  source.onerror = () => {
    lost = true;
    offline();
    if (source.readyState === EventSource.CLOSED) setTimeout(reconnect, 5000);
  };
}

async function reconnect() {
  // A closed stream means that the server answered no: perhaps the session has ended.
  const answer = await fetch(body.dataset.live, { method: "HEAD" }).catch(() => null);
  if (answer?.status === 401) location.reload();
  else { connect(); hint("*"); }
}

function watch() {
  if (lastHeard && Date.now() - lastHeard > SILENT_MS) {
    offline();
    source.close();
    reconnect();
    lastHeard = Date.now();
  }
}

// --- announcing what is new to who cannot see it --------------------------------------------------
let newest = document.querySelector("[data-newest]")?.dataset.newest;

document.addEventListener("htmx:afterSwap", () => {
  refreshTimes();
  const top = document.querySelector("[data-newest]");
  if (!top || top.dataset.newest === newest) return;
  newest = top.dataset.newest;
  const announcer = document.getElementById("announcer");
  announcer.textContent = announcer.dataset.sentence.replace("#", top.dataset.newestText);
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  const plain = detail.xhr.getResponseHeader("content-type")?.startsWith("text/plain");
  toast(plain ? detail.xhr.responseText : body.dataset.unreachable);
});
document.addEventListener("htmx:sendError", () => offline());

// --- forms and dialogs ---------------------------------------------------------------------------
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || (event.submitter?.formMethod || event.target.method) === "dialog") return;
  // One press is one order: a second click while the first travels must not speak twice.
  setTimeout(() => { for (const b of event.target.querySelectorAll("button")) b.disabled = true; });
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
document.addEventListener("click", ({ target }) => {
  const opener = target.closest?.("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const teller = target.closest?.("[data-toast]");
  if (teller) toast(teller.dataset.toast);
  const filler = target.closest?.("[data-fills]");
  if (filler) {
    const field = document.getElementById(filler.dataset.fills);
    field.value = filler.dataset.text;
    field.focus();
  }
  for (const menu of document.querySelectorAll("details.more[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
});
document.addEventListener("error", ({ target }) => {
  if (!target.matches?.("video[data-clip]")) return;
  // Where the browser has no decoder for the camera's coding, say what to do instead.
  const told = target.parentElement.querySelector("[data-cannot]");
  if (told) told.hidden = false;
}, true);
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.more[open]")) menu.open = false;
});

if (body.dataset.now) skewMs = Date.parse(body.dataset.now) - Date.now();
setInterval(refreshTimes, 15_000);
if (body.dataset.live) {
  connect();
  setInterval(watch, 5_000);
}
