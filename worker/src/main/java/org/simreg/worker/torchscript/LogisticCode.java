package org.simreg.worker.torchscript;

/**
 * Multinomial logistic regression as TorchScript: loss and gradient of all rows in one call, in
 * float64, because the line search of L-BFGS compares losses that differ in their last digits. The
 * rows lie in float32 chunks, standardised once.
 */
final class LogisticCode {
    static final String CLASS = "Logistic";

    private static final int FLOAT64 = 7;

    private final Source source = new Source();
    private final int classes;
    private final int width;

    private LogisticCode(int classes, int width) {
        this.classes = classes;
        this.width = width;
    }

    static String of(int classes, int width) {
        LogisticCode code = new LogisticCode(classes, width);
        code.add();
        code.objective();
        code.score();
        return code.source.toString();
    }

    private void add() {
        source.method(
                "add(self, rows: Tensor, labels: Tensor, mean: Tensor, scale: Tensor) -> Tensor");
        source.line("chunks = self.rows");
        source.line("self.rows = torch.append(chunks, torch.mul(torch.sub(rows, mean), scale))");
        source.line("all = self.labels");
        source.line("self.labels = torch.append(all, labels)");
        source.line("return labels");
    }

    private void parts() {
        source.line(
                "w = torch.view(torch.narrow(weights, 0, 0, %d), [%d, %d])",
                classes * width, classes, width);
        source.line("b = torch.narrow(weights, 0, %d, %d)", classes * width, classes);
    }

    private void logits() {
        source.line("for i in range(torch.len(self.rows)):");
        source.line("  x = torch.to(self.rows[i], %d)", FLOAT64);
        source.line("  index = torch.view(self.labels[i], [-1, 1])");
        source.line("  logits = torch.addmm(b, x, torch.t(w))");
    }

    /**
     * Mean cross entropy and half the penalty times the squared weights, without the bias; behind
     * it the gradient in the order of the weights.
     */
    private void objective() {
        source.method("objective(self, weights: Tensor, penalty: Tensor, part: Tensor) -> Tensor");
        parts();
        source.line("loss = torch.mul(torch.mul(torch.sum(torch.mul(w, w)), penalty), 0.5)");
        source.line("gw = torch.mul(w, penalty)");
        source.line("gb = torch.zeros_like(b)");
        logits();
        source.line("  likely = torch.log_softmax(logits, 1, None)");
        source.line("  own = torch.gather(likely, 1, index)");
        source.line("  loss = torch.sub(loss, torch.mul(torch.sum(own), part))");
        source.line(
                "  g = torch.mul(torch.scatter_add(torch.exp(likely), 1, index, torch.neg(torch.ones_like(own))), part)");
        source.line("  gw = torch.addmm(gw, torch.t(g), x)");
        source.line("  gb = torch.add(gb, torch.sum(g, [0]))");
        source.line("return torch.cat([torch.view(loss, [1]), torch.view(gw, [-1]), gb])");
    }

    /**
     * Sum of cross entropies, and how many rows have their class first and among the first five.
     */
    private void score() {
        source.method("score(self, weights: Tensor) -> Tensor");
        parts();
        source.line("loss = torch.sum(torch.zeros_like(b))");
        source.line("first = torch.sum(torch.zeros_like(b))");
        source.line("five = torch.sum(torch.zeros_like(b))");
        logits();
        source.line(
                "  loss = torch.sub(loss, torch.sum(torch.gather(torch.log_softmax(logits, 1, None), 1, index)))");
        source.line("  below = torch.sum(torch.lt(logits, torch.gather(logits, 1, index)), [1])");
        source.line("  first = torch.add(first, torch.sum(torch.ge(below, %d)))", classes - 1);
        source.line("  five = torch.add(five, torch.sum(torch.ge(below, %d)))", classes - 5);
        source.line("return torch.stack([loss, first, five])");
    }
}
