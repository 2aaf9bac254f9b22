package org.simreg.coordinator.grpc.bounds;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.WireFormat;
import io.grpc.Status;
import java.io.IOException;

/**
 * A count of a message's parts before it is parsed: an empty part has two bytes on the wire and
 * dozens in memory.
 */
final class MessageParts {
    /** Messages, texts and byte strings, at any depth; 4096 is the most that any request holds of one kind. */
    static final int MOST = 20_000;

    private final MethodBound bound;
    private int parts;

    private MessageParts(MethodBound bound) {
        this.bound = bound;
    }

    /**
     * Counts.
     *
     * @throws io.grpc.StatusRuntimeException if there are too many
     * @throws IOException if it is no message
     */
    static void check(byte[] message, Descriptor type, MethodBound bound) throws IOException {
        new MessageParts(bound).count(CodedInputStream.newInstance(message), type);
    }

    private void count(CodedInputStream in, Descriptor type) throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            FieldDescriptor field = type.findFieldByNumber(WireFormat.getTagFieldNumber(tag));
            boolean long_ = WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED;
            if (!long_ || field == null) {
                in.skipField(tag);
                continue;
            }
            if (++parts > MOST) {
                throw Status.RESOURCE_EXHAUSTED
                        .withDescription("A message to %s may have at most %d parts; send fewer at a time"
                                .formatted(bound.method(), MOST))
                        .asRuntimeException();
            }
            if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                int limit = in.pushLimit(in.readRawVarint32());
                count(in, field.getMessageType());
                in.popLimit(limit);
            } else {
                in.skipField(tag);
            }
        }
    }
}
