package org.simreg.coordinator.node;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.OptionalDouble;
import org.simreg.coordinator.node.ToyJob.Point;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.engine.torchscript.TrainableStudent;

/**
 * A student whose arithmetic is a few thousand float additions: an optimizer with two moments, and an average of the
 * weights, on a gradient that depends on weights, step and leaf, and whose sum depends on the order of the additions.
 */
final class ToyStudent implements TrainableStudent {
    /** Values of its weights. */
    static final int LENGTH = ToyJob.TRAINED.parameters().length();

    private final long seed;
    private final ToyJob.Script script;
    private final float[] weights;
    private final float[] momentum;
    private final float[] squares;
    private final float[] average;
    private long step;

    /**
     * @param state copied
     */
    ToyStudent(long seed, StudentState state, ToyJob.Script script) {
        script.at(Point.LOAD, 0);
        this.seed = seed;
        this.script = script;
        weights = state.weights().clone();
        momentum = state.moments().get(0).clone();
        squares = state.moments().get(1).clone();
        average = state.ema().clone();
    }

    static StudentState start(long seed) {
        float[] weights = new float[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            weights[i] = noise(seed, i, 0, 0);
        }
        return new StudentState(weights, List.of(), new float[0], new float[0], new float[0]);
    }

    @Override
    public NDArray newOut(NDManager scope) {
        return scope.zeros(new Shape(LENGTH + 1));
    }

    /**
     * @param images step and leaf
     */
    @Override
    public void backward(NDArray images, NDArray[] targets, NDArray out, long draws) {
        step = images.toLongArray()[0];
        long leaf = images.toLongArray()[1];
        float[] gradient = new float[LENGTH + 1];
        for (int i = 0; i < LENGTH; i++) {
            gradient[i] = 0.03f * weights[i] + noise(seed, i, leaf + 1, step + 1);
        }
        gradient[LENGTH] = 1 + noise(3, 0, leaf, step);
        out.set(FloatBuffer.wrap(gradient));
    }

    @Override
    public float loss(NDArray out) {
        return out.getFloat(LENGTH);
    }

    @Override
    public OptionalDouble update(NDArray mean, Rates rates) {
        script.at(Point.COMMIT, step);
        float[] gradient = mean.toFloatArray();
        for (int i = 0; i < LENGTH; i++) {
            momentum[i] = 0.9f * momentum[i] + gradient[i];
            squares[i] = 0.99f * squares[i] + 0.01f * gradient[i] * gradient[i];
            weights[i] -= (float) rates.rate() * momentum[i] / (float) (Math.sqrt(squares[i]) + 1);
        }
        for (int i = 0; i < average.length; i++) {
            average[i] += 0.1f * (weights[i] - average[i]);
        }
        script.at(Point.COMMITTED, step + 1);
        return OptionalDouble.empty();
    }

    @Override
    public NDArray project(NDManager scope, NDArray images) {
        throw new UnsupportedOperationException("a toy has no momentum teacher");
    }

    @Override
    public StudentState state() {
        script.at(Point.SNAPSHOT, step);
        return new StudentState(
                weights.clone(),
                List.of(momentum.clone(), squares.clone()),
                new float[0],
                new float[0],
                average.clone());
    }

    /** In [-1, 1), all 24 bits of it. */
    private static float noise(long seed, long a, long b, long c) {
        long x = seed * 0x9e3779b97f4a7c15L + a * 0xbf58476d1ce4e5b9L + b * 0x94d049bb133111ebL;
        x += c * 0xd6e8feb86659fd93L;
        x = (x ^ x >>> 30) * 0xbf58476d1ce4e5b9L;
        x = (x ^ x >>> 27) * 0x94d049bb133111ebL;
        return ((x ^ x >>> 31) >> 40) * 0x1p-23f;
    }

    @Override
    public void close() {}
}
