package org.simreg.worker.engine.torchscript.layer;

import java.util.function.UnaryOperator;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.network.Op;

/**
 * The layers of a vision transformer. Tokens stay float32 between them, as do normalisations, positions and scales;
 * projections and attention compute in the network's type.
 */
final class TokenCode {
    private static final String REST = "9223372036854775807, 1)";

    private final ScriptSource source;
    private final UnaryOperator<String> trained;
    private final LayerCode layers;

    TokenCode(ScriptSource source, UnaryOperator<String> trained, LayerCode layers) {
        this.source = source;
        this.trained = trained;
        this.layers = layers;
    }

    String expression(Op op, String name, String x) {
        if (op instanceof Op.PatchTokens tokens) {
            return tokens(tokens, name, x);
        } else if (op instanceof Op.Attention attention) {
            return attention(attention, name, x);
        } else if (op instanceof Op.TokenPool pool) {
            return pooled(pool, x);
        } else if (op instanceof Op.AttentionPool pool) {
            return pooled(pool, name, x);
        }
        throw new IllegalArgumentException(op + " has no TorchScript code here");
    }

    private String tokens(Op.PatchTokens tokens, String name, String x) {
        Op.Convolution plain = new Op.Convolution(3, tokens.width(), tokens.patch(), tokens.patch(), 0, 1);
        Op.Convolution c = tokens.bias() ? plain.biased() : plain;
        Op.Prefix prefix = tokens.prefix();
        // Tokens and positions are the network's own, beside this layer.
        String place = name.substring(0, name.lastIndexOf('.') + 1);
        source.line("patches = %s", layers.expression(c, name + ".proj", x));
        source.line(
                "tokens = torch.to(torch.transpose(torch.flatten(patches, 2, -1), 1, 2), %d)", ScriptSource.FLOAT32);
        source.line("count = torch.size(%s, 0)", x);
        if (prefix.classToken()) {
            source.line("tokens = torch.cat([%s, tokens], 1)", expanded(place + "cls_token"));
        }
        if (tokens.positions().learned()) {
            source.line(
                    "fitted = self.positions(%s, torch.size(patches, 2), torch.size(patches, 3))",
                    trained.apply(place + "pos_embed"));
            source.line("tokens = torch.add(tokens, fitted)");
        } else {
            source.line("angles = self.angles(torch.size(patches, 2), torch.size(patches, 3), patches)");
        }
        if (prefix.registers() == 0) {
            return "tokens";
        }
        String registers = expanded(place + "register_tokens");
        return prefix.classToken()
                ? "torch.cat([torch.slice(tokens, 1, 0, 1, 1), " + registers + ", torch.slice(tokens, 1, 1, " + REST
                        + "], 1)"
                : "torch.cat([" + registers + ", tokens], 1)";
    }

    private String expanded(String token) {
        return "torch.expand(" + trained.apply(token) + ", [count, -1, -1])";
    }

    private String attention(Op.Attention attention, String name, String x) {
        source.line("joint = %s", layers.linear(name + ".qkv", x));
        source.line(
                "heads = torch.permute(torch.reshape(joint, [torch.size(joint, 0), -1, 3, %d, %d]), [2, 0, 3, 1, 4])",
                attention.heads(), attention.width() / attention.heads());
        String query = "torch.select(heads, 0, 0)";
        String key = "torch.select(heads, 0, 1)";
        if (attention.rotary()) {
            query = "self.rotated(" + query + ", angles)";
            key = "self.rotated(" + key + ", angles)";
        }
        source.line("mixed = self.attend(%s, %s, torch.select(heads, 0, 2))", query, key);
        source.line(
                "attended = torch.reshape(torch.transpose(mixed, 1, 2), [torch.size(joint, 0), -1, %d])",
                attention.width());
        return layers.linear(name + ".proj", "attended");
    }

    private static String pooled(Op.TokenPool pool, String x) {
        String first = "torch.select(" + x + ", 1, 0)";
        String mean = LayerCode.mean(x, pool.prefix());
        return switch (pool.pooling()) {
            case CLS -> first;
            case MEAN -> mean;
            case CLS_MEAN -> "torch.cat([" + first + ", " + mean + "], 1)";
        };
    }

    private String pooled(Op.AttentionPool pool, String name, String x) {
        int width = pool.width() / pool.heads();
        source.line("asked = %s", layers.linear(name + ".q", trained.apply(name + ".latent")));
        source.line("given = %s", layers.linear(name + ".kv", x));
        source.line(
                "query = torch.expand(torch.transpose(torch.reshape(asked, [1, 1, %d, %d]), 1, 2), [torch.size(given, 0), -1, -1, -1])",
                pool.heads(), width);
        source.line(
                "heads = torch.permute(torch.reshape(given, [torch.size(given, 0), -1, 2, %d, %d]), [2, 0, 3, 1, 4])",
                pool.heads(), width);
        source.line("mixed = torch.scaled_dot_product_attention(query, torch.select(heads, 0, 0),"
                + " torch.select(heads, 0, 1), None, 0., False)");
        source.line("attended = torch.reshape(mixed, [torch.size(given, 0), %d])", pool.width());
        return layers.linear(name + ".proj", "attended");
    }
}
