package org.simreg.worker.torchscript;

import java.util.Locale;

/**
 * Linear probes of R learning rates as TorchScript, all in one matrix product. The state is bound
 * once:
 *
 * <pre>
 * 0 mean     (D)       1 scale (D)
 * 2 weights  (R C, D)  3 bias  (R C)
 * 4, 5 momentum of both
 * 6 losses   (R)       sums of cross entropies since they were last set to zero
 * </pre>
 *
 * The gradient is written out, softmax minus one at the class: no graph is recorded.
 */
final class ProbeCode {
    static final String CLASS = "Probe";

    private final Source source = new Source();
    private final int rates;
    private final int classes;
    private final int width;

    private ProbeCode(int rates, int classes, int width) {
        this.rates = rates;
        this.classes = classes;
        this.width = width;
    }

    static String of(ProbeModule.Sgd sgd, int classes, int width) {
        ProbeCode code = new ProbeCode(sgd.rates(), classes, width);
        code.source.method("bind(self, values: List[Tensor]) -> Tensor");
        code.source.line("self.state = values");
        code.source.line("return values[0]");
        code.step(sgd);
        code.take();
        code.below();
        return code.source.toString();
    }

    private void logits() {
        source.line("s = self.state");
        source.line("x = torch.mul(torch.sub(rows, s[0]), s[1])");
        source.line(
                "logits = torch.view(torch.addmm(s[3], x, torch.t(s[2])), [-1, %d, %d])",
                rates, classes);
        source.line("index = torch.expand(torch.view(labels, [-1, 1, 1]), [-1, %d, 1])", rates);
    }

    private void step(ProbeModule.Sgd sgd) {
        source.method("step(self, rows: Tensor, labels: Tensor, rates: Tensor) -> Tensor");
        logits();
        source.line("likely = torch.log_softmax(logits, 2, None)");
        source.line("own = torch.gather(likely, 2, index)");
        source.line("l = torch.sub_(s[6], torch.sum(torch.squeeze(own, 2), [0]))");
        source.line(
                "g = torch.scatter_add(torch.exp(likely), 2, index, torch.neg(torch.ones_like(own)))");
        source.line(
                "flat = torch.div(torch.reshape(g, [-1, %d]), torch.size(rows, 0))",
                rates * classes);
        source.line("gw = torch.mm(torch.t(flat), x)");
        source.line("gb = torch.sum(flat, [0])");
        move(2, 4, "gw", sgd, (long) classes * width);
        move(3, 5, "gb", sgd, classes);
        source.line("return rates");
    }

    /** SGD in PyTorch's order, each probe with its own rate. */
    private void move(
            int weights, int momentum, String gradient, ProbeModule.Sgd sgd, long values) {
        source.line(
                "d%d = torch.add_(%s, s[%d], alpha=%s)",
                weights, gradient, weights, number(sgd.weightDecay()));
        source.line(
                "m%d = torch.add_(torch.mul_(s[%d], %s), %s)",
                weights, momentum, number(sgd.momentum()), gradient);
        source.line(
                "w%d = torch.addcmul_(torch.view(s[%d], [%d, %d]), torch.view(s[%d], [%d, %d]), torch.view(rates, [%d, 1]), value=-1)",
                weights, weights, rates, values, momentum, rates, values, rates);
    }

    private void take() {
        source.method("take(self, zeros: Tensor) -> Tensor");
        source.line("s = self.state");
        source.line("sums = torch.add(s[6], zeros)");
        source.line("z = torch.copy_(s[6], zeros)");
        source.line("return sums");
    }

    /** (N, R) how many classes are less likely than the own one: of NaNs none is. */
    private void below() {
        source.method("below(self, rows: Tensor, labels: Tensor) -> Tensor");
        logits();
        source.line("own = torch.gather(logits, 2, index)");
        source.line("return torch.sum(torch.lt(logits, own), [2])");
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.17g", value);
    }
}
