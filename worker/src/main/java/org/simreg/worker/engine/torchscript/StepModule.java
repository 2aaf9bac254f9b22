package org.simreg.worker.engine.torchscript;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.optimizer.OptimizerCode;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.LibtorchFailure;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.network.Op;

/**
 * A student in training as a TorchScript module: its state on the device, and the calls of a step. The arithmetic is
 * in {@link StepCode}, the loss in {@link LossCode}.
 */
public final class StepModule implements TrainableStudent {
    private final Torch torch;
    private final TorchModule module;
    private final NDManager state;
    private final NDArray weights;
    private final NDArray[] moments;
    private final NDArray statistics;
    private final NDArray average;
    private final NDArray ema;
    private final boolean clips;
    private final int lossAt;
    private final boolean draws;

    /** The module of somebody else's that is trained, if it is none of ours. */
    private final Optional<Op.Script> script;

    /**
     * @param start the state to begin with; copied to the device
     */
    public StepModule(Torch torch, StudentNetwork trained, StepSettings settings, StudentState start) {
        this.torch = torch;
        torch.enter();
        state = torch.scope();
        weights = state.create(start.weights());
        moments = start.moments().stream().map(state::create).toArray(NDArray[]::new);
        statistics = state.create(start.statistics());
        average = vector(start.average());
        ema = vector(start.ema());
        clips = settings.optimizer().clips();
        lossAt = start.weights().length + start.statistics().length;
        List<String> lists = List.of("state", "parameters", "averages", "moments", OptimizerCode.WEIGHTS);
        script = trained.backbone().script();
        Optional<ScriptCode> code = ScriptCode.of(trained.backbone());
        draws = trained.backbone().draws();
        String methods = StepCode.of(trained, settings, PackedLinear.works(torch), start.ema().length > 0, code);
        module = TorchModule.load(
                        torch,
                        code.map(own -> own.archive(StepCode.CLASS, lists, methods))
                                .orElseGet(() -> CodeArchive.of(StepCode.CLASS, lists, methods)))
                .training();
        try (NDManager scope = torch.scope()) {
            withGradients(() -> module.call(scope, "bind", weights, statistics, average, ema, moments));
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
        try (Transfers.Reading reading = torch.transfers().read(out, lossAt, 1)) {
            return reading.await().get(0);
        }
    }

    @Override
    public DoubleSupplier lossAhead(NDArray out) {
        Transfers.Reading begun = torch.transfers().read(out, lossAt, 1);
        return () -> {
            try (begun) {
                return begun.await().get(0);
            }
        };
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
        } catch (EngineException e) {
            throw explained(e, images.getShape());
        }
    }

    /** The failure of a module of somebody else's, which names its file; any other as it is. */
    private RuntimeException explained(EngineException e, Shape images) {
        return script.isEmpty() || LibtorchFailure.explained(e) != e
                ? e
                : new UserError(
                        "Can't train the TorchScript module %s: it failed on images %s: %s"
                                .formatted(
                                        script.get().file(),
                                        new Shape(images.get(0), 3, images.get(1), images.get(2)),
                                        LibtorchFailure.reason(e)),
                        e);
    }

    /** {@link #backward(NDArray, NDArray[], NDArray, long)} of a student that draws nothing. */
    public void backward(NDArray images, NDArray[] targets, NDArray out) {
        backward(images, targets, out, 0);
    }

    @Override
    public OptionalDouble update(NDArray mean, Rates rates) {
        double[] numbers = {rates.rate(), rates.teacherDecay(), rates.emaDecay(), rates.step() + 1};
        try (NDManager scope = torch.scope()) {
            NDArray told = Torch.onHost(scope, numbers);
            NDArray norm = module.call(scope, "update", mean, told).get(0);
            return clips ? OptionalDouble.of(norm.getDouble()) : OptionalDouble.empty();
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
                Stream.of(moments).map(NDArray::toFloatArray).toList(),
                statistics.toFloatArray(),
                values(average),
                values(ema));
    }

    private NDArray vector(float[] values) {
        return values.length == 0 ? state.create(new Shape(0), DataType.FLOAT32) : state.create(values);
    }

    private static float[] values(NDArray vector) {
        return vector.size() == 0 ? new float[0] : vector.toFloatArray();
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
