package org.simreg.worker.features.search;

import org.simreg.worker.engine.torch.ScriptSource;

/** TorchScript source of the products between a tile of rows and queries. */
final class ScanCode {
    static final String CLASS = "Scan";

    static final String DEVICE_CLASS = "DeviceScan";

    private static final int FLOAT64 = 7;
    private static final int FLOAT16 = 5;
    private static final int INT64 = 4;
    private static final int INT8 = 1;
    private static final int UINT8 = 0;

    /** The unsigned number that a digit of zero is. */
    private static final int ZERO = 128;

    private static final int MOST = 127;

    /** Least number of float16 that no processor takes for zero. */
    private static final double LEAST_NORMAL = 0x1p-14;

    /** Below all scores of rows, whose length is about 1. */
    private static final double NO_SCORE = -60_000;

    /** Rows that share one maximum on a device. */
    static final int DEVICE_GROUP = 32;

    private ScanCode() {}

    static String source() {
        ScriptSource code = new ScriptSource();
        tiles(code);
        queries(code);
        seeds(code);
        scan(code);
        bytes(code);
        scanBytes(code);
        packed(code);
        scanPacked(code);
        return code.toString();
    }

    /** What a GPU computes of a search: rows and queries in float16, and the rows with the greatest scores. */
    static String deviceSource() {
        ScriptSource code = new ScriptSource();
        halves(code);
        best(code);
        return code.toString();
    }

    private static void tiles(ScriptSource code) {
        code.method("tile(self, shape: Tensor) -> Tensor")
                .line("rows = int(torch.item(torch.select(shape, 0, 0)))")
                .line("dimension = int(torch.item(torch.select(shape, 0, 1)))")
                .line("return torch.new_zeros(shape, [rows, dimension], dtype=%d)", ScriptSource.BFLOAT16);
        code.method("fill(self, tile: Tensor, rows: Tensor, center: Tensor, at: Tensor) -> Tensor")
                .line("exact = torch.sub(torch.to(rows, %d), center)", FLOAT64)
                .line("first = int(torch.item(at))")
                .line("into = torch.slice(tile, 0, first, first + torch.size(rows, 0))")
                .line("_0 = torch.copy_(into, exact)")
                .line("lost = torch.sub(exact, torch.to(into, %d))", FLOAT64)
                .line("radius = torch.amax(torch.sum(torch.mul(exact, exact), [1]), [0])")
                .line("loss = torch.amax(torch.sum(torch.mul(lost, lost), [1]), [0])")
                .line("return torch.sqrt(torch.stack([radius, loss]))");
        code.method("keep(self, tile: Tensor) -> Tensor").line("return tile");
    }

    private static void queries(ScriptSource code) {
        code.method("round(self, queries: Tensor) -> Tensor")
                .line("return torch.to(queries, %d)", ScriptSource.BFLOAT16);
        code.method("lengths(self, queries: Tensor, rounded: Tensor) -> Tensor")
                .line("near = torch.to(rounded, %d)", FLOAT64)
                .line("lost = torch.sub(torch.to(queries, %d), near)", FLOAT64)
                .line("length = torch.sum(torch.mul(near, near), [1])")
                .line("loss = torch.sum(torch.mul(lost, lost), [1])")
                .line("return torch.sqrt(torch.stack([length, loss]))");
    }

    private static void seeds(ScriptSource code) {
        code.method("seeds(self, tile: Tensor, queries: Tensor, k: Tensor) -> Tensor")
                .line("scores = torch.mm(queries, torch.t(tile))")
                .line("_0, rows = torch.topk(scores, int(torch.item(k)), 1)")
                .line("return rows");
    }

    /**
     * A piece's scores are (rows, queries): the queries are the small operand that oneDNN packs,
     * and the maximum over a group of rows runs along contiguous queries. Only groups whose
     * maximum reaches the query's bound leave.
     */
    private static void scan(ScriptSource code) {
        code.method("scan(self, tile: Tensor, queries: Tensor, least: Tensor, sizes: Tensor) -> List[Tensor]")
                .line("piece = int(torch.item(torch.select(sizes, 0, 0)))")
                .line("group = int(torch.item(torch.select(sizes, 0, 1)))")
                .line("width = torch.size(queries, 0)")
                .line("columns = torch.t(queries)")
                .line("bound = torch.type_as(least, queries)")
                .line("places = [torch.new_zeros(queries, [0], dtype=%d)]", INT64)
                .line("scores = [torch.new_zeros(queries, [0, group])]")
                .line("end = torch.size(tile, 0)")
                .line("for at in range(0, end, piece):")
                .line("  past = ops.prim.min(at + piece, end)")
                .line("  product = torch.mm(torch.slice(tile, 0, at, past), columns)")
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
                .line("return [torch.cat(places), torch.to(torch.cat(scores), %d)]", ScriptSource.FLOAT32);
    }

    /** A scale is rounded up, so that no level is cut off by much; what is lost is measured all the same. */
    private static void bytes(ScriptSource code) {
        code.method("bytes(self, shape: Tensor) -> List[Tensor]")
                .line("rows = int(torch.item(torch.select(shape, 0, 0)))")
                .line("dimension = int(torch.item(torch.select(shape, 0, 1)))")
                .line("levels = torch.new_zeros(shape, [rows, dimension], dtype=%d)", INT8)
                .line("return [levels, torch.new_zeros(shape, [rows], dtype=%d)]", ScriptSource.BFLOAT16);
        code.method("fill_bytes(self, levels: Tensor, scales: Tensor, rows: Tensor, center: Tensor, at: Tensor)"
                        + " -> Tensor")
                .line("exact = torch.sub(torch.to(rows, %d), center)", FLOAT64)
                .line("first = int(torch.item(at))")
                .line("past = first + torch.size(rows, 0)")
                .line("most = torch.mul(torch.amax(torch.abs(exact), [1]), %s)", (1 + 0x1p-7) / MOST)
                .line("_0 = torch.copy_(torch.slice(scales, 0, first, past), torch.clamp_min(most, 1e-30))")
                .line("scale = torch.unsqueeze(torch.to(torch.slice(scales, 0, first, past), %d), 1)", FLOAT64)
                .line("near = torch.clamp(torch.round(torch.div(exact, scale)), -%d, %d)", MOST, MOST)
                .line("into = torch.slice(torch.slice(levels, 0, first, past), 1, 0, torch.size(rows, 1))")
                .line("_1 = torch.copy_(into, near)")
                .line("lost = torch.sub(exact, torch.mul(torch.to(into, %d), scale))", FLOAT64)
                .line("loss = torch.amax(torch.sum(torch.mul(lost, lost), [1]), [0])")
                .line("return torch.view(torch.sqrt(loss), [1])");
    }

    /** As {@link #scan}, but a piece's scores are (queries, rows): where no product of two operands in eight bits is at hand. */
    private static void scanBytes(ScriptSource code) {
        code.method("scan_bytes(self, levels: Tensor, scales: Tensor, queries: Tensor, least: Tensor, "
                        + "sizes: Tensor) -> List[Tensor]")
                .line("piece = int(torch.item(torch.select(sizes, 0, 0)))")
                .line("group = int(torch.item(torch.select(sizes, 0, 1)))")
                .line("width = torch.size(queries, 0)")
                .line("filling = torch.size(levels, 1) - torch.size(queries, 1)")
                .line("padded = torch.constant_pad_nd(queries, [0, filling])")
                .line("bound = torch.unsqueeze(torch.type_as(least, queries), 1)")
                .line("places = [torch.new_zeros(queries, [0], dtype=%d)]", INT64)
                .line("scores = [torch.new_zeros(queries, [0, group])]")
                .line("end = torch.size(levels, 0)")
                .line("for at in range(0, end, piece):")
                .line("  past = ops.prim.min(at + piece, end)")
                .line("  rows = torch.slice(levels, 0, at, past)")
                .line("  product = torch._weight_int8pack_mm(padded, rows, torch.slice(scales, 0, at, past))");
        found(code);
        code.line("    _2 = torch.append(scores, found)")
                .line("return [torch.cat(places), torch.to(torch.cat(scores), %d)]", ScriptSource.FLOAT32);
    }

    /**
     * Rows in oneDNN's own layout, and queries as one digit of eight bits or two: {@code q = scale (hi + lo / 254)}, so that
     * what is lost is a 65,000th of a query's greatest number. oneDNN's product takes unsigned numbers: digits count from 128.
     */
    private static void packed(ScriptSource code) {
        code.method("pack(self, levels: Tensor, first: Tensor, count: Tensor) -> Tensor")
                .line("at = int(torch.item(first))")
                .line("rows = torch.slice(levels, 0, at, at + int(torch.item(count)))")
                .line("return ops.onednn.qlinear_prepack(torch.contiguous(rows), None)");
        code.method("scales(self, scales: Tensor) -> Tensor").line("return torch.to(scales, %d)", ScriptSource.FLOAT32);
        code.method("digits(self, queries: Tensor, filling: Tensor, places: Tensor) -> List[Tensor]")
                .line("exact = torch.to(queries, %d)", FLOAT64)
                .line("most = torch.div(torch.amax(torch.abs(exact), [1], True), %d)", MOST)
                .line("scale = torch.to(torch.to(torch.clamp_min(most, 1e-30), %d), %d)", ScriptSource.FLOAT32, FLOAT64)
                .line("levels = torch.div(exact, scale)")
                .line("high = torch.clamp(torch.round(levels), -%d, %d)", MOST, MOST)
                .line("near = torch.mul(high, scale)")
                .line("digits = high")
                .line("if torch.gt(int(torch.item(places)), 1):")
                .line(
                        "  low = torch.clamp(torch.round(torch.mul(torch.sub(levels, high), %d)), -%d, %d)",
                        2 * MOST, MOST, MOST)
                .line("  near = torch.mul(torch.add(high, torch.div(low, %d)), scale)", 2 * MOST)
                .line("  digits = torch.cat([high, low])")
                .line("lost = torch.sub(exact, near)")
                .line("length = torch.sum(torch.mul(near, near), [1])")
                .line("loss = torch.sum(torch.mul(lost, lost), [1])")
                .line("padded = torch.constant_pad_nd(digits, [0, int(torch.item(filling))])")
                .line("unsigned = torch.to(torch.add(padded, %d), %d)", ZERO, UINT8)
                .line("own = torch.to(torch.squeeze(scale, 1), %d)", ScriptSource.FLOAT32)
                .line("return [unsigned, own, torch.sqrt(torch.stack([length, loss]))]");
    }

    /** As {@link #scanBytes}, a piece a packed part of the tile; scores come in float32. */
    private static void scanPacked(ScriptSource code) {
        code.method(
                        "scan_packed(self, parts: List[Tensor], scales: Tensor, zeros: Tensor, digits: Tensor, own: Tensor, "
                                + "least: Tensor, sizes: Tensor) -> List[Tensor]")
                .line("piece = int(torch.item(torch.select(sizes, 0, 0)))")
                .line("group = int(torch.item(torch.select(sizes, 0, 1)))")
                .line("width = torch.size(own, 0)")
                .line("bound = torch.unsqueeze(torch.div(least, own), 1)")
                .line("places = [torch.new_zeros(own, [0], dtype=%d)]", INT64)
                .line("scores = [torch.new_zeros(own, [0, group])]")
                .line("none = annotate(List[Optional[Union[complex, float, int]]], [])")
                .line("end = torch.size(scales, 0)")
                .line("for i in range(torch.len(parts)):")
                .line("  at = i * piece")
                .line("  past = ops.prim.min(at + piece, end)")
                .line(
                        "  product = ops.onednn.qlinear_pointwise(digits, 1., %d, parts[i], torch.slice(scales, 0, at, past), "
                                + "torch.slice(zeros, 0, 0, past - at), None, 1., 0, %d, \"none\", none, \"\")",
                        ZERO, ScriptSource.FLOAT32)
                .line("  if torch.gt(torch.size(digits, 0), width):")
                .line(
                        "    product = torch.add(torch.slice(product, 0, 0, width), torch.slice(product, 0, width), alpha=%s)",
                        1.0 / (2 * MOST));
        found(code);
        code.line("    mine = torch.unsqueeze(torch.index(own, annotate(List[Optional[Tensor]], [query])), 1)")
                .line("    _2 = torch.append(scores, torch.mul(found, mine))")
                .line("return [torch.cat(places), torch.cat(scores)]");
    }

    /** Of a piece's {@code product}, scores of (queries, rows): the groups that reach the bound, {@code found}, and their places. */
    private static void found(ScriptSource code) {
        code.line("  groups = torch.view(product, [width, -1, group])")
                .line("  hits = torch.nonzero(torch.ge(torch.amax(groups, [2]), bound))")
                .line("  if torch.gt(torch.size(hits, 0), 0):")
                .line("    query = torch.select(hits, 1, 0)")
                .line("    row = torch.select(hits, 1, 1)")
                .line("    found = torch.index(groups, annotate(List[Optional[Tensor]], [query, row]))")
                .line("    place = torch.add(torch.mul(torch.add(row, at // group), width), query)")
                .line("    _1 = torch.append(places, place)");
    }

    private static void halves(ScriptSource code) {
        code.method("halves(self, center: Tensor, shape: Tensor) -> Tensor")
                .line("rows = int(torch.item(torch.select(shape, 0, 0)))")
                .line("return torch.new_zeros(center, [rows, torch.size(center, 0)], dtype=%d)", FLOAT16);
        code.method("fill(self, into: Tensor, rows: Tensor, center: Tensor, lengths: Tensor, at: Tensor) -> Tensor")
                .line("first = int(torch.item(torch.select(at, 0, 0)))")
                .line("count = int(torch.item(torch.select(at, 0, 1)))")
                .line("own = torch.to(torch.slice(rows, 0, 0, count), %d)", FLOAT64)
                .line("exact = torch.sub(own, center)")
                .line("part = torch.slice(into, 0, first, first + count)")
                .line("_0 = torch.copy_(part, torch.hardshrink(exact, %s))", LEAST_NORMAL)
                .line("lost = torch.sub(exact, torch.to(part, %d))", FLOAT64)
                .line("length = torch.amax(torch.sum(torch.mul(exact, exact), [1]), [0])")
                .line("loss = torch.amax(torch.sum(torch.mul(lost, lost), [1]), [0])")
                .line("most = torch.maximum(lengths, torch.sqrt(torch.stack([length, loss])))")
                .line("return torch.copy_(lengths, most)");
    }

    /**
     * The rows with the greatest scores are in the groups with the greatest maxima, so that only as many groups as rows are
     * wanted are looked through. A group's rows lie apart, as the numbers that a GPU's threads read together do.
     */
    private static void best(ScriptSource code) {
        code.method("start(self, queries: Tensor, wanted: Tensor) -> List[Tensor]")
                .line("shape = [torch.size(queries, 0), int(torch.item(wanted))]")
                .line(
                        "return [torch.new_full(queries, shape, %s), torch.new_zeros(queries, shape, dtype=%d)]",
                        NO_SCORE, INT64);
        code.method("scan(self, tile: Tensor, queries: Tensor, best: Tensor, rows: Tensor, at: Tensor) -> List[Tensor]")
                .line("first = int(torch.item(torch.select(at, 0, 0)))")
                .line("count = int(torch.item(torch.select(at, 0, 1)))")
                .line("product = torch.mm(queries, torch.t(tile))")
                .line("end = torch.size(tile, 0)")
                .line("if torch.gt(end, count):")
                .line("  _0 = torch.fill_(torch.slice(product, 1, count, end), %s)", NO_SCORE)
                .line("wanted = torch.size(best, 1)")
                .line("groups = end // %d", DEVICE_GROUP)
                .line("if torch.gt(groups, 2 * wanted):")
                .line("  apart = torch.view(product, [-1, %d, groups])", DEVICE_GROUP)
                .line("  _1, group = torch.topk(torch.amax(apart, [1]), wanted)")
                .line("  members = torch.expand(torch.unsqueeze(group, 1), [-1, %d, -1])", DEVICE_GROUP)
                .line("  found = torch.reshape(torch.gather(apart, 2, members), [-1, %d * wanted])", DEVICE_GROUP)
                .line("  scores, place = torch.topk(found, wanted)")
                .line("  member = torch.mul(torch.div(place, wanted, rounding_mode=\"floor\"), groups)")
                .line("  places = torch.add(member, torch.gather(group, 1, torch.remainder(place, wanted)))")
                .line("else:")
                .line("  scores, places = torch.topk(product, ops.prim.min(wanted, end))")
                .line("both = torch.cat([best, scores], 1)")
                .line("every = torch.cat([rows, torch.add(places, first)], 1)")
                .line("most, at_most = torch.topk(both, wanted)")
                .line("return [most, torch.gather(every, 1, at_most)]");
        code.method("all(self, best: Tensor, rows: Tensor, lengths: Tensor, own: Tensor) -> Tensor")
                .line("scores = torch.to(torch.view(best, [-1]), %d)", FLOAT64)
                .line("return torch.cat([lengths, own, scores, torch.to(torch.view(rows, [-1]), %d)])", FLOAT64);
    }
}
