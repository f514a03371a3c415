// The township's own behaviour: a tone for new alerts where somebody switched it on, and the
// question before a village is spoken to.

// --- a tone, off until somebody asks for it (browsers allow sound only after a press anyway) ---
const button = document.getElementById("sound");
let audio = null;

function beep(at, pitch) {
  const tone = audio.createOscillator();
  const level = audio.createGain();
  tone.frequency.value = pitch;
  level.gain.setValueAtTime(0, at);
  level.gain.linearRampToValueAtTime(0.4, at + 0.02);
  level.gain.linearRampToValueAtTime(0, at + 0.28);
  tone.connect(level).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.3);
}

function ring() {
  if (!audio) return;
  beep(audio.currentTime + 0.02, 880);
  beep(audio.currentTime + 0.34, 660);
}

function show(on) {
  button.setAttribute("aria-pressed", String(on));
  button.querySelector("span").textContent = on ? button.dataset.on : button.dataset.off;
}

button?.addEventListener("click", async () => {
  if (audio) {
    await audio.close();
    audio = null;
  } else {
    audio = new AudioContext();
    ring(); // so that one hears at once how loud it is
  }
  show(audio !== null);
});

let newest = document.querySelector("[data-newest]")?.dataset.newest;
document.addEventListener("htmx:afterSwap", () => {
  const now = document.querySelector("[data-newest]")?.dataset.newest;
  if (now && now !== newest) ring();
  newest = now ?? newest;
});

// --- who works with the keyboard keeps the place when the list is drawn anew ----------------------
let place = null;
document.addEventListener("htmx:beforeSwap", () => {
  place = document.activeElement?.closest("[data-alert]")?.dataset.alert ?? null;
});
document.addEventListener("htmx:afterSettle", () => {
  if (place) document.querySelector(`[data-alert="${CSS.escape(place)}"] h3 a`)?.focus();
  place = null;
});

// --- the question before a village is spoken to -------------------------------------------------
document.addEventListener("click", ({ target }) => {
  const closer = target.closest?.("[data-closes]");
  if (closer) document.getElementById(closer.dataset.closes).close();
  const asker = target.closest?.("[data-confirms]");
  if (!asker || !asker.form.reportValidity()) return;
  const dialog = document.getElementById(asker.dataset.confirms);
  const form = asker.form;
  const shown = {
    hub: form.elements.hub.selectedOptions[0].textContent,
    text: form.elements.text.value,
    priority: form.querySelector("[name=priority]:checked").closest("label").textContent.trim(),
  };
  for (const place of dialog.querySelectorAll("[data-preview]")) {
    place.textContent = shown[place.dataset.preview];
  }
  dialog.showModal();
});
