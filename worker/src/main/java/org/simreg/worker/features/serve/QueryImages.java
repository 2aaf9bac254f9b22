package org.simreg.worker.features.serve;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.UserError;
import org.simreg.proto.Vectors;
import org.simreg.worker.data.loader.SampleRenderer;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.features.search.SearchMessages;

/**
 * An embedder of the images in queries, by the network and view of their bank. Belongs to one
 * thread.
 */
final class QueryImages implements AutoCloseable {
    private static final int AT_ONCE = 64;

    private final EmbeddingNetwork frozen;
    private SampleRenderer renderer;

    QueryImages(EmbeddingNetwork frozen) {
        this.frozen = frozen;
    }

    /** The refusal of a query's image that can't be read. */
    static final class Unreadable extends RuntimeException {
        private static final long serialVersionUID = 1;

        Unreadable(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Embeds images as the bank's were.
     *
     * @throws Unreadable if one of them can't be read; the message has its number
     * @throws UserError if the weights can't be had or are others by now
     */
    Vectors embed(ImageQuery query) {
        String weights = frozen.of(query.getImages()).identity().sha256();
        if (!weights.equals(query.getWeightsSha256())) {
            throw new UserError(
                    "The weights %s are not those that the bank was made with (SHA-256 %s instead of %s); put them back, or make the bank again"
                            .formatted(
                                    query.getImages().getWeights(),
                                    weights,
                                    query.getWeightsSha256()));
        }
        ViewRecipe.CentreView view = EmbeddingNetwork.view(query.getImages());
        int count = query.getFilesCount();
        float[] all = new float[0];
        for (int from = 0; from < count; from += AT_ONCE) {
            int n = Math.min(AT_ONCE, count - from);
            float[] rows = frozen.features(decoded(query, from, n, view), n, view.size());
            all = all.length == 0 ? new float[rows.length / n * count] : all;
            System.arraycopy(rows, 0, all, rows.length / n * from, rows.length);
        }
        return Vectors.newBuilder()
                .setVectors(SearchMessages.bytes(all))
                .setDimension(all.length / Math.max(1, count))
                .build();
    }

    private ByteBuffer decoded(ImageQuery query, int from, int n, ViewRecipe.CentreView view) {
        renderer = renderer == null ? new SampleRenderer() : renderer;
        ByteBuffer pixels = ByteBuffer.allocateDirect(n * 3 * view.size() * view.size());
        for (int i = from; i < from + n; i++) {
            ByteString file = query.getFiles(i);
            try {
                renderer.render(file.asReadOnlyByteBuffer(), view, pixels);
            } catch (IOException e) {
                throw new Unreadable(
                        "query %d is no image that can be read: %s".formatted(i, e.getMessage()),
                        e);
            }
        }
        return pixels.flip();
    }

    @Override
    public void close() {
        if (renderer != null) {
            renderer.close();
        }
        frozen.close();
    }
}
