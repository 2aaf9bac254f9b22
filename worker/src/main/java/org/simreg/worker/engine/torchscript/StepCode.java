package org.simreg.worker.engine.torchscript;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.simreg.worker.engine.optimizer.OptimizerCode;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torch.FlatLayout.Slot;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torchscript.layer.DepthwiseCode;
import org.simreg.worker.engine.torchscript.layer.LayerCode;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;

/**
 * The training step as TorchScript source, which {@link StepModule} loads and calls: {@code
 * backward} is forward pass, loss (written by {@link LossCode}) and gradient of a micro-batch,
 * {@code update} is a step of the optimizer (written by {@link OptimizerCode}) and of the averages, {@code project} the
 * momentum teacher. The vectors belong to the caller and are bound once by {@code bind}:
 *
 * <pre>
 * weights    (P)  float32, all parameters, see {@link FlatLayout}
 * moments    (P)  float32 each, as many as the optimizer has
 * statistics (S)  float32, running means and variances
 * average    (A)  float32, the momentum teacher's weights, a prefix of the parameters; A may be 0
 * ema        (E)  float32, the average of the backbone's parameters and statistics; E may be 0
 * out        (P + S + 16)  float32, of one micro-batch: gradient, batch means and variances, loss
 * </pre>
 *
 * With bfloat16, convolutions and linear layers read a rounded copy of the flat weights, made by
 * one call a step.
 */
final class StepCode {
    static final String CLASS = "Step";

    private final StudentNetwork trained;
    private final FlatLayout parameters;
    private final FlatLayout statistics;
    private final StepSettings settings;
    private final boolean products;
    private final boolean ema;
    private final ScriptSource source = new ScriptSource();
    private final Optional<ScriptCode> script;
    private final OptimizerCode optimizer;
    private final DepthwiseCode depthwise = new DepthwiseCode(source);

    private StepCode(
            StudentNetwork trained, StepSettings settings, boolean products, boolean ema, Optional<ScriptCode> script) {
        this.trained = trained;
        this.settings = settings;
        this.products = products;
        this.ema = ema;
        this.parameters = trained.parameters();
        this.statistics = trained.statistics();
        this.script = script;
        optimizer = new OptimizerCode(source, parameters, settings.optimizer());
    }

    /**
     * The methods of the class {@link #CLASS}.
     *
     * @param products whether oneDNN multiplies matrices in bfloat16
     * @param ema whether the backbone is averaged
     * @param script writes the calls of a backbone that is a module from outside; empty for our own
     *     layers
     */
    static String of(
            StudentNetwork trained, StepSettings settings, boolean products, boolean ema, Optional<ScriptCode> script) {
        return new StepCode(trained, settings, products, ema, script).write();
    }

    private String write() {
        script.ifPresent(code -> code.methods(source));
        bind();
        backward();
        optimizer.methods();
        update();
        if (settings.optimizer().clips()) {
            source.method("gradient_norm(self, mean: Tensor) -> Tensor");
            source.line("return self.norm(torch.narrow(mean, 0, 0, %d))", parameters.length());
        }
        if (trained.selfTaught()) {
            project();
        }
        return LayerCode.methods(List.of(trained.backbone()), products)
                + (trained.backbone().draws() ? DROP_PATH : "")
                + depthwise.methods()
                + source;
    }

    /** Zero for some images, the others divided by the probability that they stay. */
    private static final String DROP_PATH = """
              def drop_path(self,
                x: Tensor,
                stays: float) -> Tensor:
                drawn = torch.rand([torch.size(x, 0)], dtype=6, layout=None, device=ops.prim.device(x), pin_memory=None)
                factor = torch.div(torch.to(torch.lt(drawn, stays), ops.prim.dtype(x)), stays)
                shape = [torch.size(x, 0)]
                for i in range(torch.sub(torch.dim(x), 1)):
                  shape0 = torch.append(shape, 1)
                return torch.mul(x, torch.reshape(factor, shape))
            """.indent(0);

    /** Makes every tensor a view of a flat vector: the parameters (requires_grad), and the averages. */
    private void bind() {
        source.method(
                "bind(self, weights: Tensor, statistics: Tensor, average: Tensor, ema: Tensor, moments: List[Tensor]) -> Tensor");
        source.line(
                "rounded = torch.to(weights, %d)", settings.bfloat16() ? ScriptSource.BFLOAT16 : ScriptSource.FLOAT32);
        source.line(
                "averaged = torch.to(average, %d)", settings.bfloat16() ? ScriptSource.BFLOAT16 : ScriptSource.FLOAT32);
        source.line("self.state = [weights, statistics, average, rounded, averaged, ema]");
        source.line("self.moments = moments");
        source.line("self.%s = [weights]", OptimizerCode.WEIGHTS);
        source.line("w = annotate(List[Tensor], [])");
        for (Slot slot : parameters.slots()) {
            source.line(
                    "w = torch.append(w, torch.requires_grad_(torch.detach(%s)))", view(slot, storage(slot, false)));
        }
        source.line("self.parameters = w");
        source.line("a = annotate(List[Tensor], [])");
        for (Slot slot : averagedSlots()) {
            source.line("a = torch.append(a, %s)", view(slot, storage(slot, true)));
        }
        source.line("self.averages = a");
        source.line("return weights");
    }

    private List<Slot> averagedSlots() {
        return parameters.slots().stream()
                .filter(slot -> slot.offset() < trained.averaged())
                .toList();
    }

    /** Matrices are rounded; normalisations, positions and scales are not: as autocast does. */
    private String storage(Slot slot, boolean average) {
        Weight.Kind kind = slot.weight().kind();
        boolean whole =
                kind == Weight.Kind.NORM_SCALE || kind == Weight.Kind.NORM_SHIFT || kind == Weight.Kind.PARAMETER;
        boolean rounded = settings.bfloat16() && !whole;
        if (average) {
            return rounded ? "averaged" : "average";
        }
        return rounded ? "rounded" : "weights";
    }

    /** Expression for a tensor as a view of a flat vector. */
    static String view(Slot slot, String vector) {
        String shape = ScriptSource.list(slot.weight().shape());
        return "torch.as_strided("
                + vector
                + ", "
                + shape
                + ", "
                + ScriptSource.list(slot.strides())
                + ", "
                + slot.offset()
                + ")";
    }

    /** Images through backbone and heads to the loss, and from there to the gradient. */
    private void backward() {
        source.method("backward(self, images: Tensor, targets: List[Tensor], out: Tensor) -> Tensor");
        source.line("w = self.parameters");
        String x = PixelCode.append(source, settings.bfloat16());
        Names names = new Names("w", "out");
        String feature = feature(names, x);
        List<String> predictions = new ArrayList<>();
        if (trained.selfTaught()) {
            String projection = head(names, 0, "p", feature);
            predictions.add(head(names, 1, "q", projection));
        } else {
            for (int i = 0; i < trained.heads().size(); i++) {
                predictions.add(head(names, i, "h" + i + "_", feature));
            }
        }
        String loss = new LossCode(source, settings.objective()).append(predictions);
        gradients(loss);
        source.line(
                "return torch.copy_(torch.narrow(out, 0, %d, 1), torch.detach(%s))",
                parameters.length() + statistics.length(), loss);
    }

    /**
     * The student's feature. A module's buffers change in the out vector, from their values at the
     * step's begin.
     */
    private String feature(Names names, String x) {
        if (script.isEmpty()) {
            return layers(names, x);
        }
        source.line(
                "buffers = torch.narrow(out, 0, %d, %d)",
                parameters.length(), script.get().statistics());
        source.line(
                "began = torch.copy_(buffers, torch.narrow(self.state[1], 0, 0, %d))",
                script.get().statistics());
        return script.get().forward(source, x, "w", "buffers");
    }

    /** The momentum teacher's feature; a module's buffers change in a copy. */
    private String averagedFeature(Names names, String x) {
        if (script.isEmpty()) {
            return layers(names, x);
        }
        source.line("buffers = torch.clone(self.state[1])");
        return script.get().forward(source, x, "a", "buffers");
    }

    private String layers(Names names, String x) {
        return new ForwardCode(source, names, "b", settings.bfloat16())
                .append(trained.backbone(), StudentNetwork.BACKBONE, x);
    }

    private String head(Names names, int head, String prefix, String feature) {
        var network = trained.selfTaught()
                ? trained.projection().get(head)
                : trained.heads().get(head);
        return new ForwardCode(source, names, prefix, settings.bfloat16())
                .append(network, trained.headPlace(head), feature);
    }

    /** The gradient by autograd, of some layers by {@link DepthwiseCode}, copied into the out vector. */
    private void gradients(String loss) {
        source.line("views = annotate(List[Tensor], [])");
        for (Slot slot : parameters.slots()) {
            source.line("views = torch.append(views, %s)", view(slot, "out"));
        }
        // A module from outside may hold parameters that its forward doesn't use.
        String unused = script.isPresent() ? ", None, None, False, True" : "";
        source.line("wanted = torch.slice(w, 0, 9223372036854775807, 1)");
        depthwise.replaceWanted();
        source.line("gradients = torch.autograd.grad([%s], wanted%s)", loss, unused);
        depthwise.gradients();
        source.line("for i in range(torch.len(views)):");
        source.line("  gradient = gradients[i]");
        source.line("  if torch.__isnot__(gradient, None):");
        source.line("    copied = torch.copy_(views[i], unchecked_cast(Tensor, gradient))");
        source.line("  else:");
        source.line("    zeroed = torch.zero_(views[i])");
    }

    /** The optimizer's step, then what follows the weights: statistics, rounded copy, averages. */
    private void update() {
        source.method("update(self, mean: Tensor, numbers: Tensor) -> Tensor");
        source.line("state = self.state");
        source.line("weights = state[0]");
        source.line("moments = self.moments");
        source.line("gradient = torch.narrow(mean, 0, 0, %d)", parameters.length());
        source.line("batch = torch.narrow(mean, 0, %d, %d)", parameters.length(), statistics.length());
        source.line("lr = %s", told(0));
        source.line(
                "t = torch.full([], %s, dtype=%d, layout=None, device=ops.prim.device(weights), pin_memory=None)",
                told(3), ScriptSource.FLOAT32);
        optimizer.step();
        runningStatistics();
        source.line("r = torch.copy_(state[3], weights)");
        if (trained.selfTaught()) {
            average("state[2]", "weights", trained.averaged(), told(1));
            source.line("c = torch.copy_(state[4], state[2])");
        }
        if (ema) {
            studentAverage();
        }
        source.line("return %s", settings.optimizer().clips() ? "norm" : "numbers");
    }

    /** One of the step's numbers, {@link TrainableStudent.Rates}. */
    private static String told(int number) {
        return "float(torch.item(torch.select(numbers, 0, " + number + ")))";
    }

    /** Moves an average towards the first values of a vector. */
    private void average(String average, String vector, int length, String decay) {
        source.line("kept = %s", decay);
        source.line(
                "a = torch.add_(torch.mul_(%s, kept), torch.narrow(%s, 0, 0, %d), alpha=torch.sub(1., kept))",
                average, vector, length);
    }

    /** The average of the backbone; a module's counters are as they are. */
    private void studentAverage() {
        FlatLayout layout = trained.backboneLayout();
        int weights = trained.backboneParameters();
        int rest = layout.length() - weights;
        average("torch.narrow(state[5], 0, 0, " + weights + ")", "weights", weights, told(2));
        average("torch.narrow(state[5], 0, " + weights + ", " + rest + ")", "state[1]", rest, told(2));
        for (Slot slot : layout.slots()) {
            if (slot.weight().kind() == Weight.Kind.COUNTER) {
                int length = slot.weight().length();
                source.line(
                        "n = torch.copy_(torch.narrow(state[5], 0, %d, %d), torch.narrow(state[1], 0, %d, %d))",
                        slot.offset(), length, slot.offset() - weights, length);
            }
        }
    }

    /**
     * BatchNorm's running statistics: a module's are averages already, ours take over a part of the
     * batch's.
     */
    private void runningStatistics() {
        if (script.isPresent()) {
            String own = ", 0, 0, " + script.get().statistics() + ")";
            source.line("buffers = torch.copy_(torch.narrow(state[1]%s, torch.narrow(batch%s)", own, own);
        }
        for (StudentNetwork.Running part : trained.running()) {
            String range = ", 0, " + part.offset() + ", " + part.length() + ")";
            source.line(
                    "s = torch.add_(torch.mul_(torch.narrow(state[1]%s, %s), torch.narrow(batch%s, alpha=%s)",
                    range, number(1 - part.momentum()), range, number(part.momentum()));
        }
    }

    /** The momentum teacher's projection; its BatchNorm sees the batch, as the student's does. */
    private void project() {
        source.method("project(self, images: Tensor) -> Tensor");
        source.line("a = self.averages");
        String x = PixelCode.append(source, settings.bfloat16());
        Names names = new Names("a", null);
        String feature = averagedFeature(names, x);
        String projection = head(names, 0, "p", feature);
        source.line("return torch.detach(torch.to(%s, %d))", projection, ScriptSource.FLOAT32);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.17g", value);
    }

    /** Weights by their place in a list, batch statistics by their place in the out vector. */
    private final class Names implements ForwardCode.Names {
        private final String list;
        private final String out;
        private final List<String> order =
                parameters.weights().stream().map(Weight::name).collect(Collectors.toList());

        Names(String list, String out) {
            this.list = list;
            this.out = out;
        }

        @Override
        public String trained(String name) {
            return list + "[" + order.indexOf(name) + "]";
        }

        @Override
        public String normalisation(String layer) {
            if (out == null) {
                return "None, None, True, 0.";
            }
            // With a momentum of 1 the "running" statistics are the batch's own, variance unbiased.
            return batch(layer + ".running_mean") + ", " + batch(layer + ".running_var") + ", True, 1.";
        }

        @Override
        public Optional<String> convolution(Op.Convolution c, String name, String x) {
            boolean rounded = out != null && settings.bfloat16() && products;
            if (!rounded || !DepthwiseCode.takes(c)) {
                return Optional.empty();
            }
            OptionalInt bias = c.bias() ? OptionalInt.of(order.indexOf(name + ".bias")) : OptionalInt.empty();
            return Optional.of(depthwise.convolution(c, order.indexOf(name + ".weight"), bias, x));
        }

        @Override
        public String dropped(Op.DropPath path, String x) {
            boolean drawn = out != null && path.probability() > 0;
            return drawn ? "self.drop_path(" + x + ", " + number(1 - path.probability()) + ")" : x;
        }

        private String batch(String name) {
            Slot slot = statistics.slot(name);
            int start = parameters.length() + slot.offset();
            return "torch.narrow(" + out + ", 0, " + start + ", "
                    + slot.weight().length() + ")";
        }
    }
}
