package org.simreg.worker.engine.torchscript;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Sha256;
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
    /** Norm of a mean that is on its way, which {@link #update} gives. */
    private Optional<NormAhead> normAhead = Optional.empty();

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

    /** A norm on its way to the host. */
    private record NormAhead(NDManager scope, Transfers.Reading reading) implements AutoCloseable {
        double await() {
            return reading.bytes().getDouble(0);
        }

        @Override
        public void close() {
            reading.close();
            scope.close();
        }
    }

    /** The norm is copied before the loss: who has awaited that needn't wait for it. */
    @Override
    public DoubleSupplier lossAhead(NDArray out) {
        dropNorm();
        if (clips && torch.transfers().copies()) {
            NDManager scope = torch.scope();
            NDArray norm = module.call(scope, "gradient_norm", out).get(0);
            normAhead = Optional.of(new NormAhead(scope, torch.transfers().read(norm, 0, 1)));
        }
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
            if (!clips) {
                return OptionalDouble.empty();
            }
            return OptionalDouble.of(normAhead.map(NormAhead::await).orElseGet(norm::getDouble));
        } finally {
            dropNorm();
        }
    }

    private void dropNorm() {
        normAhead.ifPresent(NormAhead::close);
        normAhead = Optional.empty();
    }

    @Override
    public NDArray project(NDManager scope, NDArray images) {
        return module.call(scope, "project", images).get(0);
    }

    @Override
    public StudentState state() {
        List<float[]> values = read().stream().map(StepModule::values).toList();
        int next = 1 + moments.length;
        return new StudentState(
                values.get(0), values.subList(1, next), values.get(next), values.get(next + 1), values.get(next + 2));
    }

    /** A GPU's host has little-endian values, as the digest wants them. */
    @Override
    public Supplier<String> digestAhead() {
        if (!torch.transfers().copies()) {
            return TrainableStudent.super.digestAhead();
        }
        List<Transfers.Reading> begun = read();
        return () -> {
            Sha256 sha = new Sha256();
            for (Transfers.Reading vector : begun) {
                try (vector) {
                    sha.bytes(vector.bytes());
                }
            }
            return sha.hex();
        };
    }

    /** Begins to read all vectors, in the order of {@link StudentState#vectors}. */
    private List<Transfers.Reading> read() {
        return Stream.of(Stream.of(weights), Stream.of(moments), Stream.of(statistics, average, ema))
                .flatMap(vectors -> vectors)
                .map(vector -> torch.transfers().read(vector, 0, Math.toIntExact(vector.size())))
                .toList();
    }

    private NDArray vector(float[] values) {
        return values.length == 0 ? state.create(new Shape(0), DataType.FLOAT32) : state.create(values);
    }

    private static float[] values(Transfers.Reading vector) {
        try (vector) {
            FloatBuffer from = vector.await();
            float[] values = new float[from.remaining()];
            from.get(values);
            return values;
        }
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
        dropNorm();
        module.close();
        state.close();
    }
}
