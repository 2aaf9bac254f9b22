package org.simreg.worker.network;

import java.util.ArrayList;
import java.util.List;
import org.simreg.worker.network.Weight.Kind;

/** The tensors of a vision transformer's layers. */
final class TokenWeights {
    private TokenWeights() {}

    /**
     * The tensors of one layer; none for a layer that only computes.
     *
     * @param prefix before the names of the layer's own tensors
     */
    static List<Weight> of(Op op, String prefix) {
        if (op instanceof Op.PatchTokens tokens) {
            return ofTokens(tokens, prefix);
        } else if (op instanceof Op.LayerNorm norm) {
            long[] shape = {norm.width()};
            return List.of(
                    new Weight(prefix + "weight", shape, Kind.NORM_SCALE),
                    new Weight(prefix + "bias", shape, Kind.NORM_SHIFT));
        } else if (op instanceof Op.Attention attention) {
            long width = attention.width();
            return joined(List.of(
                    Weight.linear(prefix + "qkv.", width, 3 * width), Weight.linear(prefix + "proj.", width, width)));
        } else if (op instanceof Op.AttentionPool pool) {
            long width = pool.width();
            return joined(List.of(
                    List.of(new Weight(prefix + "latent", new long[] {1, 1, width}, Kind.PARAMETER)),
                    Weight.linear(prefix + "q.", width, width),
                    Weight.linear(prefix + "kv.", width, 2 * width),
                    Weight.linear(prefix + "proj.", width, width)));
        }
        return op instanceof Op.ChannelScale scale
                ? List.of(new Weight(prefix + "gamma", new long[] {scale.width()}, Kind.PARAMETER))
                : op instanceof Op.LayerScale factor
                        ? List.of(new Weight(prefix + "gamma", new long[] {factor.width()}, Kind.PARAMETER))
                        : List.of();
    }

    private static List<Weight> joined(List<List<Weight>> parts) {
        return parts.stream().flatMap(List::stream).toList();
    }

    private static List<Weight> ofTokens(Op.PatchTokens tokens, String prefix) {
        long width = tokens.width();
        List<Weight> weights = new ArrayList<>();
        if (tokens.prefix().classToken()) {
            weights.add(new Weight("cls_token", new long[] {1, 1, width}, Kind.PARAMETER));
        }
        if (tokens.positions().learned()) {
            long grid = tokens.positions().grid();
            long places = grid * grid + (tokens.prefix().classToken() ? 1 : 0);
            weights.add(new Weight("pos_embed", new long[] {1, places, width}, Kind.PARAMETER));
        }
        if (tokens.prefix().registers() > 0) {
            long[] shape = {1, tokens.prefix().registers(), width};
            weights.add(new Weight("register_tokens", shape, Kind.PARAMETER));
        }
        long[] kernel = {width, 3, tokens.patch(), tokens.patch()};
        weights.add(new Weight(prefix + "proj.weight", kernel, Kind.CONVOLUTION));
        if (tokens.bias()) {
            weights.add(new Weight(prefix + "proj.bias", new long[] {width}, Kind.LINEAR_BIAS));
        }
        return weights;
    }
}
