// One job: how far it is, its curves, its generations.
import {el, keyed, say} from './dom.js';
import {Chart} from './chart.js';
import {Parts} from './parts.js';
import {Timeline} from './timeline.js';
import {Share} from './workers.js';
import {done} from './jobs.js';
import {accuracyLines} from './scores.js';
import {accuracy, count, loss, seconds, short, when} from './text.js';

const MOST_POINTS = 1200;

export class Detail {
  constructor(section, buttons) {
    this.buttons = buttons;
    this.title = el('h1');
    this.pill = el('span', {class: 'pill'});
    this.reason = el('p', {class: 'soft reason'});
    this.bar = el('progress', {max: 1, 'aria-label': 'steps done'});
    this.facts = el('dl', {class: 'facts card'});
    this.loss = new Chart('Loss', 'step', loss, false);
    this.accuracy = new Chart('k-NN accuracy', 'epoch', accuracy, true);
    this.parts = new Parts();
    this.share = new Share();
    this.timeline = new Timeline();
    this.notices = el('ul', {class: 'notices card'});
    this.wait = el('p', {class: 'soft'}, 'Reading the job’s events …');
    this.told = el('div', {class: 'cards', hidden: true}, this.loss.node, this.accuracy.node,
      this.share.node, this.parts.node, this.timeline.node);
    section.append(el('div', {class: 'title'}, this.title, this.pill, buttons.node), this.reason, this.bar,
      this.facts, this.wait, this.told, this.notices);
    this.section = section;
    this.forget();
  }

  // Another job is to be shown.
  forget() {
    this.points = [];
    this.story = null;
    this.told.hidden = true;
    this.wait.hidden = false;
    say(this.wait, 'Reading the job’s events …');
    this.notices.hidden = true;
  }

  trouble(text) {
    say(this.wait, text);
  }

  whole(story) {
    this.points = story.loss;
    this.take(story);
  }

  news(news) {
    if (this.story === null) {
      return;
    }
    for (const point of news.points) {
      while (this.points.length && this.points.at(-1)[0] >= point[0]) {
        this.points.pop();
      }
      this.points.push(point);
    }
    if (this.points.length > MOST_POINTS) {
      this.points = halved(this.points);
    }
    this.take({...this.story, ...news});
  }

  take(story) {
    this.story = story;
    this.told.hidden = false;
    this.wait.hidden = true;
    this.loss.show([{name: 'loss', style: 'c1', points: this.points}]);
    this.accuracy.show(accuracyLines(story.accuracy));
    this.parts.show(story.pace);
    this.timeline.show(story);
    this.notices.hidden = story.notices.length === 0;
    keyed(this.notices, story.notices, text => text, text => el('li', {}, text), () => {});
    this.factsOf();
  }

  show(job, workers) {
    this.job = job;
    say(this.title, job.id);
    this.pill.dataset.state = job.state;
    say(this.pill, job.state);
    this.buttons.show(job);
    say(this.reason, job.reason);
    this.bar.value = done(job);
    this.bar.dataset.state = job.state;
    this.share.show(job, workers);
    this.factsOf();
  }

  factsOf() {
    const {job, story} = this;
    if (!job) {
      return;
    }
    const pace = story && story.pace.steps ? story.pace : null;
    const running = job.state === 'running';
    const left = pace && running ? (job.totalSteps - job.step) * pace.seconds / pace.steps : 0;
    const facts = {
      step: job.totalSteps ? `${count(job.step)} of ${count(job.totalSteps)}` : '–',
      epoch: job.epochs ? `${job.epoch} of ${job.epochs}` : '–',
      loss: loss(job.step ? job.loss : null),
      'learning rate': loss(pace ? pace.lr : null),
      ...(pace && pace.norm !== undefined && {gradient: loss(pace.norm)}),
      speed: pace ? `${pace.rate.toFixed(pace.rate < 10 ? 1 : 0)} images/s` : '–',
      'time left': left > 0 ? `about ${seconds(left)}` : '–',
      ...(job.priority > 0 && {priority: `${job.priority}`}),
      generation: job.generation ? `${job.generation}` : '–',
      checkpoint: job.checkpoint === null ? '–' : `step ${count(job.checkpoint)}`,
      ...(job.best && {best: `${accuracy(job.best.accuracy)} ${job.best.k}-NN, epoch ${job.best.epoch}`}),
      student: `${job.student}, ${job.precision}`,
      teacher: job.teachers.map(short).join(', '),
      pictures: short(job.data),
      submitted: when(job.submitted),
      'run folder': short(job.folder),
    };
    keyed(this.facts, Object.entries(facts), ([name]) => name,
      ([name]) => el('div', {}, el('dt', {}, name), el('dd')),
      (node, [, value]) => say(node.lastElementChild, value));
  }
}

function halved(points) {
  const half = [];
  for (let i = 0; i + 1 < points.length; i += 2) {
    half.push([points[i + 1][0], (points[i][1] + points[i + 1][1]) / 2]);
  }
  return points.length % 2 ? [...half, points.at(-1)] : half;
}
