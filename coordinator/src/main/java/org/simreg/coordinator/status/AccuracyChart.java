package org.simreg.coordinator.status;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.simreg.proto.EvaluationDone;

/**
 * k-NN accuracy over epochs: the student from its random start on, its teachers as dashed lines.
 */
final class AccuracyChart {
    private static final int COLOURS = 4;

    private AccuracyChart() {}

    static Chart of(History history) {
        List<Chart.Line> lines = new ArrayList<>();
        double end = Math.max(1, history.loss().end());
        int colour = 0;
        for (int k : history.ks()) {
            String style = "c" + (colour++ % COLOURS + 1);
            lines.add(new Chart.Line("student " + k + "-NN", style + " dots", student(history, k)));
            for (EvaluationDone done : history.outcome()) {
                if (Subjects.order(done.getSubject()) > Subjects.order(Subjects.STUDENT)) {
                    String name = done.getSubject() + " " + k + "-NN";
                    lines.add(new Chart.Line(name, style + " dash", level(done, k, end)));
                }
            }
        }
        return new Chart("Accuracy (%)", lines, true, value -> Numbers.percent(value / 100));
    }

    private static Series student(History history, int k) {
        Series points = new Series();
        history.evaluations().stream()
                .filter(
                        done ->
                                Subjects.order(done.getSubject())
                                        <= Subjects.order(Subjects.STUDENT))
                .sorted(Comparator.comparingInt(EvaluationDone::getEpoch))
                .forEach(
                        done ->
                                History.accuracy(done, k)
                                        .ifPresent(
                                                part -> points.add(done.getEpoch(), 100 * part)));
        return points;
    }

    private static Series level(EvaluationDone done, int k, double end) {
        Series points = new Series();
        History.accuracy(done, k)
                .ifPresent(
                        part -> {
                            points.add(0, 100 * part);
                            points.add(end, 100 * part);
                        });
        return points;
    }
}
