// k-NN accuracy as the lines of a chart: the student and its average over epochs, the student from its random start on;
// teachers, which were measured once, as dashed lines across.
const COLOURS = 6;
const STUDENT = 'student';
const TRAINED = [STUDENT, 'student average'];
const START = 'student at random';

// scores: [{subject, epoch, k, accuracy, best}]; best: none before had more. The last of them is marked.
export function accuracyLines(scores) {
  const last = Math.max(1, ...scores.map(score => score.epoch));
  const lines = new Map();
  const best = scores.filter(score => score.best).at(-1);
  for (const score of scores) {
    const subject = score.subject === START ? STUDENT : score.subject;
    const name = `${subject}, k = ${score.k}`;
    const line = lines.get(name) || {name, subject, points: [], dots: true};
    line.points.push([score.epoch, score.accuracy]);
    if (best && score.subject === best.subject && score.epoch === best.epoch) {
      line.best = score.epoch;
    }
    lines.set(name, line);
  }
  const place = ({subject}) => (TRAINED.includes(subject) ? TRAINED.indexOf(subject) : TRAINED.length);
  const all = [...lines.values()].sort((a, b) => place(a) - place(b));
  all.forEach((line, i) => {
    line.style = `c${i % COLOURS + 1}`;
    line.points.sort((a, b) => a[0] - b[0]);
    if (!TRAINED.includes(line.subject) && line.points.length === 1) {
      line.style += ' dash';
      line.dots = false;
      line.points = [[0, line.points[0][1]], [last, line.points[0][1]]];
    }
  });
  return all;
}
