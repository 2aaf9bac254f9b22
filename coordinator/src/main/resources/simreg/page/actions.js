// What the page can do: move jobs, submit one. The token stays in this module's memory, never in a cookie or an address.
import {el, say} from './dom.js';
import {ask} from './dialogs.js';

const MOVES = [
  {verb: 'pause', states: ['queued', 'running'],
    text: 'It stops after its current step, with a checkpoint, and frees its workers.'},
  {verb: 'resume', states: ['paused', 'failed', 'cancelled'],
    text: 'It is queued again, and goes on from its newest checkpoint.'},
  {verb: 'cancel', states: ['queued', 'running', 'paused'], danger: true,
    text: 'It ends after its current step, with a checkpoint; no student is exported.'},
];
const LIVE = ['queued', 'running', 'paused'];

export class Actions {
  constructor(bar, said, changed) {
    this.token = '';
    this.rights = {tokens: false, name: '', submits: false, operates: false};
    this.said = said;
    this.changed = changed;
    this.new = el('button', {type: 'button', id: 'new', onclick: () => this.submit()}, 'Submit a job');
    this.who = el('span', {class: 'soft'});
    this.sign = el('button', {type: 'button', id: 'sign', onclick: () => this.signing()});
    bar.append(this.who, this.new, this.sign);
    this.show();
  }

  // What may be done; asked again whenever the coordinator answers again.

  async look() {
    const answer = await fetch(`${location.origin}/api/rights`, {headers: this.headers()});
    if (answer.status === 401) {
      this.forget();
      throw new Error('This coordinator does not know that token.');
    }
    this.rights = await answer.json();
    this.show();
  }

  show() {
    const {tokens, name, submits} = this.rights;
    this.new.hidden = !submits;
    this.sign.hidden = !tokens;
    say(this.sign, name ? 'Sign out' : 'Sign in to act');
    say(this.who, name);
    this.changed();
  }

  forget() {
    this.token = '';
    this.rights = {...this.rights, name: '', submits: false, operates: false};
    this.show();
  }

  headers() {
    return this.token ? {Authorization: `Bearer ${this.token}`} : {};
  }

  signing() {
    if (this.rights.name) {
      this.forget();
      this.tell('Signed out.');
      return;
    }
    ask({
      title: 'Sign in to act',
      text: 'A token with the role submit queues jobs, one with the role operate moves them too. It is kept until this '
        + 'page is closed or loaded again.',
      // No password field: a browser would offer to keep it.
      fields: [{label: 'Token', input: el('input', {type: 'text', class: 'secret', autocomplete: 'off',
        autocapitalize: 'off', spellcheck: 'false', required: true})}],
      verb: 'Sign in',
      act: async token => {
        this.token = token.trim();
        await this.look();
        if (!this.rights.submits) {
          this.forget();
          throw new Error('This token may look, and nothing else.');
        }
        this.tell(`Signed in as ${this.rights.name}.`);
      },
    });
  }

  async send(path, body, request = crypto.randomUUID()) {
    const headers = {...this.headers(), 'Simreg-Request': request, 'Content-Type': 'text/plain; charset=utf-8'};
    const answer = await fetch(location.origin + path, {method: 'POST', headers, body}).catch(() => {
      throw new Error('The coordinator does not answer; try again.');
    });
    const json = await answer.json().catch(() => ({error: `The coordinator answers ${answer.status}.`}));
    if (!answer.ok) {
      throw new Error(json.error);
    }
    return json;
  }

  submit() {
    // The same for all attempts of this dialog: a job that was queued and not answered is not queued again.
    let request = crypto.randomUUID();
    let last = null;
    ask({
      title: 'Submit a job',
      text: 'As for simreg submit JOB.yaml. Paths are absolute, as coordinator and workers see them, or s3://…; a '
        + 'relative run folder lies below the coordinator’s home.',
      fields: [{label: 'Job in YAML or JSON', input: el('textarea', {rows: 14, cols: 70, spellcheck: 'false',
        autocomplete: 'off', required: true, class: 'code'})}],
      verb: 'Submit',
      act: async text => {
        if (last !== null && last !== text) {
          request = crypto.randomUUID();
        }
        last = text;
        const job = await this.send('/api/jobs', text, request);
        this.tell(`The job ${job.id} is ${job.state}.`);
        location.hash = `#job/${encodeURIComponent(job.id)}`;
      },
    });
  }

  move(job, {verb, text, danger = false}) {
    ask({
      title: `${named(verb)} ${job.id}?`,
      text,
      verb: named(verb),
      danger,
      act: async () => {
        const now = await this.send(`/api/jobs/${encodeURIComponent(job.id)}/${verb}`);
        this.tell(`${now.id} is ${now.state}: ${now.reason}`);
      },
    });
  }

  prioritize(job) {
    ask({
      title: `Priority of ${job.id}`,
      text: 'Jobs of a higher priority are given workers first; ten minutes of waiting count as one.',
      fields: [{label: 'Priority, 0 to 1000',
        input: el('input', {type: 'number', min: 0, max: 1000, step: 1, required: true, value: job.priority})}],
      verb: 'Set',
      act: async number => {
        const now = await this.send(`/api/jobs/${encodeURIComponent(job.id)}/priority`, number);
        this.tell(`${now.id} has the priority ${now.priority}.`);
      },
    });
  }

  tell(sentence) {
    say(this.said, sentence);
  }
}

// The buttons of one job; they stay the same elements, so that the focus does.
export class Buttons {
  constructor(actions) {
    this.actions = actions;
    this.buttons = MOVES.map(move => [move.states,
      el('button', {type: 'button', data: {verb: move.verb}, onclick: () => actions.move(this.job, move)}, named(move.verb))]);
    this.buttons.push([LIVE,
      el('button', {type: 'button', data: {verb: 'priority'}, onclick: () => actions.prioritize(this.job)}, 'Priority')]);
    this.node = el('div', {class: 'acts', role: 'group', 'aria-label': 'Actions on this job', hidden: true},
      ...this.buttons.map(([, button]) => button));
  }

  show(job) {
    this.job = job;
    for (const [states, button] of this.buttons) {
      const hidden = !states.includes(job.state);
      if (hidden && button === document.activeElement) {
        this.node.closest('section').focus({preventScroll: true});
      }
      button.hidden = hidden;
    }
    this.node.hidden = !this.actions.rights.operates || this.buttons.every(([, button]) => button.hidden);
  }
}

function named(verb) {
  return verb[0].toUpperCase() + verb.slice(1);
}
