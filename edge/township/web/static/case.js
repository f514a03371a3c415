// One case: photos are made small before they travel, and the story stays true without
// taking away what somebody is writing.
const toast = (detail) => document.dispatchEvent(new CustomEvent("toast", { detail }));

const story = document.getElementById("story");
const LARGEST_SIDE = 1600;

const csrf = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];

function writing() {
  return [...story.querySelectorAll("textarea")].some((field) => field.value.trim())
    || [...story.querySelectorAll("select[name=to]")].some((field) => field.matches(":focus"));
}

async function refresh() {
  const answer = await fetch(story.dataset.story, { headers: { "hx-request": "true" } }).catch(() => null);
  if (answer?.status === 404) return location.assign("/");
  if (!answer?.ok) return;
  const text = await answer.text();
  const page = new DOMParser().parseFromString(text, "text/html");
  const [now, before] = [page, story].map((one) => one.querySelector("[data-version]")?.dataset.version);
  if (now === before) return;
  if (writing()) {
    toast(story.dataset.changed);
    story.querySelector(".timeline")?.replaceWith(document.adoptNode(page.querySelector(".timeline")));
    return;
  }
  story.replaceChildren(...[...page.body.children].map((one) => document.adoptNode(one)));
}

story?.addEventListener("refresh", refresh);

document.addEventListener("change", async ({ target }) => {
  if (!target.dataset.upload || !target.files.length) return;
  toast(target.dataset.busy);
  const photo = await small(target.files[0]);
  const headers = { "content-type": "image/jpeg", "x-csrf-token": csrf(), "hx-request": "true" };
  const answer = await fetch(target.dataset.upload, { method: "POST", headers, body: photo }).catch(() => null);
  target.value = "";
  if (answer?.ok) toast(target.dataset.done);
  else toast(answer ? await answer.text() : target.dataset.failed);
  if (story) refresh();
});

async function small(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LARGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return (await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8))) ?? file;
  } catch {
    return file; // the township says whether it can read it
  }
}
