// Pictures that are like another one, where the coordinator has a bank of them.
import {el, say} from './dom.js';
import {counted} from './text.js';

export class Search {
  constructor(section) {
    this.section = section;
    this.bank = el('select', {id: 'bank', onchange: () => this.choose()});
    this.file = el('input', {id: 'picture', type: 'file', accept: 'image/jpeg,image/png,image/webp',
      onchange: () => this.byPicture()});
    this.sample = el('input', {id: 'sample', type: 'search', placeholder: 'id or file', maxlength: 1000});
    this.told = el('p', {class: 'soft', role: 'status'});
    this.grid = el('ol', {class: 'found'});
    this.upload = el('label', {for: 'picture'}, 'like a picture of yours', this.file);
    const form = el('form', {class: 'card ask', onsubmit: event => {
      event.preventDefault();
      this.bySample(this.sample.value.trim());
    }},
    el('label', {for: 'bank'}, 'bank', this.bank), this.upload,
    el('label', {for: 'sample'}, 'like one of the bank', this.sample),
    el('button', {type: 'submit'}, 'Search'));
    section.append(el('h2', {id: 'search-title'}, 'Search'), form, this.told, this.grid);
  }

  // Asks for the banks when there are some that weren't there before.
  async show(there) {
    if (there === !this.section.hidden) {
      return;
    }
    this.section.hidden = !there;
    if (there) {
      this.banks = await (await fetch('/api/banks')).json();
      this.bank.replaceChildren(...this.banks.map(bank =>
        el('option', {value: bank.name}, `${bank.name} (${counted(bank.pictures, 'picture')})`)));
      this.choose();
    }
  }

  choose() {
    const bank = this.banks.find(one => one.name === this.bank.value);
    this.upload.hidden = !bank || !bank.byPicture;
  }

  url(rest) {
    return `/api/banks/${encodeURIComponent(this.bank.value)}/${rest}`;
  }

  byPicture() {
    const [file] = this.file.files;
    if (file) {
      this.ask(this.url('search'), {method: 'POST', body: file});
    }
  }

  bySample(sample) {
    if (sample) {
      this.sample.value = sample;
      this.ask(this.url(`search?sample=${encodeURIComponent(sample)}`), {});
    }
  }

  async ask(url, options) {
    say(this.told, 'Searching …');
    const begun = performance.now();
    try {
      const answer = await fetch(url, options);
      const found = await answer.json();
      if (!answer.ok) {
        throw new Error(found.error);
      }
      this.grid.replaceChildren(...found.map(one => this.one(one)));
      say(this.told, `${counted(found.length, 'picture')} in ${Math.round(performance.now() - begun)} ms`);
    } catch (failure) {
      this.grid.replaceChildren();
      say(this.told, failure.message);
    }
  }

  one(found) {
    const url = this.url(`picture?sample=${encodeURIComponent(found.sample)}`);
    return el('li', {}, el('button', {type: 'button', title: 'search for pictures like this one',
      onclick: () => this.bySample(found.sample)},
    el('img', {src: url, alt: found.label || found.sample, loading: 'lazy'}),
    el('b', {}, found.label || found.sample), el('small', {}, found.cosine.toFixed(4))));
  }
}
