// Who attends, and who computes which micro-batches.
import {el, keyed, say} from './dom.js';
import {counted, when} from './text.js';

const COLOURS = 8;
const MOST_CELLS = 64;

// A worker keeps its colour as long as the page is open.
const colours = new Map();

export function colour(name) {
  if (!colours.has(name)) {
    colours.set(name, colours.size % COLOURS);
  }
  return `w${colours.get(name)}`;
}

export class Share {
  constructor() {
    this.note = el('p', {class: 'legend'});
    this.strip = el('div', {class: 'strip', role: 'list', 'aria-label': 'micro-batches by worker'});
    this.node = el('figure', {class: 'card wide'},
      el('figcaption', {}, el('h3', {}, 'Who computes what'), this.note), this.strip);
  }

  show(job, workers) {
    const parts = workers.filter(one => one.job === job.id && one.count > 0)
      .sort((a, b) => a.first - b.first);
    this.node.hidden = parts.length === 0;
    const helped = job.helpers.map(one => `${one.worker} ${Math.round(100 * one.share)} %`).join(', ');
    say(this.note, `${counted(job.microBatches, 'micro-batch', 'micro-batches')} of `
      + `${counted(Math.round(job.batch / job.microBatches), 'image')} each, in generation ${job.generation}`
      + (helped ? ` · teachers' features ahead by ${helped}` : ''));
    keyed(this.strip, parts, part => part.name, part =>
      el('div', {role: 'listitem'}, el('span', {class: 'cells'}), el('b', {}, part.name), el('small')),
    (node, part) => {
      node.className = `part ${colour(part.name)}`;
      node.style.flexGrow = part.count;
      const last = part.first + part.count - 1;
      say(node.lastElementChild, part.count === 1 ? `${part.first}` : `${part.first} – ${last}`);
      const cells = Math.min(part.count, MOST_CELLS);
      if (node.firstElementChild.childElementCount !== cells) {
        node.firstElementChild.replaceChildren(...Array.from({length: cells}, () => el('i')));
      }
    });
  }
}

export class Workers {
  constructor(section) {
    this.section = section;
    this.note = el('p', {class: 'soft'});
    this.rows = el('tbody');
    section.append(
      el('h2', {id: 'workers-title'}, 'Workers'), this.note,
      el('div', {class: 'scroll card', tabindex: 0, role: 'region', 'aria-label': 'workers'},
        el('table', {class: 'workers'},
          el('thead', {}, el('tr', {}, ...['worker', 'state', 'job', 'micro-batches', 'device', 'since']
            .map(head => el('th', {scope: 'col'}, head)))),
          this.rows)));
  }

  show(overview) {
    const {workers, jobs, wanted} = overview;
    const scaled = wanted === undefined ? '' : ` · ${wanted} wanted`;
    say(this.note, workers.length ? counted(workers.length, 'worker') + scaled : 'No worker attends' + scaled);
    this.section.hidden = workers.length === 0 && jobs.length === 0;
    const table = this.rows.closest('.scroll');
    table.hidden = workers.length === 0;
    keyed(this.rows, workers, one => one.name, make, (node, one) => {
      const [name, state, job, share, device, since] = node.children;
      name.firstElementChild.className = `dot ${colour(one.name)}`;
      state.firstElementChild.dataset.state = one.state;
      say(state.firstElementChild, one.state);
      say(state.lastElementChild, one.reason);
      say(job, one.job || '–');
      const last = one.first + one.count - 1;
      say(share, one.helpsOnly ? 'only helps' : one.count === 0 ? '–' : one.count === 1 ? `${one.first}` : `${one.first} – ${last}`);
      say(device, one.device);
      device.title = one.profile;
      say(since, when(one.since));
    });
  }
}

function make(one) {
  return el('tr', {}, el('th', {scope: 'row'}, el('i'), one.name),
    el('td', {}, el('span', {class: 'pill'}), el('small', {class: 'soft'})),
    el('td'), el('td'), el('td'), el('td'));
}
