// The charts of a page that is a file: what its JSON holds, drawn as on the live page.
import {Chart} from './chart.js';
import {Parts} from './parts.js';
import {accuracyLines} from './scores.js';
import {accuracy, loss} from './text.js';

const VALUES = {loss, percent: accuracy};
const TONES = 6;

// Of many lines those after the sixth are dashed.
function drawn(line, i, dots) {
  const dash = Math.floor(i / TONES) % 2 ? ' dash' : '';
  return {...line, dots, style: `c${i % TONES + 1}${dash}`};
}

const CARDS = {
  lines({title, unit, names, value, zero, lines}) {
    const chart = new Chart(title, unit, VALUES[value], zero, names);
    chart.show(lines.map((line, i) => drawn(line, i, names.length > 0)));
    return chart;
  },
  accuracy({title, scores}) {
    const chart = new Chart(title, 'epoch', accuracy, true);
    chart.show(accuracyLines(scores));
    return chart;
  },
  time({pace}) {
    const bar = new Parts('all ');
    bar.show(pace);
    return bar;
  },
};

const cards = JSON.parse(document.getElementById('data').textContent);
document.getElementById('charts').append(...cards.map(card => CARDS[card.kind](card).node));
