package org.simreg.worker.engine.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;

/**
 * A student in training as a TorchScript module: its state on the device, and the calls of a step. The arithmetic is
 * in {@link StepCode}, the loss in {@link LossCode}.
 */
public final class StepModule implements TrainableStudent {
    private final Torch torch;
    private final TorchModule module;
    private final NDManager state;
    private final NDArray weights;
    private final NDArray momentum;
    private final NDArray statistics;
    private final NDArray average;
    private final int lossAt;
    private final boolean draws;

    /**
     * @param start the state to begin with; copied to the device
     */
    public StepModule(Torch torch, StudentNetwork trained, StepSettings settings, StudentState start) {
        this.torch = torch;
        torch.enter();
        state = torch.scope();
        weights = state.create(start.weights());
        momentum = state.create(start.momentum());
        statistics = state.create(start.statistics());
        average = start.average().length == 0
                ? state.create(new Shape(0), DataType.FLOAT32)
                : state.create(start.average());
        lossAt = start.weights().length + start.statistics().length;
        List<String> lists = List.of("state", "leaves", "averages");
        Optional<ScriptCode> script = ScriptCode.of(trained.backbone());
        draws = trained.backbone().draws();
        String methods = StepCode.of(trained, settings, script);
        module = TorchModule.load(
                        torch,
                        script.map(code -> code.archive(StepCode.CLASS, lists, methods))
                                .orElseGet(() -> CodeArchive.of(StepCode.CLASS, lists, methods)))
                .training();
        try (NDManager scope = torch.scope()) {
            withGradients(() -> module.call(scope, "bind", weights, momentum, statistics, average));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    @Override
    public NDArray newOut(NDManager scope) {
        return scope.zeros(new Shape(lossAt + 16));
    }

    @Override
    public float loss(NDArray out) {
        return out.getFloat(lossAt);
    }

    /** A student of our own layers draws nothing but its drop path; without one its seed is unused. */
    @Override
    public void backward(NDArray images, NDArray[] targets, NDArray out, long seed) {
        try (NDManager scope = torch.scope()) {
            Runnable call = () -> withGradients(() -> module.call(scope, "backward", images, targets, out));
            if (draws) {
                Torch.drawing(seed, call);
            } else {
                call.run();
            }
        }
    }

    /** {@link #backward(NDArray, NDArray[], NDArray, long)} of a student that draws nothing. */
    public void backward(NDArray images, NDArray[] targets, NDArray out) {
        backward(images, targets, out, 0);
    }

    @Override
    public void update(NDArray mean, double rate, double decay) {
        try (NDManager scope = torch.scope()) {
            module.call(scope, "update", mean, number(scope, rate), number(scope, decay));
        }
    }

    @Override
    public NDArray project(NDManager scope, NDArray images) {
        return module.call(scope, "project", images).get(0);
    }

    @Override
    public StudentState state() {
        return new StudentState(
                weights.toFloatArray(),
                momentum.toFloatArray(),
                statistics.toFloatArray(),
                average.size() == 0 ? new float[0] : average.toFloatArray());
    }

    private static NDArray number(NDManager scope, double value) {
        return scope.create(new double[] {value}, new Shape(1)).toDevice(ai.djl.Device.cpu(), false);
    }

    private static void withGradients(Runnable call) {
        JniUtils.setGradMode(true);
        try {
            call.run();
        } finally {
            JniUtils.setGradMode(false);
        }
    }

    @Override
    public void close() {
        module.close();
        state.close();
    }
}
