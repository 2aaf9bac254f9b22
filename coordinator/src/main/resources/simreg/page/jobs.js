// The list of jobs.
import {el, keyed, say} from './dom.js';
import {count, loss, percent} from './text.js';

export function showJobs(list, jobs, selected) {
  keyed(list, jobs, job => job.id, make, (node, job) => update(node, job, job.id === selected));
}

function make(job) {
  return el('li', {},
    el('a', {href: '#job/' + encodeURIComponent(job.id)},
      el('span', {class: 'name'}, job.id),
      el('span', {class: 'pill'}),
      el('span', {class: 'soft what'}),
      el('progress', {max: 1, 'aria-label': 'steps done'})));
}

function update(node, job, chosen) {
  const link = node.firstElementChild;
  const [, pill, what, bar] = link.children;
  if (chosen) {
    link.setAttribute('aria-current', 'true');
  } else {
    link.removeAttribute('aria-current');
  }
  pill.dataset.state = job.state;
  say(pill, job.state);
  say(what, line(job));
  bar.value = done(job);
  bar.dataset.state = job.state;
}

export function done(job) {
  return job.totalSteps > 0 ? job.step / job.totalSteps : job.state === 'succeeded' ? 1 : 0;
}

function line(job) {
  if (job.step === 0) {
    return job.reason;
  }
  return `${percent(done(job), 0)} · step ${count(job.step)} · loss ${loss(job.loss)}`;
}
