package org.simreg.worker.torchscript;

/** TorchScript source of the products between a bank of rows and a tile of queries. */
final class ScanCode {
    static final String CLASS = "Scan";

    private static final int INT64 = 4;
    private static final int FLOAT64 = 7;

    private ScanCode() {}

    static String source() {
        Source code = new Source();
        bank(code);
        queries(code);
        seeds(code);
        scan(code);
        return code.toString();
    }

    private static void bank(Source code) {
        code.method("empty(self, center: Tensor, rows: Tensor) -> Tensor")
                .line("rows0 = int(torch.item(rows))")
                .line(
                        "return torch.new_zeros(center, [rows0, torch.size(center, 0)], dtype=%d)",
                        Source.BFLOAT16);
        code.method("fill(self, bank: Tensor, rows: Tensor, center: Tensor, at: Tensor) -> Tensor")
                .line("exact = torch.sub(torch.to(rows, %d), center)", FLOAT64)
                .line("first = int(torch.item(at))")
                .line("into = torch.slice(bank, 0, first, first + torch.size(rows, 0))")
                .line("_0 = torch.copy_(into, exact)")
                .line("lost = torch.sub(exact, torch.to(into, %d))", FLOAT64)
                .line("radius = torch.amax(torch.sum(torch.mul(exact, exact), [1]), [0])")
                .line("loss = torch.amax(torch.sum(torch.mul(lost, lost), [1]), [0])")
                .line("return torch.sqrt(torch.stack([radius, loss]))");
        code.method("rows(self, bank: Tensor, rows: Tensor) -> Tensor")
                .line("return torch.index_select(bank, 0, rows)");
    }

    private static void queries(Source code) {
        code.method("round(self, queries: Tensor) -> Tensor")
                .line("return torch.to(queries, %d)", Source.BFLOAT16);
        code.method("lengths(self, queries: Tensor, rounded: Tensor) -> Tensor")
                .line("near = torch.to(rounded, %d)", FLOAT64)
                .line("lost = torch.sub(torch.to(queries, %d), near)", FLOAT64)
                .line("length = torch.sum(torch.mul(near, near), [1])")
                .line("loss = torch.sum(torch.mul(lost, lost), [1])")
                .line("return torch.sqrt(torch.stack([length, loss]))");
    }

    private static void seeds(Source code) {
        code.method("seeds(self, sample: Tensor, queries: Tensor, k: Tensor) -> Tensor")
                .line("scores = torch.mm(queries, torch.t(sample))")
                .line("_0, rows = torch.topk(scores, int(torch.item(k)), 1)")
                .line("return rows");
    }

    /**
     * A tile's scores are (rows, queries): the queries are the small operand that oneDNN packs, and
     * the maximum over a group of rows runs along contiguous queries. Only groups whose maximum
     * reaches the query's bound leave.
     */
    private static void scan(Source code) {
        code.method(
                        "scan(self, bank: Tensor, queries: Tensor, least: Tensor, span: Tensor)"
                                + " -> List[Tensor]")
                .line("first = int(torch.item(torch.select(span, 0, 0)))")
                .line("end = int(torch.item(torch.select(span, 0, 1)))")
                .line("tile = int(torch.item(torch.select(span, 0, 2)))")
                .line("group = int(torch.item(torch.select(span, 0, 3)))")
                .line("width = torch.size(queries, 0)")
                .line("columns = torch.t(queries)")
                .line("bound = torch.type_as(least, queries)")
                .line("places = [torch.new_zeros(queries, [0], dtype=%d)]", INT64)
                .line("scores = [torch.new_zeros(queries, [0, group])]")
                .line("for at in range(first, end, tile):")
                .line("  past = ops.prim.min(at + tile, end)")
                .line("  product = torch.mm(torch.slice(bank, 0, at, past), columns)")
                .line("  groups = torch.view(product, [-1, group, width])")
                .line("  hits = torch.nonzero(torch.ge(torch.amax(groups, [1]), bound))")
                .line("  if torch.gt(torch.size(hits, 0), 0):")
                .line("    row = torch.select(hits, 1, 0)")
                .line("    query = torch.select(hits, 1, 1)")
                .line("    which = annotate(List[Optional[Tensor]], [row, query])")
                .line("    found = torch.index(torch.transpose(groups, 1, 2), which)")
                .line("    place = torch.add(torch.mul(torch.add(row, at // group), width), query)")
                .line("    _1 = torch.append(places, place)")
                .line("    _2 = torch.append(scores, found)")
                .line(
                        "return [torch.cat(places), torch.to(torch.cat(scores), %d)]",
                        Source.FLOAT32);
    }
}
