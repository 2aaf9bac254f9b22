package org.simreg.coordinator.grpc.bounds;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/**
 * The count of what one call has sent, told by the transport as bytes arrive, also of messages that
 * are not complete. What it throws at a byte too many ends the call with that status.
 */
final class InboundTracer extends ServerStreamTracer {
    static final Context.Key<InboundTracer> CURRENT = Context.key("simreg-inbound");
    static final Attributes.Key<InboundMemory.Connection> CONNECTION = Attributes.Key.create("simreg-connection");

    /** An open call: its headers and objects. */
    private static final long CALL = 2 << 10;

    /** A frame keeps the buffer that it was read into, however few of its bytes. */
    private static final long FRAME = 4 << 10;

    private final MethodBound bound;
    private final InboundMemory memory;
    private InboundMemory.Connection connection = new InboundMemory.Connection();
    private boolean unary;
    private boolean closed;
    private long message;
    private long held;

    InboundTracer(MethodBound bound, InboundMemory memory) {
        this.bound = bound;
        this.memory = memory;
    }

    @Override
    public Context filterContext(Context context) {
        return context.withValue(CURRENT, this);
    }

    @Override
    public synchronized void serverCallStarted(ServerCallInfo<?, ?> call) {
        InboundMemory.Connection own = call.getAttributes().get(CONNECTION);
        connection = own == null ? connection : own;
        unary = call.getMethodDescriptor().getType().clientSendsOneMessage()
                && call.getMethodDescriptor().getType().serverSendsOneMessage();
    }

    /**
     * Counts the call itself, before it may send anything.
     *
     * @throws StatusRuntimeException if there is no memory for it
     */
    synchronized void open() {
        take(CALL);
    }

    @Override
    public synchronized void inboundMessage(int number) {
        message = 0;
    }

    @Override
    public synchronized void inboundWireSize(long bytes) {
        message += bytes;
        if (message > bound.bytes()) {
            throw bound.tooLarge();
        }
        take(Math.max(bytes, FRAME));
    }

    /** A message of a stream is its receiver's now; that of a single call stays until it is answered. */
    @Override
    public synchronized void inboundMessageRead(int number, long wire, long uncompressed) {
        if (!unary) {
            give(held - CALL);
        }
    }

    /**
     * Counts bytes that a message takes uncompressed.
     *
     * @throws StatusRuntimeException if there is no memory for them
     */
    synchronized void unpacked(long bytes) {
        if (unary) {
            take(bytes);
        }
    }

    @Override
    public synchronized void streamClosed(Status status) {
        give(held);
        closed = true;
    }

    private void take(long bytes) {
        if (closed) {
            return;
        }
        if (!memory.take(bound.callers(), connection, bytes)) {
            String most = "requests to %s under way on one connection may take %d bytes, and those of all a bound, too";
            throw Status.RESOURCE_EXHAUSTED
                    .withDescription("Too much at a time: "
                            + most.formatted(bound.method(), memory.share(bound.callers()))
                            + "; try again with fewer or larger parts")
                    .asRuntimeException();
        }
        held += bytes;
    }

    private void give(long bytes) {
        if (bytes > 0) {
            memory.give(bound.callers(), connection, bytes);
            held -= bytes;
        }
    }
}
