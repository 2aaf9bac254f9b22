// Line charts that say their numbers by pointer and by arrow keys.
import {el, svg, say} from './dom.js';
import {count} from './text.js';

const HEIGHT = 250;
const PAD = {left: 54, right: 16, top: 12, bottom: 38};
const LETTER = 6.8;
const LONGEST = 18;

export class Chart {
  // title: heading; unit: what x counts; value: a y as text; zero: whether y begins at 0;
  // names: of the places 0, 1, 2 .. on x, where x counts nothing
  constructor(title, unit, value, zero, names = []) {
    Object.assign(this, {title, unit, value, zero, names, lines: [], at: null});
    this.legend = el('p', {class: 'legend'});
    this.hint = el('p', {class: 'hint', 'aria-live': 'polite'});
    this.drawing = el('div', {class: 'drawing', tabindex: 0, role: 'img'});
    this.node = el('figure', {class: 'card chart'},
      el('figcaption', {}, el('h3', {}, title), this.legend), this.drawing, this.hint);
    this.drawing.addEventListener('pointermove', event => this.point(event));
    this.drawing.addEventListener('pointerleave', () => this.mark(null));
    this.drawing.addEventListener('blur', () => this.mark(null));
    this.drawing.addEventListener('keydown', event => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.drawing);
  }

  // lines: [{name, style, points: [[x, y]], dots, best}]; a y that is null leaves a gap; best: an x that is marked
  show(lines) {
    this.lines = lines.filter(line => line.points.some(finite));
    this.legend.replaceChildren(...(this.lines.length < 2 ? [] : this.lines.map(line =>
      el('span', {}, el('i', {class: line.style}), line.name))));
    this.draw();
  }

  draw() {
    const width = this.drawing.clientWidth;
    if (width === 0) {
      return;
    }
    if (this.lines.length === 0) {
      this.drawing.replaceChildren(el('p', {class: 'soft none'}, 'Nothing measured yet'));
      this.drawing.setAttribute('aria-label', `${this.title}: nothing measured yet`);
      return;
    }
    this.scale(width);
    const parts = [this.axes(width), ...this.lines.map(line => this.path(line))];
    this.cross = svg('g', {class: 'cross'});
    this.drawing.replaceChildren(
      svg('svg', {width, height: HEIGHT, 'aria-hidden': true}, ...parts, this.cross));
    this.drawing.setAttribute('aria-label', this.spoken());
    this.mark(this.at);
  }

  spoken() {
    const last = this.lines.map(line => {
      const [x, y] = line.points.filter(finite).at(-1);
      const best = line.best === undefined ? '' : `, best at ${this.place(line.best)}`;
      return `${line.name} ${this.value(y)} at ${this.place(x)}${best}`;
    });
    return `${this.title}: ${last.join(', ')}. Arrow keys read single points.`;
  }

  // A place on x for people: "epoch 12", "layer3".
  place(x) {
    return this.names.length ? this.names[Math.round(x)] : `${this.unit} ${count(x)}`;
  }

  scale(width) {
    const xs = this.lines.flatMap(line => [line.points[0][0], line.points.at(-1)[0]]);
    const ys = this.lines.flatMap(line => line.points.filter(finite).map(point => point[1]));
    const origin = this.zero || this.unit === 'epoch' ? 0 : Infinity;
    const right = width - PAD.right;
    this.x = this.names.length
      ? places(this.names, PAD.left, right)
      : axis(Math.min(...xs, origin), Math.max(...xs), 6, PAD.left, right, true);
    this.floor = HEIGHT - PAD.bottom - (this.x.slanted || 0);
    this.y = axis(this.zero ? 0 : Math.min(...ys), Math.max(...ys), 5, this.floor, PAD.top, false);
  }

  axes(width) {
    const group = svg('g', {class: 'axes'});
    for (const tick of this.y.ticks) {
      const y = this.y.place(tick);
      group.append(svg('line', {x1: PAD.left, x2: width - PAD.right, y1: y, y2: y}),
        svg('text', {x: PAD.left - 8, y: y + 4, 'text-anchor': 'end'}, this.value(tick, this.y.step)));
    }
    for (const tick of this.x.ticks) {
      group.append(this.label(tick));
    }
    group.append(svg('text', {x: width - PAD.right, y: HEIGHT - 1, 'text-anchor': 'end'}, this.unit));
    return group;
  }

  label(tick) {
    const x = this.x.place(tick);
    const text = this.names.length ? cut(this.names[tick]) : count(tick);
    return this.x.slanted
      ? svg('text', {'text-anchor': 'end', transform: `translate(${x + 5} ${this.floor + 15}) rotate(-35)`}, text)
      : svg('text', {x, y: this.floor + 18, 'text-anchor': 'middle'}, text);
  }

  path(line) {
    const places = [];
    let d = '';
    let pen = 'M';
    for (const point of line.points) {
      if (finite(point)) {
        const at = [this.x.place(point[0]), this.y.place(point[1])];
        d += `${pen}${at[0].toFixed(1)} ${at[1].toFixed(1)}`;
        places.push(at);
      }
      pen = finite(point) ? 'L' : 'M';
    }
    const dots = line.dots || places.length === 1 ? places : [];
    return svg('g', {class: line.style}, svg('path', {d}),
      ...dots.map(([cx, cy]) => svg('circle', {cx, cy, r: 2.8})),
      ...line.points.filter(point => point[0] === line.best).map(([x, y]) =>
        svg('circle', {class: 'best', cx: this.x.place(x), cy: this.y.place(y), r: 6})));
  }

  point(event) {
    if (this.lines.length === 0) {
      return;
    }
    const at = this.x.value(event.clientX - this.drawing.getBoundingClientRect().left);
    this.mark(nearest(this.lines[0].points, at)[0]);
  }

  key(event) {
    const way = {ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity}[event.key];
    if (way === undefined || this.lines.length === 0) {
      return;
    }
    event.preventDefault();
    const points = this.lines[0].points;
    const now = this.at === null ? points.length : points.indexOf(nearest(points, this.at));
    this.mark(points[Math.max(0, Math.min(points.length - 1, now + way))][0]);
  }

  mark(x) {
    this.at = x;
    if (!this.cross) {
      return;
    }
    this.cross.replaceChildren();
    if (x === null || this.lines.length === 0) {
      say(this.hint, '');
      return;
    }
    const place = this.x.place(x);
    this.cross.append(svg('line', {x1: place, x2: place, y1: PAD.top, y2: this.floor}));
    const found = this.lines.map(line => [line, nearest(line.points, x)])
      .filter(([, point]) => finite(point) && Math.abs(this.x.place(point[0]) - place) < 12);
    for (const [line, [px, py]] of found) {
      this.cross.append(svg('circle', {class: line.style, r: 4.5,
        cx: this.x.place(px), cy: this.y.place(py)}));
    }
    const values = found.map(([line, point]) =>
      `${line.name} ${this.value(point[1])}${point[0] === line.best ? ' (best)' : ''}`);
    say(this.hint, `${this.place(x)}: ${values.join(', ')}`);
  }
}

function finite(point) {
  return Number.isFinite(point[1]);
}

function cut(name) {
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
}

function nearest(points, x) {
  let low = 0;
  let high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < x) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return Math.abs(points[low][0] - x) <= Math.abs(points[high][0] - x) ? points[low] : points[high];
}

// Round ticks that cover the values; an x axis ends with them.
function axis(low, high, most, from, to, exact) {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const ten = 10 ** Math.floor(Math.log10(span / most));
  const step = [1, 2, 5, 10].map(m => m * ten).find(one => span / one <= most);
  const whole = exact ? Math.max(1, step) : step;
  const first = exact ? low : Math.floor(low / whole + 1e-9) * whole;
  const last = exact ? Math.max(high, low + 1) : Math.max(Math.ceil(high / whole - 1e-9) * whole, first + whole);
  const ticks = [];
  for (let tick = Math.ceil(first / whole) * whole; tick <= last + whole * 1e-6; tick += whole) {
    ticks.push(tick);
  }
  return {ticks, step: whole, ...linear(first, last, from, to)};
}

// Names at equal distances; aslant where they would run into each other, and then perhaps not all.
function places(names, from, to) {
  const longest = LETTER * Math.max(...names.map(name => cut(name).length));
  const distance = (to - from) / names.length;
  const every = Math.ceil(24 / distance);
  return {
    ticks: names.map((name, place) => place).filter(place => place % every === 0),
    slanted: longest + 8 > distance ? Math.max(0, longest * 0.58 - 4) : 0,
    ...linear(-0.5, names.length - 0.5, from, to),
  };
}

function linear(first, last, from, to) {
  return {
    place: value => from + (value - first) / (last - first) * (to - from),
    value: place => first + (place - from) / (to - from) * (last - first),
  };
}
