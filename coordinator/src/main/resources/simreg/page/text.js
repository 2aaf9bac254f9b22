// Numbers and times for people.
const whole = new Intl.NumberFormat('en-GB');

export const count = n => whole.format(n);

export const counted = (n, one, many = one + 's') => `${count(n)} ${n === 1 ? one : many}`;

export const percent = (part, digits = 1) => `${(100 * part).toFixed(digits)} %`;

// A tick has as many digits as its distance to the next one needs.
function digits(step) {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}

// A loss or a learning rate: of any size, that a label of an axis has room for.
export function loss(value, step) {
  if (value === null || value === undefined) {
    return '–';
  }
  if (!step) {
    return value.toPrecision(4);
  }
  return value !== 0 && (step < 1e-5 || step >= 1e5) ? value.toExponential(1) : value.toFixed(digits(Math.max(step, 1e-5)));
}

export function accuracy(value, step) {
  return percent(value, step ? digits(100 * step) : 1);
}

export function seconds(s) {
  if (s < 1) {
    return `${Math.round(1000 * s)} ms`;
  }
  if (s < 90) {
    return `${s.toFixed(s < 10 ? 1 : 0)} s`;
  }
  if (s < 5400) {
    return s < 600 ? `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s` : `${Math.round(s / 60)} min`;
  }
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

export function clock(ms) {
  return new Date(ms).toLocaleTimeString('en-GB');
}

export function when(ms) {
  const day = new Date(ms);
  const today = day.toDateString() === new Date().toDateString();
  return today ? clock(ms) : `${day.toLocaleDateString('en-GB')} ${clock(ms)}`;
}

// The last two parts tell a path best.
export function short(path) {
  const parts = path.split('/').filter(part => part);
  return parts.length > 2 ? `…/${parts.slice(-2).join('/')}` : path;
}
