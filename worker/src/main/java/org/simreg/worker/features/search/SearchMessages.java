package org.simreg.worker.features.search;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.simreg.proto.ShardAnswer;

/** Conversions of vectors and neighbours to little-endian bytes of messages, and back. */
public final class SearchMessages {
    private SearchMessages() {}

    /** The float32 numbers of a message. */
    public static float[] of(ByteString bytes) {
        float[] numbers = new float[bytes.size() / Float.BYTES];
        little(bytes).asFloatBuffer().get(numbers);
        return numbers;
    }

    /** Float32 numbers for a message. */
    public static ByteString bytes(float[] numbers) {
        ByteBuffer bytes = room(numbers.length * Float.BYTES);
        bytes.asFloatBuffer().put(numbers);
        return UnsafeByteOperations.unsafeWrap(bytes);
    }

    /** Puts neighbours into an answer. */
    public static void put(TopK found, ShardAnswer.Builder into) {
        ByteBuffer ids = room(found.ids().length * Long.BYTES);
        ids.asLongBuffer().put(found.ids());
        ByteBuffer labels = room(found.labels().length * Integer.BYTES);
        labels.asIntBuffer().put(found.labels());
        ByteBuffer cosines = room(found.cosines().length * Double.BYTES);
        cosines.asDoubleBuffer().put(found.cosines());
        into.setK(found.k())
                .setIds(UnsafeByteOperations.unsafeWrap(ids))
                .setLabels(UnsafeByteOperations.unsafeWrap(labels))
                .setCosines(UnsafeByteOperations.unsafeWrap(cosines));
    }

    /**
     * The neighbours in an answer.
     *
     * @throws IllegalArgumentException if its parts disagree
     */
    public static TopK found(ShardAnswer answer) {
        int count = answer.getIds().size() / Long.BYTES;
        int k = answer.getK();
        if (k < 1
                || count % k != 0
                || answer.getLabels().size() != count * Integer.BYTES
                || answer.getCosines().size() != count * Double.BYTES) {
            throw new IllegalArgumentException("the parts of a shard's answer disagree");
        }
        TopK found = new TopK(count / k, k);
        little(answer.getIds()).asLongBuffer().get(found.ids());
        little(answer.getLabels()).asIntBuffer().get(found.labels());
        little(answer.getCosines()).asDoubleBuffer().get(found.cosines());
        return found;
    }

    private static ByteBuffer little(ByteString bytes) {
        return bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer room(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
