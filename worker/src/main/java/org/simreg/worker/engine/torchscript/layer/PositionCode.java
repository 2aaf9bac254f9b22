package org.simreg.worker.engine.torchscript.layer;

import java.util.Locale;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;

/**
 * The methods that give the patches of a vision transformer their positions: learned ones brought to a grid, or angles.
 */
final class PositionCode {
    /** The number of frequencies is a quarter of a head's width: rows and columns have half of it, sine and cosine too. */
    private static final String ROTARY = """
              def angles(self,
                rows: int,
                columns: int,
                like: Tensor) -> Tensor:
                device = ops.prim.device(like)
                exponents = torch.div(torch.arange(0, %1$d, dtype=6, layout=None, device=device, pin_memory=None), %1$d)
                periods = torch.pow(100., exponents)
                row = torch.sub(torch.mul(torch.div(torch.arange(0.5, rows, dtype=6, layout=None, device=device, pin_memory=None), rows), 2.), 1.)
                column = torch.sub(torch.mul(torch.div(torch.arange(0.5, columns, dtype=6, layout=None, device=device, pin_memory=None), columns), 2.), 1.)
                down = torch.expand(torch.unsqueeze(row, 1), [rows, columns])
                right = torch.expand(torch.unsqueeze(column, 0), [rows, columns])
                places = torch.reshape(torch.stack([down, right], -1), [-1, 2, 1])
                turns = torch.flatten(torch.div(torch.mul(places, 6.283185307179586), periods), 1, 2)
                angles = torch.cat([turns, turns], -1)
                return torch.stack([torch.sin(angles), torch.cos(angles)], 0)
              def rotated(self,
                x: Tensor,
                angles: Tensor) -> Tensor:
                before = torch.sub(torch.size(x, 2), torch.size(angles, 1))
                whole = torch.to(x, 6)
                patches = torch.slice(whole, 2, before, 9223372036854775807, 1)
                halves = torch.chunk(patches, 2, -1)
                swapped = torch.cat([torch.neg(halves[1]), halves[0]], -1)
                turned = torch.add(torch.mul(patches, torch.select(angles, 0, 1)), torch.mul(swapped, torch.select(angles, 0, 0)))
                return torch.to(torch.cat([torch.slice(whole, 2, 0, before, 1), turned], 2), ops.prim.dtype(x))
            """.indent(0);

    /** With a class token its position is the first, and stays as it is. */
    private static final String LEARNED = """
              def positions(self,
                learned: Tensor,
                rows: int,
                columns: int) -> Tensor:
                if torch.eq(torch.mul(rows, columns), %1$d):
                  fitted = learned
                else:
                  patches = torch.slice(learned, 1, %2$d, 9223372036854775807, 1)
                  square = torch.permute(torch.reshape(patches, [1, %3$d, %3$d, %4$d]), [0, 3, 1, 2])
                  resized = %5$s
                  flat = torch.reshape(torch.permute(resized, [0, 2, 3, 1]), [1, -1, %4$d])
                  fitted = torch.cat([torch.slice(learned, 1, 0, %2$d, 1), flat], 1)
                return fitted
            """.indent(0);

    /** Column before row, the class token's position zero; the numbers are the same for every grid. */
    private static final String SINES = """
              def positions(self,
                learned: Tensor,
                rows: int,
                columns: int) -> Tensor:
                if torch.eq(torch.mul(rows, columns), %1$d):
                  fitted = learned
                else:
                  device = ops.prim.device(learned)
                  exponents = torch.div(torch.arange(0, %2$d, dtype=6, layout=None, device=device, pin_memory=None), %2$d)
                  rates = torch.reciprocal(torch.pow(10000., exponents))
                  row = torch.arange(0, rows, dtype=6, layout=None, device=device, pin_memory=None)
                  column = torch.arange(0, columns, dtype=6, layout=None, device=device, pin_memory=None)
                  down = torch.mul(torch.reshape(torch.expand(torch.unsqueeze(row, 0), [columns, rows]), [-1, 1]), rates)
                  right = torch.mul(torch.reshape(torch.expand(torch.unsqueeze(column, 1), [columns, rows]), [-1, 1]), rates)
                  flat = torch.cat([torch.sin(right), torch.cos(right), torch.sin(down), torch.cos(down)], 1)
                  fitted = torch.cat([torch.slice(learned, 1, 0, 1, 1), torch.unsqueeze(flat, 0)], 1)
                return fitted
            """.indent(0);

    private PositionCode() {}

    /** The methods for one network; none for others than vision transformers. */
    static String methods(NetworkGraph network) {
        if (!(network.nodes().get(0).op() instanceof Op.PatchTokens tokens)) {
            return "";
        }
        int grid = tokens.positions().grid();
        return switch (tokens.positions().resizing()) {
            case ROTARY -> String.format(Locale.ROOT, ROTARY, headWidth(network) / 4);
            case SINES -> String.format(Locale.ROOT, SINES, grid * grid, tokens.width() / 4);
            default ->
                String.format(
                        Locale.ROOT,
                        LEARNED,
                        grid * grid,
                        tokens.prefix().classToken() ? 1 : 0,
                        grid,
                        tokens.width(),
                        resized(tokens.positions()));
        };
    }

    private static int headWidth(NetworkGraph network) {
        return network.nodes().stream()
                .filter(node -> node.op() instanceof Op.Attention)
                .map(node -> (Op.Attention) node.op())
                .mapToInt(attention -> attention.width() / attention.heads())
                .findFirst()
                .orElseThrow();
    }

    private static String resized(Op.Positions positions) {
        String factor = "torch.div(torch.add(%s, 0.1), " + (double) positions.grid() + ")";
        return switch (positions.resizing()) {
            case SHIFTED ->
                "torch.upsample_bicubic2d(square, [rows, columns], False, " + factor.formatted("rows") + ", "
                        + factor.formatted("columns") + ")";
            case ANTIALIASED -> "torch._upsample_bicubic2d_aa(square, [rows, columns], False, None, None)";
            case BILINEAR -> "torch.upsample_bilinear2d(square, [rows, columns], True, None, None)";
            default -> "torch.upsample_bicubic2d(square, [rows, columns], False, None, None)";
        };
    }
}
