package org.simreg.worker.engine.torchscript;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.simreg.proto.Loss;
import org.simreg.worker.engine.torch.ScriptSource;

/**
 * The loss as TorchScript source, in float32: of each prediction (N, D) against its teacher's
 * target (N, D) the mean over rows of {@code 2 - 2 cos}, from 0 to 4, or of the squared distance;
 * of several teachers the weighted mean.
 *
 * @see <a href="https://arxiv.org/abs/2201.05131">Navaneet et al. 2021, section 3</a>
 */
final class LossCode {
    private final ScriptSource source;
    private final StepSettings.Objective objective;

    LossCode(ScriptSource source, StepSettings.Objective objective) {
        this.source = source;
        this.objective = objective;
    }

    /**
     * Appends the loss of all teachers against the list {@code targets} of the method.
     *
     * @param predictions the variable of the prediction (N, D) for each teacher
     * @return the variable that holds the scalar
     */
    String append(List<String> predictions) {
        List<String> losses = new ArrayList<>();
        for (int i = 0; i < predictions.size(); i++) {
            boolean squared = objective.loss() == Loss.SQUARED;
            losses.add(squared ? squared(predictions.get(i), i) : cosine(predictions.get(i), i));
        }
        source.line("loss = %s", objective.even() ? mean(losses) : weighted(losses));
        return "loss";
    }

    /** Mean over the rows of 2 - 2 cos. */
    private String cosine(String prediction, int target) {
        single(prediction, target);
        source.line("u%d = %s", target, unit("l" + target));
        source.line("v%d = %s", target, unit("t" + target));
        source.line("c%d = torch.sum(torch.mul(u%d, v%d), [1])", target, target, target);
        source.line("loss%d = torch.mean(torch.sub(2., torch.mul(c%d, 2.)))", target, target);
        return "loss" + target;
    }

    /** Mean over the rows of the squared distance, which is summed over the features. */
    private String squared(String prediction, int target) {
        single(prediction, target);
        source.line("d%d = torch.sub(l%d, t%d)", target, target, target);
        source.line("c%d = torch.sum(torch.mul(d%d, d%d), [1])", target, target, target);
        source.line("loss%d = torch.mean(c%d)", target, target);
        return "loss" + target;
    }

    /** Prediction and target in float32. */
    private void single(String prediction, int target) {
        source.line("l%d = torch.to(%s, %d)", target, prediction, ScriptSource.FLOAT32);
        source.line("t%d = torch.to(targets[%d], %d)", target, target, ScriptSource.FLOAT32);
    }

    /** Rows scaled to unit length. */
    private static String unit(String rows) {
        return "torch.div("
                + rows
                + ", torch.clamp_min(torch.norm("
                + rows
                + ", 2, [1], True), 9.9999999999999998e-13))";
    }

    private static String mean(List<String> losses) {
        return "torch.div(" + sum(losses) + ", " + losses.size() + ")";
    }

    private String weighted(List<String> losses) {
        List<Double> weights = objective.weights();
        if (weights.size() != losses.size()) {
            throw new IllegalArgumentException(losses.size() + " teachers have " + weights.size() + " weights");
        }
        List<String> terms = new ArrayList<>();
        for (int i = 0; i < losses.size(); i++) {
            terms.add("torch.mul(" + losses.get(i) + ", " + number(weights.get(i)) + ")");
        }
        double all = weights.stream().mapToDouble(Double::doubleValue).sum();
        return "torch.div(" + sum(terms) + ", " + number(all) + ")";
    }

    private static String sum(List<String> terms) {
        return terms.stream()
                .reduce((left, right) -> "torch.add(" + left + ", " + right + ")")
                .orElseThrow();
    }

    /** A number as TorchScript source: 2. is a float, 2 an integer. */
    private static String number(double value) {
        return String.format(Locale.ROOT, "%.17e", value);
    }
}
