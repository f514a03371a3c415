// The map: villages, cameras and open cases from their own coordinates, on tiles where a server is
// set. Web Mercator, so that tiles and signs meet. Moved by mouse, touch, wheel and keyboard.

const map = document.getElementById("map");
const SVG = "http://www.w3.org/2000/svg";
const TILE = 256;
const NEAREST = 19;
const FARTHEST = 4;
const SHAPES = { life_safety: "M-6-13h12l7 7v12l-7 7h-12l-7-7v-12z", urgent: "M0-13 14 11H-14z", notice: "M0-11a11 11 0 1 1-.01 0z" };
const MANY = 300; // cameras in sight, above which only villages show how many there are

if (map) start();

function start() {
  const ground = map.querySelector(".ground");
  const said = map.querySelector(".said");
  const tiles = map.dataset.tiles;
  const view = { x: 0.5, y: 0.5, zoom: 8 }; // centre in parts of the world
  let places = { villages: [], cameras: [], cases: [] };
  let waiting = false;

  const world = ({ lon, lat }) => {
    const s = Math.sin((lat * Math.PI) / 180);
    return { x: lon / 360 + 0.5, y: 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI) };
  };
  const size = () => ({ w: ground.clientWidth, h: ground.clientHeight });
  const scale = () => TILE * 2 ** view.zoom;

  function element(name, attributes, parent) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  }

  function all() {
    const points = [...places.villages, ...places.cameras, ...places.cases].map(world);
    if (!points.length) return;
    const xs = points.map((p) => p.x), ys = points.map((p) => p.y);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const { w, h } = size();
    view.x = (left + right) / 2;
    view.y = (top + bottom) / 2;
    const fits = Math.min((w - 120) / Math.max(right - left, 1e-6), (h - 120) / Math.max(bottom - top, 1e-6));
    view.zoom = Math.min(16, Math.max(FARTHEST, Math.log2(Math.max(fits, 1) / TILE)));
    draw();
  }

  function drawTiles(layer, at) {
    if (!tiles) { drawLines(layer, at); return; }
    const zoom = Math.max(0, Math.min(18, Math.round(view.zoom)));
    const count = 2 ** zoom, side = scale() / count, { w, h } = size();
    const from = { x: Math.floor((view.x * scale() - w / 2) / side), y: Math.floor((view.y * scale() - h / 2) / side) };
    for (let x = from.x; x * side < view.x * scale() + w / 2; x += 1) {
      for (let y = Math.max(0, from.y); y < count && y * side < view.y * scale() + h / 2; y += 1) {
        const corner = at({ x: x / count, y: y / count });
        const href = tiles.replace("{x}", ((x % count) + count) % count).replace("{y}", y).replace("{z}", zoom);
        element("image", { href, x: corner.x, y: corner.y, width: side + 0.5, height: side + 0.5 }, layer);
      }
    }
  }

  function drawLines(layer, at) {
    // Plain ground with a grid, so that one sees it move.
    const step = 2 ** -Math.round(view.zoom + 1), { w, h } = size();
    for (let x = Math.floor((view.x - w / 2 / scale()) / step) * step; (x - view.x) * scale() < w / 2; x += step) {
      const px = at({ x, y: 0 }).x;
      element("line", { class: "grid-line", x1: px, x2: px, y1: 0, y2: h }, layer);
    }
    for (let y = Math.floor((view.y - h / 2 / scale()) / step) * step; (y - view.y) * scale() < h / 2; y += step) {
      const py = at({ x: 0, y }).y;
      element("line", { class: "grid-line", y1: py, y2: py, x1: 0, x2: w }, layer);
    }
  }

  function drawBar(layer) {
    const lat = Math.atan(Math.sinh(Math.PI * (1 - 2 * view.y)));
    const metresPerPixel = (40_075_017 * Math.cos(lat)) / scale();
    const wanted = metresPerPixel * 110;
    const digit = 10 ** Math.floor(Math.log10(wanted));
    const metres = digit * (wanted / digit >= 5 ? 5 : wanted / digit >= 2 ? 2 : 1);
    const length = metres / metresPerPixel, { h } = size();
    element("line", { class: "bar", x1: 16, x2: 16 + length, y1: 22, y2: 22 }, layer);
    element("text", { x: 16, y: 44 }, layer).textContent = metres >= 1000 ? `${metres / 1000} km` : `${metres} m`;
  }

  function inSight(point) {
    const { w, h } = size();
    return point.x > -30 && point.y > -30 && point.x < w + 30 && point.y < h + 30;
  }

  function sign(layer, thing, point, draws, label) {
    const link = element("a", { href: thing.href, "aria-label": label ?? thing.name, transform: `translate(${point.x} ${point.y})` }, layer);
    draws(link);
    element("circle", { class: "hit", r: 22 }, link);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      if (!moved) tell(thing);
    });
    link.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); location.href = thing.href; }
    });
    return link;
  }

  function tell(thing) {
    said.replaceChildren();
    const link = document.createElement("a");
    link.href = thing.href;
    link.textContent = thing.name;
    said.append(link);
  }

  function draw() {
    waiting = false;
    const focused = document.activeElement?.closest?.("#map a")?.getAttribute("href");
    const { w, h } = size();
    const at = ({ x, y }) => ({ x: (x - view.x) * scale() + w / 2, y: (y - view.y) * scale() + h / 2 });
    const layer = document.createElementNS(SVG, "g");
    drawTiles(layer, at);
    const near = (things) => things.map((thing) => [thing, at(world(thing))]).filter(([, point]) => inSight(point));
    const cameras = near(places.cameras);
    if (cameras.length <= MANY) {
      for (const [thing, point] of cameras) {
        sign(layer, thing, point, (to) => {
          if (thing.state === "lost") element("path", { class: "camera lost", d: "M-6-6 6 6M6-6-6 6" }, to);
          else element("circle", { class: `camera ${thing.state}`, r: 6 }, to);
        });
      }
    }
    for (const [thing, point] of near(places.villages)) {
      sign(layer, thing, point, (to) => {
        element("rect", { class: "village", x: -9, y: -9, width: 18, height: 18 }, to);
        element("text", { x: 16, y: 6 }, to).textContent = thing.name;
      });
    }
    for (const [thing, point, count] of gather(near(places.cases))) {
      sign(layer, thing, point, (to) => {
        element("path", { class: `case ${thing.severity}`, d: SHAPES[thing.severity] ?? SHAPES.notice }, to);
        if (count > 1) element("text", { class: "many", y: -20 }, to).textContent = `×${count}`;
      }, count > 1 ? `${thing.name} ×${count}` : thing.name);
    }
    drawBar(layer);
    ground.replaceChildren(layer);
    if (focused) ground.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  function gather(things) {
    // Cases at one spot stand on each other; the gravest one speaks for them.
    const order = ["life_safety", "urgent", "notice"];
    const spots = new Map();
    for (const [thing, point] of things) {
      const key = `${Math.round(point.x / 24)}/${Math.round(point.y / 24)}`;
      const there = spots.get(key);
      if (!there) spots.set(key, [thing, point, 1]);
      else {
        there[2] += 1;
        if (order.indexOf(thing.severity) < order.indexOf(there[0].severity)) there[0] = thing;
      }
    }
    return [...spots.values()];
  }

  function soon() {
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  }

  function move(dx, dy) {
    view.x = Math.min(1, Math.max(0, view.x - dx / scale()));
    view.y = Math.min(1, Math.max(0, view.y - dy / scale()));
    soon();
  }

  function zoom(by, px, py) {
    const { w, h } = size(), before = scale();
    const [ox, oy] = [(px ?? w / 2) - w / 2, (py ?? h / 2) - h / 2];
    view.zoom = Math.min(NEAREST, Math.max(FARTHEST, view.zoom + by));
    view.x += ox / before - ox / scale();
    view.y += oy / before - oy / scale();
    soon();
  }

  // Pointers: one moves, two pinch.
  const fingers = new Map();
  let moved = false, travelled = 0;
  ground.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved = false;
    travelled = 0;
  });
  window.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
    if (fingers.size === 1) {
      travelled += Math.abs(dx) + Math.abs(dy);
      if (travelled > 6) moved = true;
      if (moved) move(dx, dy);
    } else {
      moved = true;
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const box = ground.getBoundingClientRect();
      const before = Math.hypot(finger.x - other.x, finger.y - other.y);
      const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      if (before > 4 && after > 4) zoom(Math.log2(after / before), (event.clientX + other.x) / 2 - box.left, (event.clientY + other.y) / 2 - box.top);
    }
    finger.x = event.clientX;
    finger.y = event.clientY;
  });
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, (event) => fingers.delete(event.pointerId));
  ground.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = ground.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 0.5 : -0.5, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  ground.addEventListener("dragstart", (event) => event.preventDefault());

  const KEYS = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
  ground.addEventListener("keydown", (event) => {
    if (KEYS[event.key]) move(...KEYS[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-") zoom(-0.5);
    else if (event.key === "0") all();
    else return;
    event.preventDefault();
  });
  map.querySelector(".tools").addEventListener("click", ({ target }) => {
    const wish = target.closest("[data-map]")?.dataset.map;
    if (wish === "all") all();
    else if (wish) zoom(wish === "in" ? 1 : -1);
  });

  async function load() {
    const answer = await fetch(map.dataset.places, { headers: { accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return false;
    places = await answer.json();
    return true;
  }

  new ResizeObserver(soon).observe(ground);
  // The list beside it hears of changes; when it has loaded itself again, so do we.
  document.addEventListener("htmx:afterSwap", async ({ target }) => {
    if (target.id === "map-list" && (await load())) draw();
  });
  load().then((good) => { if (good) all(); map.dataset.ready = "yes"; });
}
