// The page: follows jobs and workers, and the story of the job that is chosen.
import {Actions, Buttons} from './actions.js';
import {el, say} from './dom.js';
import {Detail} from './detail.js';
import {showJobs} from './jobs.js';
import {Search} from './search.js';
import {follow} from './stream.js';
import {counted} from './text.js';
import {Workers} from './workers.js';

const at = id => document.getElementById(id);
let overview = null;
let older = [];
let shown = null;
let leave = () => {};
const actions = new Actions(at('bar'), at('said'), () => show());
const detail = new Detail(at('detail'), new Buttons(actions));
const workers = new Workers(at('workers'));
const search = new Search(at('search'));

// The newest, and the older ones that were asked for.
function listed() {
  return [...overview.jobs, ...older];
}

function chosen() {
  const asked = location.hash.startsWith('#job/') ? decodeURIComponent(location.hash.slice(5)) : null;
  const jobs = listed();
  return jobs.find(job => job.id === asked)
    || jobs.find(job => job.id === shown)
    || jobs.find(job => job.state === 'running') || jobs[0] || null;
}

function show() {
  if (overview === null) {
    return;
  }
  const job = chosen();
  showJobs(at('jobs'), listed(), job && job.id);
  empty(overview);
  workers.show(overview);
  search.show(overview.search);
  at('detail').hidden = job === null;
  if (job !== null) {
    tell(job.id);
    detail.show(job, overview.workers);
  }
  summary(overview, job);
}

function tell(id) {
  if (id === shown) {
    return;
  }
  leave();
  shown = id;
  detail.forget();
  leave = follow(`/api/jobs/${encodeURIComponent(id)}`, {
    whole: story => detail.whole(story),
    news: news => detail.news(news),
    trouble: failure => detail.trouble(failure.trouble),
  });
}

// What new jobs push out of the newest stays listed once older ones are.
function take(now) {
  if (older.length > 0) {
    const newest = new Set(now.jobs.map(job => job.id));
    older = listed().filter(job => !newest.has(job.id));
  }
  overview = now;
}

async function showOlder() {
  const last = listed().at(-1);
  const answer = await fetch(`${location.origin}/api/jobs?after=${encodeURIComponent(last.id)}`);
  if (answer.ok) {
    const known = new Set(listed().map(job => job.id));
    older = older.concat((await answer.json()).jobs.filter(job => !known.has(job.id)));
    show();
  }
}

function summary({counts, workers: all}, job) {
  const parts = ['running', 'queued', 'paused'].filter(state => counts[state])
    .map(state => `${counts[state]} ${state}`);
  parts.push(counted(all.length, 'worker'));
  say(at('summary'), parts.join(' · '));
  const total = Object.values(counts).reduce((a, b) => a + b, 0);
  const more = total - listed().length;
  at('more').hidden = more <= 0;
  say(at('more').firstElementChild, `and ${counted(more, 'older job')}`);
  document.title = job ? `${job.id} ${job.state} – SimReg` : 'SimReg';
}

function empty({jobs, workers: all, port}) {
  const card = at('empty');
  document.body.classList.toggle('no-jobs', jobs.length === 0);
  card.hidden = jobs.length > 0;
  if (card.hidden || card.dataset.workers === String(all.length)) {
    return;
  }
  card.dataset.workers = all.length;
  const coordinator = `--coordinator ${location.hostname}:${port}`;
  const submit = `simreg submit --data DIR --teacher FILE ${coordinator}`;
  const work = `simreg worker ${coordinator}`;
  card.replaceChildren(
    el('h1', {}, 'No job yet'),
    el('p', {}, 'Distil a teacher into a student with your pictures; from a terminal:'),
    el('pre', {tabindex: 0}, submit),
    el('p', {}, 'DIR has train/CLASS/… and val/CLASS/…, or is one folder of pictures. FILE is a checkpoint; '
      + 'without one say --teacher self.'),
    ...(all.length ? [el('p', {}, `${counted(all.length, 'worker')} will begin at once.`)] : [
      el('p', {}, 'No worker attends yet. On every machine that is to compute:'),
      el('pre', {tabindex: 0}, work)]));
}

function link(state) {
  const node = at('link');
  node.dataset.state = state;
  if (state === 'live') {
    actions.look().catch(() => {});
  }
  say(node, state === 'live' ? 'live' : 'the coordinator does not answer; trying again');
}

addEventListener('hashchange', () => {
  show();
  if (location.hash.startsWith('#job/')) {
    at('detail').focus({preventScroll: matchMedia('(min-width: 900px)').matches});
  }
});
follow('/api/overview', {
  overview: now => {
    take(now);
    show();
  },
}, link);
at('older').addEventListener('click', showOlder);
