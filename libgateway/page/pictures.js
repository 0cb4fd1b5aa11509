// Pictures that go along with a message: chosen, pasted or dropped, shown small until they are sent. They are drawn on
// a canvas, so that the page needs no right to show pictures of anybody.
import { bytes, fill, h, icon } from './dom.js';

const EACH = 5000000; // bytes that the gateway takes of one
const MOST = 8;
const SMALL = 64; // pixels

const read = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});

async function draw(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, (SMALL * 2) / Math.max(picture.width, picture.height));
  const canvas = h('canvas', { width: Math.max(1, Math.round(picture.width * scale)), height: Math.max(1, Math.round(picture.height * scale)), role: 'img', 'aria-label': file.name });
  canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return canvas;
}

export class Pictures {
  #taken = []; // { name, mimeType, content, canvas }

  // `changes(show)` is told of every change of what is shown, and calls `show`.
  constructor(toast, changes) {
    this.toast = toast;
    this.changes = changes;
    this.input = h('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true, onchange: () => {
      this.take(this.input.files);
      this.input.value = '';
    } });
    this.button = h('button', { class: 'round', type: 'button', 'aria-label': 'Add a picture', title: 'Add a picture', onclick: () => this.input.click() }, icon('picture'));
    this.element = h('ul', { class: 'pictures', 'aria-label': 'Pictures of the message', hidden: true });
  }

  // Pasting and dropping into `target`.
  listen(target) {
    target.addEventListener('paste', (event) => {
      if (this.take(event.clipboardData?.files)) event.preventDefault();
    });
    target.addEventListener('dragover', (event) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
    });
    target.addEventListener('drop', (event) => {
      if (this.take(event.dataTransfer?.files)) event.preventDefault();
    });
  }

  get count() {
    return this.#taken.length;
  }

  // False: there is no picture among them.
  take(files) {
    const pictures = [...(files ?? [])].filter((file) => file.type.startsWith('image/'));
    if (files?.length && pictures.length < files.length) this.toast('Agents are shown pictures only.');
    for (const file of pictures) this.#add(file);
    return pictures.length > 0;
  }

  async #add(file) {
    if (file.size > EACH) return this.toast(`${file.name} has ${bytes(file.size)}; a picture may have ${bytes(EACH)}.`);
    if (this.#taken.length >= MOST) return this.toast(`A message may have ${MOST} pictures.`);
    const one = { name: file.name, mimeType: file.type };
    this.#taken.push(one);
    try {
      one.content = await read(file);
      one.canvas = await draw(file);
    } catch {
      if (!one.content) this.#remove(one);
      one.canvas = h('span', { class: 'chip' }, file.name); // this browser cannot draw it
    }
    this.#show();
  }

  #remove(one) {
    this.#taken = this.#taken.filter((other) => other !== one);
    this.#show();
  }

  #show() {
    this.changes(() => {
      this.element.hidden = this.#taken.length === 0;
      fill(this.element, this.#taken.filter((one) => one.canvas).map((one) => h('li', {}, one.canvas,
        h('button', { type: 'button', class: 'round', 'aria-label': `Leave out ${one.name}`, onclick: () => this.#remove(one) }, '×'))));
    });
  }

  // What was chosen, which is then not here any more. Nothing while one is still being read.
  give() {
    if (this.#taken.some((one) => !one.canvas)) return null;
    const given = this.#taken;
    this.#taken = [];
    this.#show();
    return given;
  }

  // Back again: it was not sent.
  restore(given) {
    this.#taken = [...given, ...this.#taken];
    this.#show();
  }
}
