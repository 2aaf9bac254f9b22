package org.simreg.worker.engine.torchscript.layer;

import java.util.Locale;
import java.util.function.UnaryOperator;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;

/**
 * The layers of a vision transformer. Tokens stay float32 between them, as do normalisations, positions and scales;
 * projections and attention compute in the network's type.
 */
final class TokenCode {
    private final ScriptSource source;
    private final UnaryOperator<String> trained;
    private final LayerCode layers;

    TokenCode(ScriptSource source, UnaryOperator<String> trained, LayerCode layers) {
        this.source = source;
        this.trained = trained;
        this.layers = layers;
    }

    /** The method that fits the learned positions to a grid of patches; nothing for other networks. */
    static String methods(NetworkGraph network) {
        if (!network.isTransformer()) {
            return "";
        }
        Op.PatchTokens tokens = (Op.PatchTokens) network.nodes().get(0).op();
        int grid = tokens.positions().grid();
        return String.format(
                Locale.ROOT, """
                          def positions(self,
                            learned: Tensor,
                            rows: int,
                            columns: int) -> Tensor:
                            if torch.eq(torch.mul(rows, columns), %1$d):
                              fitted = learned
                            else:
                              patches = torch.slice(learned, 1, 1, 9223372036854775807, 1)
                              square = torch.permute(torch.reshape(patches, [1, %2$d, %2$d, %3$d]), [0, 3, 1, 2])
                              resized = %4$s
                              flat = torch.reshape(torch.permute(resized, [0, 2, 3, 1]), [1, -1, %3$d])
                              fitted = torch.cat([torch.slice(learned, 1, 0, 1, 1), flat], 1)
                            return fitted
                        """.indent(0), grid * grid, grid, tokens.width(), resized(tokens.positions()));
    }

    private static String resized(Op.Positions positions) {
        String factor = positions.offset() == 0 ? "None" : "torch.div(torch.add(%s, %s), %s)";
        return String.format(
                Locale.ROOT,
                "torch.%s(square, [rows, columns], False, %s, %s)",
                positions.antialias() ? "_upsample_bicubic2d_aa" : "upsample_bicubic2d",
                factor.formatted("rows", positions.offset(), (double) positions.grid()),
                factor.formatted("columns", positions.offset(), (double) positions.grid()));
    }

    String expression(Op op, String name, String x) {
        if (op instanceof Op.PatchTokens tokens) {
            return tokens(tokens, name, x);
        } else if (op instanceof Op.Attention attention) {
            return attention(attention, name, x);
        } else if (op instanceof Op.ClassToken) {
            return "torch.select(" + x + ", 1, 0)";
        }
        throw new IllegalArgumentException(op + " is computed elsewhere");
    }

    private String tokens(Op.PatchTokens tokens, String name, String x) {
        Op.Convolution c = new Op.Convolution(3, tokens.width(), tokens.patch(), tokens.patch(), 0, 1);
        source.line("patches = %s", layers.expression(c.biased(), name + ".proj", x));
        source.line("flat = torch.transpose(torch.flatten(patches, 2, -1), 1, 2)");
        source.line("images_now = torch.size(%s, 0)", x);
        source.line("first = torch.expand(%s, [images_now, -1, -1])", trained.apply("cls_token"));
        source.line(
                "fitted = self.positions(%s, torch.size(patches, 2), torch.size(patches, 3))",
                trained.apply("pos_embed"));
        source.line("tokens = torch.add(torch.cat([first, torch.to(flat, %d)], 1), fitted)", ScriptSource.FLOAT32);
        if (tokens.positions().registers() == 0) {
            return "tokens";
        }
        source.line("registers = torch.expand(%s, [images_now, -1, -1])", trained.apply("register_tokens"));
        return "torch.cat([torch.slice(tokens, 1, 0, 1, 1), registers, torch.slice(tokens, 1, 1,"
                + " 9223372036854775807, 1)], 1)";
    }

    private String attention(Op.Attention attention, String name, String x) {
        source.line("joint = %s", layers.linear(name + ".qkv", x));
        source.line(
                "heads = torch.permute(torch.reshape(joint, [torch.size(joint, 0), -1, 3, %d, %d]), [2, 0, 3, 1, 4])",
                attention.heads(), attention.width() / attention.heads());
        source.line("mixed = torch.scaled_dot_product_attention(torch.select(heads, 0, 0),"
                + " torch.select(heads, 0, 1), torch.select(heads, 0, 2), None, 0., False)");
        source.line(
                "attended = torch.reshape(torch.transpose(mixed, 1, 2), [torch.size(joint, 0), -1, %d])",
                attention.width());
        return layers.linear(name + ".proj", "attended");
    }
}
