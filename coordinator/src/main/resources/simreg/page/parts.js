// Where the time of steps went, as one stacked bar.
import {el, keyed, say} from './dom.js';
import {percent, seconds} from './text.js';

const PARTS = {
  data: 'waiting for views',
  teacher: 'teacher forward',
  student: 'student forward and backward',
  reduce: 'waiting for gradients of others',
  update: 'weights updated',
  other: 'everything else',
};

export class Parts {
  // which: the steps that it is the mean of, "the last " or "all "
  constructor(which = 'the last ') {
    this.which = which;
    this.note = el('p', {class: 'legend'});
    this.bar = el('div', {class: 'stack', 'aria-hidden': true});
    this.rows = el('tbody');
    this.node = el('figure', {class: 'card low'},
      el('figcaption', {}, el('h3', {}, 'Time of a step'), this.note), this.bar,
      el('table', {class: 'parts'}, this.rows));
  }

  show(pace) {
    const all = Math.max(Object.values(pace.parts).reduce((a, b) => a + b, 0), 1e-9);
    const steps = Math.max(1, pace.steps);
    say(this.note, pace.steps > 0 ? `mean of ${this.which}${pace.steps}: ${seconds(pace.seconds / steps)}` : '');
    const pieces = Object.entries(pace.parts).map(([name, s]) => ({name, s, share: s / all}));
    keyed(this.bar, pieces, piece => piece.name, piece => el('i', {class: tone(piece.name)}),
      (node, piece) => {
        node.style.width = `${100 * piece.share}%`;
        node.title = `${piece.name}: ${percent(piece.share)}`;
      });
    keyed(this.rows, pieces, piece => piece.name, row, (node, piece) => {
      say(node.children[1], percent(piece.share));
      say(node.children[2], seconds(piece.s / steps));
    });
  }
}

function row(piece) {
  return el('tr', {},
    el('th', {scope: 'row'}, el('i', {class: tone(piece.name)}), piece.name,
      el('small', {class: 'soft'}, PARTS[kind(piece.name)])),
    el('td'), el('td'));
}

// Of several teachers each is a part: "teacher 1", "teacher 2".
function kind(name) {
  return name.split(' ')[0];
}

// Teachers side by side differ.
function tone(name) {
  return `p-${kind(name)}${/[02468]$/.test(name) ? ' even' : ''}`;
}
