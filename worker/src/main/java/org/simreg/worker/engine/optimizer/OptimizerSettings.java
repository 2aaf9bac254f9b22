package org.simreg.worker.engine.optimizer;

import java.util.List;
import org.simreg.proto.Optimization;
import org.simreg.proto.Optimization.Optimizer;
import org.simreg.worker.network.Weight;

/**
 * The constants of an optimizer, compiled into the training step.
 *
 * @param kind which one
 * @param momentum of SGD and LARS, beta1 of AdamW; from 0 to less than 1
 * @param adaptive what AdamW and LARS have besides
 * @param decay weight decay
 * @param clipNorm longest gradient, above 0; 0: any
 */
public record OptimizerSettings(
        Optimizer kind,
        double momentum,
        OptimizerSettings.Adaptive adaptive,
        OptimizerSettings.Decay decay,
        double clipNorm) {
    /** Ahead of the first moment's tensors in a checkpoint, of SGD and LARS. */
    private static final String MOMENTUM = "momentum";

    /** The same of AdamW's two, as PyTorch calls them. */
    private static final List<String> AVERAGES = List.of("exp_avg", "exp_avg_sq");

    /**
     * The constants of optimizers that adapt the length of a step.
     *
     * @param beta2 of AdamW, from 0 to less than 1
     * @param epsilon of AdamW, above 0
     * @param trust LARS's trust coefficient, above 0
     */
    public record Adaptive(double beta2, double epsilon, double trust) {}

    /**
     * Weight decay: an L2 penalty in SGD and LARS, decoupled in AdamW.
     *
     * @param factor at least 0
     * @param all whether parameters of one dimension, which normalise or shift, decay too
     */
    public record Decay(double factor, boolean all) {}

    /** Of a completed job. */
    public static OptimizerSettings of(Optimization job) {
        return new OptimizerSettings(
                job.getOptimizer(),
                job.getMomentum(),
                new Adaptive(job.getBeta2(), job.getEpsilon(), job.getTrustCoefficient()),
                new Decay(job.getWeightDecay(), job.getDecayNormBias()),
                job.getClipNorm());
    }

    /** SGD with weight decay on every parameter, which clips nothing. */
    public static OptimizerSettings sgd(double momentum, double weightDecay) {
        return new OptimizerSettings(Optimizer.SGD, momentum, new Adaptive(0, 0, 0), new Decay(weightDecay, true), 0);
    }

    /**
     * Names of the vectors, each as long as the parameters and zero at the start, that an optimizer keeps from step to
     * step; in a checkpoint they stand before the names of the parameters.
     */
    public static List<String> moments(Optimizer kind) {
        return kind == Optimizer.ADAMW ? AVERAGES : List.of(MOMENTUM);
    }

    /** {@link #moments(Optimizer)} of this one. */
    public List<String> moments() {
        return moments(kind);
    }

    /** Whether the gradient's norm is bounded. */
    public boolean clips() {
        return clipNorm > 0;
    }

    /** Whether a parameter decays, and is scaled by LARS. */
    boolean decays(Weight parameter) {
        return decay.all || parameter.shape().length > 1;
    }
}
