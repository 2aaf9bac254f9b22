package org.simreg.worker.network;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.simreg.proto.UserError;
import org.simreg.worker.network.Op.Pooling;

/** The feature of a vision transformer's tokens, as an option names it: {@code cls}, {@code mean}, {@code cls+mean}. */
public final class TokenFeature {
    private TokenFeature() {}

    /**
     * A network with the feature that is asked for.
     *
     * @param asked word; empty: the network's own feature
     * @param option that the word came from, for messages
     * @return without what stands behind the tokens, CLIP's projection or SigLIP's pooling by attention
     * @throws UserError if it is none of the words, or the network isn't made of tokens or has no class token
     */
    public static NetworkGraph of(NetworkGraph network, String asked, String option) {
        if (asked.isEmpty()) {
            return network;
        }
        Pooling pooling = named(asked)
                .orElseThrow(() -> new UserError("%s: '%s' is none of %s".formatted(option, asked, words())));
        return network.pooled(pooling)
                .orElseThrow(() ->
                        new UserError("%s: %s has no %s: %s".formatted(option, network.name(), asked, why(network))));
    }

    private static String why(NetworkGraph network) {
        return network.isTransformer()
                ? "it has no class token; choose mean or leave it out"
                : "its feature is one vector, which the network pools itself, of no tokens; leave it out";
    }

    private static Optional<Pooling> named(String word) {
        return Arrays.stream(Pooling.values())
                .filter(pooling -> word(pooling).equals(word))
                .findFirst();
    }

    private static String words() {
        return Arrays.stream(Pooling.values()).map(TokenFeature::word).collect(Collectors.joining(", "));
    }

    private static String word(Pooling pooling) {
        return pooling.name().toLowerCase(Locale.ROOT).replace('_', '+');
    }
}
