package org.simreg.coordinator.grpc.bounds;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;

/**
 * The marshaller of an RPC's requests: takes no message that is too large, also uncompressed, or of
 * too many parts, and keeps no unknown fields.
 *
 * @param <T> the request
 */
final class BoundedMarshaller<T> implements MethodDescriptor.PrototypeMarshaller<T> {
    private final MethodDescriptor.PrototypeMarshaller<T> marshaller;
    private final MethodBound bound;
    private final Message prototype;
    private final Parser<? extends Message> parser;

    private BoundedMarshaller(
            MethodDescriptor.PrototypeMarshaller<T> marshaller, MethodBound bound, Message prototype) {
        this.marshaller = marshaller;
        this.bound = bound;
        this.prototype = prototype;
        parser = DiscardUnknownFieldsParser.wrap(prototype.getParserForType());
    }

    /**
     * Bounds a marshaller of protobuf's messages.
     *
     * @throws IllegalArgumentException if it is of anything else
     */
    static <T> BoundedMarshaller<T> of(MethodDescriptor.Marshaller<T> marshaller, MethodBound bound) {
        if (marshaller instanceof MethodDescriptor.PrototypeMarshaller<T> typed
                && typed.getMessagePrototype() instanceof Message prototype) {
            return new BoundedMarshaller<>(typed, bound, prototype);
        }
        throw new IllegalArgumentException(bound.method() + " takes no protobuf message");
    }

    @Override
    public InputStream stream(T value) {
        return marshaller.stream(value);
    }

    @Override
    public T parse(InputStream stream) {
        try {
            // One more shows that there is too much.
            byte[] bytes = stream.readNBytes(bound.bytes() + 1);
            if (bytes.length > bound.bytes()) {
                throw bound.tooLarge();
            }
            InboundTracer tracer = InboundTracer.CURRENT.get();
            if (tracer != null && !(stream instanceof KnownLength)) {
                tracer.unpacked(bytes.length);
            }
            MessageParts.check(bytes, prototype.getDescriptorForType(), bound);
            CodedInputStream in = CodedInputStream.newInstance(bytes);
            in.enableAliasing(true);
            return getMessageClass().cast(parser.parseFrom(in));
        } catch (InvalidProtocolBufferException e) {
            throw Status.INVALID_ARGUMENT
                    .withDescription("What came to " + bound.method() + " is not its message: " + e.getMessage())
                    .withCause(e)
                    .asRuntimeException();
        } catch (IOException e) {
            throw Status.INTERNAL
                    .withDescription("A message to " + bound.method() + " can't be read: " + e.getMessage())
                    .withCause(e)
                    .asRuntimeException();
        }
    }

    @Override
    public T getMessagePrototype() {
        return marshaller.getMessagePrototype();
    }

    @Override
    public Class<T> getMessageClass() {
        return marshaller.getMessageClass();
    }
}
