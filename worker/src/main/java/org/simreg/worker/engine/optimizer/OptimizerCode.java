package org.simreg.worker.engine.optimizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.simreg.proto.Optimization.Optimizer;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torch.FlatLayout.Slot;
import org.simreg.worker.engine.torch.ScriptSource;

/**
 * A step of an optimizer as TorchScript source, over flat vectors (P) of {@link FlatLayout}: {@code weights}, {@code
 * gradient} and the list {@code moments} are variables of the method, {@code lr} and {@code t} (the step, from 1) its
 * scalars. The gradient is overwritten.
 *
 * <ul>
 *   <li>SGD and AdamW are PyTorch's; LARS is timm's, which scales also without weight decay.
 *   <li>The gradient is clipped before anything else, as {@code clip_grad_norm_} does before a step.
 *   <li>Norms are sums in a fixed order: over rows of {@value #ROW} values in float32, over the rows in float64.
 * </ul>
 *
 * @see <a href="https://arxiv.org/abs/1711.05101">Loshchilov and Hutter 2019 (AdamW)</a>
 * @see <a href="https://arxiv.org/abs/1708.03888">You et al. 2017 (LARS)</a>
 */
public final class OptimizerCode {
    /** Attribute of the module that a step needs: a list with the vector of the weights alone. */
    public static final String WEIGHTS = "weights";

    private static final int ROW = 4096;

    private final ScriptSource source;
    private final FlatLayout parameters;
    private final OptimizerSettings settings;

    public OptimizerCode(ScriptSource source, FlatLayout parameters, OptimizerSettings settings) {
        this.source = source;
        this.parameters = parameters;
        this.settings = settings;
    }

    /** Appends the methods that {@link #step} calls. */
    public void methods() {
        if (!settings.clips() && settings.kind() != Optimizer.LARS) {
            return;
        }
        source.method("norm(self, x: Tensor) -> Tensor");
        source.line("n = torch.size(x, 0)");
        source.line("whole = torch.mul(torch.floordiv(n, %d), %d)", ROW, ROW);
        source.line("rows = torch.view(torch.narrow(x, 0, 0, whole), [-1, %d])", ROW);
        source.line("rest = torch.view(torch.narrow(x, 0, whole, torch.sub(n, whole)), [1, -1])");
        source.line(
                "parts = torch.cat([torch.linalg_vector_norm(rows, 2, [1]), %s])",
                "torch.linalg_vector_norm(rest, 2, [1])");
        source.line("d = torch.to(parts, %d)", ScriptSource.FLOAT64);
        source.line("return torch.sqrt(torch.sum(torch.mul(d, d)))");
    }

    /** Appends the step; where the gradient is clipped, the variable {@code norm} then holds its norm before. */
    public void step() {
        if (settings.clips()) {
            source.line("norm = self.norm(gradient)");
            source.line(
                    "scale = torch.div(torch.full_like(norm, %s), torch.add(norm, 1e-06))",
                    number(settings.clipNorm()));
            source.line("clipped = torch.mul_(gradient, torch.clamp_max(scale, 1.))");
        }
        switch (settings.kind()) {
            case SGD -> {
                penalty();
                momentum();
            }
            case LARS -> {
                scaling();
                momentum();
            }
            case ADAMW -> adamw();
            case UNRECOGNIZED -> throw new IllegalArgumentException("no optimizer " + settings.kind());
        }
    }

    /** The L2 penalty joins the gradient. */
    private void penalty() {
        for (Range range : decayed()) {
            source.line(
                    "g = torch.add_(%s, %s, alpha=%s)",
                    range.of("gradient"),
                    range.of("weights"),
                    number(settings.decay().factor()));
        }
    }

    /** The gradient joins the momentum, which moves the weights. */
    private void momentum() {
        source.line("momentum = moments[0]");
        source.line("m = torch.add_(torch.mul_(momentum, %s), gradient)", number(settings.momentum()));
        source.line("w = torch.add_(weights, momentum, alpha=torch.neg(lr))");
    }

    /** LARS: the gradient with its penalty is scaled by what the weights' norm is to both norms, tensor by tensor. */
    private void scaling() {
        source.line("gs = %s", scaled("gradient"));
        source.line("ws = %s", scaled("weights"));
        source.line("for i in range(torch.len(gs)):");
        source.line("  gn = self.norm(gs[i])");
        source.line("  wn = self.norm(ws[i])");
        source.line(
                "  both = torch.add(torch.add(gn, torch.mul(wn, %s)), 1e-08)",
                number(settings.decay().factor()));
        source.line(
                "  ratio = torch.div(torch.mul(wn, %s), both)",
                number(settings.adaptive().trust()));
        source.line("  moves = torch.logical_and(torch.gt(wn, 0), torch.gt(gn, 0))");
        source.line(
                "  p = torch.add_(gs[i], ws[i], alpha=%s)",
                number(settings.decay().factor()));
        source.line("  s = torch.mul_(gs[i], torch.where(moves, ratio, 1.))");
    }

    /**
     * AdamW: the weights decay by themselves; libtorch does the rest in one pass. The first list is an attribute of
     * the module, because TorchScript takes a call that writes to tensors of fresh lists only for dead code.
     */
    private void adamw() {
        for (Range range : decayed()) {
            source.line(
                    "d = torch.mul_(%s, torch.sub(1., torch.mul(lr, %s)))",
                    range.of("weights"), number(settings.decay().factor()));
        }
        source.line("none = annotate(List[Tensor], [])");
        source.line(
                "torch._fused_adamw_(self." + WEIGHTS + ", [gradient], [moments[0]], [moments[1]], none, [t], %s)",
                "lr=lr, beta1=%s, beta2=%s, weight_decay=0., eps=%s, amsgrad=False, maximize=False"
                        .formatted(
                                number(settings.momentum()),
                                number(settings.adaptive().beta2()),
                                number(settings.adaptive().epsilon())));
    }

    /** The parameters that decay, as the list of their places in a vector. */
    private String scaled(String vector) {
        return ranges(false).stream().map(range -> range.of(vector)).collect(Collectors.joining(", ", "[", "]"));
    }

    private List<Range> decayed() {
        return ranges(true);
    }

    /** The places of the parameters that decay, gaps included; joined: neighbours are one. */
    private List<Range> ranges(boolean joined) {
        List<Range> ranges = new ArrayList<>();
        List<Slot> slots = List.copyOf(parameters.slots());
        for (int i = 0; i < slots.size(); i++) {
            if (settings.decays(slots.get(i).weight())) {
                Range range = new Range(slots.get(i).offset(), parameters.prefix(i + 1));
                Range last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
                if (joined && last != null && last.to == range.from) {
                    ranges.set(ranges.size() - 1, new Range(last.from, range.to));
                } else {
                    ranges.add(range);
                }
            }
        }
        return ranges;
    }

    /** Values of a flat vector, from (inclusive) to (exclusive). */
    private record Range(int from, int to) {
        String of(String vector) {
            return "torch.narrow(" + vector + ", 0, " + from + ", " + (to - from) + ")";
        }
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.17e", value);
    }
}
