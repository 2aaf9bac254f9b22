// Generations over time: a row a worker, a mark where another generation began, and the reasons.
import {el, keyed, svg, say} from './dom.js';
import {count, counted, seconds, when} from './text.js';
import {colour} from './workers.js';

const ROW = 22;
const MOST_ROWS = 12;
const USUAL = 6;
const LEFT = 96;

export class Timeline {
  constructor() {
    this.generations = [];
    this.all = false;
    this.note = el('p', {class: 'legend'});
    this.drawing = el('div', {class: 'drawing gantt'});
    this.list = el('ol', {class: 'reasons'});
    this.more = el('button', {type: 'button', class: 'quiet', onclick: () => this.toggle()});
    this.node = el('figure', {class: 'card'},
      el('figcaption', {}, el('h3', {}, 'Generations'), this.note), this.drawing, this.list, this.more);
    new ResizeObserver(() => this.draw()).observe(this.drawing);
  }

  show(story) {
    this.generations = story.generations;
    this.end = story.time;
    this.node.hidden = this.generations.length === 0;
    const left = story.generationsBegun - this.generations.length;
    say(this.note, counted(story.generationsBegun, 'generation')
      + (left > 0 ? `, the last ${this.generations.length} shown` : ''));
    this.draw();
    this.tell();
  }

  toggle() {
    this.all = !this.all;
    this.tell();
  }

  tell() {
    const newest = [...this.generations].reverse();
    const shown = this.all ? newest : newest.slice(0, USUAL);
    this.more.hidden = newest.length <= USUAL;
    this.more.setAttribute('aria-expanded', this.all);
    say(this.more, this.all ? 'Show the newest only' : `Show all ${newest.length}`);
    keyed(this.list, shown, one => one.number + '/' + one.began, one => el('li', {},
      el('time', {}, when(one.began)),
      el('span', {class: 'pill cause', data: {cause: one.cause}}, one.cause),
      el('span', {}, el('b', {}, `${one.number}`), ` after step ${count(one.step)}: ${one.reason}`,
        el('small', {class: 'soft'}, one.workers.join(', ')))),
    () => {});
  }

  draw() {
    const width = this.drawing.clientWidth;
    if (width === 0 || this.generations.length === 0) {
      return;
    }
    const names = this.names();
    const first = this.generations[0].began;
    const last = Math.max(...this.generations.map(one => one.ended || 0), this.end, first + 1000);
    const x = ms => LEFT + (ms - first) / (last - first) * (width - LEFT - 8);
    const height = names.length * ROW + 30;
    const drawn = svg('svg', {width, height, role: 'img', 'aria-label': this.spoken(names)});
    names.forEach((name, row) => drawn.append(
      svg('text', {x: 0, y: row * ROW + 20, class: 'who'}, name.length > 13 ? name.slice(0, 12) + '…' : name)));
    for (const one of this.generations) {
      const until = x(one.ended || last);
      for (const worker of one.workers) {
        const row = names.indexOf(worker);
        if (row >= 0) {
          drawn.append(svg('rect', {class: colour(worker), x: x(one.began), y: row * ROW + 8,
            width: Math.max(2, until - x(one.began) - 1), height: ROW - 6, rx: 3}));
        }
      }
      const mark = svg('line', {class: 'mark', x1: x(one.began), x2: x(one.began), y1: 3,
        y2: names.length * ROW + 8}, svg('title', {}, `${one.number}: ${one.reason}`));
      mark.dataset.cause = one.cause;
      drawn.append(mark);
    }
    drawn.append(svg('text', {x: LEFT, y: height - 4}, when(first)),
      svg('text', {x: width - 8, y: height - 4, 'text-anchor': 'end'}, `+ ${seconds((last - first) / 1000)}`));
    this.drawing.replaceChildren(drawn);
  }

  // Those of the newest generations, in the order in which they came.
  names() {
    const seen = new Set();
    for (const one of [...this.generations].reverse()) {
      one.workers.forEach(name => seen.size < MOST_ROWS && seen.add(name));
    }
    return [...seen].sort((a, b) => a.localeCompare(b, 'en', {numeric: true}));
  }

  spoken(names) {
    return `${counted(this.generations.length, 'generation')} of ${counted(names.length, 'worker')} over time; `
      + 'the list below says the same';
  }
}
