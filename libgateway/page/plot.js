// A live plot: the last minute of one or two lines, the newest at the right edge.
import { h } from './dom.js';

const SECONDS = 60;

// A round number that is not below `value`: 1, 2, 5, 10, ...
function above(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999) ?? 10 * power;
}

export class Plot {
  // `lines`: [[name, css variable of its colour]]; `format` writes a value; `least` is the least height of the scale.
  constructor(label, lines, format, least) {
    this.lines = lines;
    this.format = format;
    this.least = least;
    this.canvas = h('canvas', { class: 'plot', role: 'img', 'aria-label': label });
    this.label = label;
    this.values = lines.map(() => []);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  // One value for each line; null: nothing to show for that second.
  set(values) {
    this.values = values;
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const g = canvas.getContext('2d');
    g.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    const color = (name) => style.getPropertyValue(name).trim();
    const known = this.values.flat().filter((value) => value !== null && value !== undefined);
    const top = above(Math.max(this.least, ...known));
    const left = 4, right = width - 4, floor = height - 16, ceiling = 14;
    const x = (index, count) => right - (count - 1 - index) * ((right - left) / (SECONDS - 1));
    const y = (value) => floor - (value / top) * (floor - ceiling);

    g.font = `11px ${style.fontFamily}`;
    g.fillStyle = color('--dim');
    g.strokeStyle = color('--line');
    for (const part of [0, 0.5, 1]) {
      g.beginPath();
      g.moveTo(left, y(top * part) + 0.5);
      g.lineTo(right, y(top * part) + 0.5);
      g.stroke();
    }
    g.textBaseline = 'alphabetic';
    g.fillText(this.format(top), left, ceiling - 4);
    g.fillText('60 s ago', left, height - 3);
    g.textAlign = 'right';
    g.fillText('now', right, height - 3);

    this.lines.forEach(([, variable], at) => {
      const values = this.values[at].slice(-SECONDS);
      g.strokeStyle = g.fillStyle = color(variable);
      g.lineWidth = 2;
      g.lineJoin = 'round';
      let from = -1;
      const flush = (to) => {
        if (from < 0) return;
        g.beginPath();
        for (let i = from; i < to; ++i) g.lineTo(x(i, values.length), y(values[i]));
        g.stroke();
        if (at === 0 || this.lines.length === 1) {
          g.lineTo(x(to - 1, values.length), floor);
          g.lineTo(x(from, values.length), floor);
          g.globalAlpha = 0.1;
          g.fill();
          g.globalAlpha = 1;
        }
        if (to - from === 1) g.fillRect(x(from, values.length) - 1.5, y(values[from]) - 1.5, 3, 3);
        from = -1;
      };
      values.forEach((value, i) => {
        if (value === null) flush(i);
        else if (from < 0) from = i;
      });
      flush(values.length);
    });
    const newest = this.lines.map(([name], at) => {
      const value = this.values[at].at(-1);
      return `${name} ${value === null || value === undefined ? 'nothing' : this.format(value)}`;
    });
    canvas.setAttribute('aria-label', `${this.label}: ${newest.join(', ')}`);
  }
}
