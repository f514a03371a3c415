"""What a person with old eyes would complain about, measured in the page by the browser."""

from __future__ import annotations

SIZES = ((390, 844), (1366, 768), (1920, 1080))

CONTRAST = """
const lum = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
const ground = element => {
  for (let e = element; e; e = e.parentElement) {
    const [r, g, b, a = 1] = parse(getComputedStyle(e).backgroundColor);
    if (a === 1) return [r, g, b];
    if (a !== 0) throw new Error('half transparent ground: measure it by hand');
  }
  return parse(getComputedStyle(document.documentElement).backgroundColor).slice(0, 3);
};
const bad = [];
let seen = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walker.nextNode());) {
  const element = node.parentElement;
  if (!node.textContent.trim() || !element.checkVisibility()) continue;
  if (element.closest('.unseen, script, button:disabled')) continue;
  seen += 1;
  const [hi, lo] = [lum(parse(getComputedStyle(element).color)), lum(ground(element))]
    .sort((a, b) => b - a);
  const ratio = (hi + 0.05) / (lo + 0.05);
  if (ratio < 4.5) bad.push(node.textContent.trim().slice(0, 20) + ' ' + ratio.toFixed(2));
}
return {seen, bad};
"""

SMALL_TARGETS = """
return [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter(e => e.checkVisibility() && e.type !== 'hidden')
  .filter(e => !e.closest('.skip, dialog:not([open])'))
  .map(e => e.closest('label') ?? e)
  .filter(e => { const b = e.getBoundingClientRect(); return b.width && b.height < 43.5; })
  .filter(e => !(e.matches('.whole, .row a, a:has(img)')))
  .map(e => e.outerHTML.slice(0, 80));
"""

NAMELESS = """
return [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, img')]
  .filter(e => e.checkVisibility())
  .filter(e => !(e.innerText?.trim() || e.alt || e.ariaLabel || e.labels?.length
    || e.querySelector('img[alt]')))
  .map(e => e.outerHTML.slice(0, 80));
"""

SIDEWAYS = "return document.documentElement.scrollWidth - window.innerWidth"

BODY_SIZE = "return parseFloat(getComputedStyle(document.querySelector('main')).fontSize)"
