// Questions before something is done: native dialogs, which keep the focus and close on Escape.
import {el, say} from './dom.js';

let made = 0;

// Asks; `act` is given the fields and may throw a sentence, which is shown while the dialog stays open.
export function ask({title, text, fields = [], verb, danger = false, act}) {
  const id = `dialog-${made += 1}`;
  const failure = el('p', {class: 'failure', role: 'alert', hidden: true});
  const sure = el('button', {type: 'submit', class: danger ? 'sure danger' : 'sure'}, verb);
  const back = el('button', {type: 'button', onclick: () => dialog.close()}, 'Back');
  const form = el('form', {},
    el('h2', {id}, title),
    el('p', {id: `${id}-text`}, text),
    ...fields.map(field => el('label', {}, el('span', {}, field.label), field.input)),
    failure,
    el('div', {class: 'answers'}, back, sure));
  const dialog = el('dialog', {'aria-labelledby': id, 'aria-describedby': `${id}-text`}, form);
  form.addEventListener('submit', async event => {
    event.preventDefault();
    failure.hidden = true;
    sure.disabled = true;
    try {
      await act(...fields.map(field => field.input.value));
      dialog.close();
    } catch (e) {
      say(failure, e.message);
      failure.hidden = false;
      sure.disabled = false;
      (fields.length ? fields[0].input : sure).focus();
    }
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  (fields.length ? fields[0].input : back).focus();
}
