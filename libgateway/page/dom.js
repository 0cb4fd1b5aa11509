// Elements and words. Text that came over the network only ever becomes text: nothing here or elsewhere in the page
// makes markup out of a string.
const SVG = 'http://www.w3.org/2000/svg';
const SVG_TAGS = new Set(['svg', 'path', 'use', 'circle']);

// h('button', { class: 'primary', onclick: send, disabled: true }, 'Send')
export function h(tag, properties = {}, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export const icon = (name) => h('svg', { class: 'icon', 'aria-hidden': 'true' }, h('use', { href: `#i-${name}` }));

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export const chip = (text, kind = '') => h('span', { class: `chip ${kind}` }, text);

// What is shown where nothing is: what is missing, and what to do about it.
export const empty = (name, title, ...hints) =>
  h('div', { class: 'empty' }, icon(name), h('h2', {}, title), hints.map((hint) => h('p', {}, hint)));

export const notice = (kind, ...children) => h('div', { class: `notice ${kind}`, role: kind === 'bad' ? 'alert' : 'status' }, ...children);

// --- words ------------------------------------------------------------------------------------------------------------

const two = (number) => String(number).padStart(2, '0');
export function clock(ms) {
  const date = new Date(ms);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function day(ms) {
  const date = new Date(ms);
  return date.toDateString() === new Date().toDateString() ? clock(ms).slice(0, 5)
    : date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
}

export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds / 3600) % 24} h`;
}

export function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    ++unit;
  }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

export function micros(us) {
  if (us === null) return '–';
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(us < 10000 ? 1 : 0)} ms` : `${(us / 1e6).toFixed(1)} s`;
}

export const figure = (number) => (number >= 100 ? Math.round(number).toLocaleString() : Number(number.toFixed(1)).toString());

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;

// A text of a person or a model: paragraphs, fenced code, `code` and **strong**.
export function prose(text) {
  const out = document.createDocumentFragment();
  const inline = (line) => line.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/).map((part) => {
    if (part.length > 2 && part.startsWith('`')) return h('code', {}, part.slice(1, -1));
    if (part.length > 4 && part.startsWith('**')) return h('strong', {}, part.slice(2, -2));
    return part;
  });
  text.split(/^```[^\n]*\n?/m).forEach((block, index) => {
    if (index % 2 === 1) {
      out.append(h('pre', { tabindex: '0' }, block.replace(/\n$/, '')));
      return;
    }
    for (const paragraph of block.split(/\n{2,}/)) {
      if (paragraph.trim()) out.append(h('p', {}, inline(paragraph.replace(/^\n+|\n+$/g, ''))));
    }
  });
  return out;
}

// Calls `action` once, a moment after the last of several calls.
export function soon(action, ms = 150) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, ms);
  };
}
