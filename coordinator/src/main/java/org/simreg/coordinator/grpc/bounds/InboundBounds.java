package org.simreg.coordinator.grpc.bounds;

import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.ServerTransportFilter;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.simreg.worker.base.concurrent.NamedThreads;

/**
 * The bounds of what a gRPC server takes: bytes and parts of a message by RPC, memory of all
 * requests under way, and the time until a request is complete.
 */
public final class InboundBounds implements AutoCloseable {
    /** Largest message that any RPC takes, in bytes. */
    public static final int LARGEST = MethodBound.LARGEST;

    /** What may lie between the network and a connection's calls. */
    private static final int WINDOW = 1 << 20;

    private static final Duration COMPLETE = Duration.ofSeconds(30);

    private final InboundMemory memory;
    private final Duration complete;
    private final ScheduledExecutorService timer;

    /** Bounds as fit this process's memory. */
    public InboundBounds() {
        this(InboundMemory.ofThisProcess(), COMPLETE);
    }

    /**
     * @param complete how long a single request may take to arrive
     */
    InboundBounds(InboundMemory memory, Duration complete) {
        this.memory = memory;
        this.complete = complete;
        timer = NamedThreads.scheduled("simreg-api-time");
    }

    /** Bounds a server that is about to be built; its services are to be {@link #bounded}, too. */
    public void apply(NettyServerBuilder builder) {
        // Each RPC has its own bound, which the tracer keeps as bytes arrive.
        builder.maxInboundMessageSize(Integer.MAX_VALUE)
                .flowControlWindow(WINDOW)
                .addStreamTracerFactory(new Tracers())
                .addTransportFilter(new Connections());
    }

    /** The interceptor that every call passes first. */
    public ServerInterceptor admission() {
        return new Admission();
    }

    /**
     * A service whose requests are bounded. They reach it through {@link #admission} unparsed, so that
     * one which can't be parsed is refused there.
     */
    public ServerServiceDefinition bounded(BindableService service) {
        ServerServiceDefinition plain = service.bindService();
        ServiceDescriptor.Builder descriptor = ServiceDescriptor.newBuilder(
                        plain.getServiceDescriptor().getName())
                .setSchemaDescriptor(plain.getServiceDescriptor().getSchemaDescriptor());
        var methods = plain.getMethods().stream().map(InboundBounds::bounded).toList();
        methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
        ServerServiceDefinition.Builder definition = ServerServiceDefinition.builder(descriptor.build());
        methods.forEach(definition::addMethod);
        return ServerInterceptors.useInputStreamMessages(definition.build());
    }

    private static <Q, A> ServerMethodDefinition<Q, A> bounded(ServerMethodDefinition<Q, A> method) {
        MethodDescriptor<Q, A> plain = method.getMethodDescriptor();
        MethodBound bound = MethodBound.of(plain.getFullMethodName());
        MethodDescriptor<Q, A> descriptor = plain.toBuilder(
                        BoundedMarshaller.of(plain.getRequestMarshaller(), bound), plain.getResponseMarshaller())
                .build();
        return ServerMethodDefinition.create(descriptor, method.getServerCallHandler());
    }

    /** Bytes that requests under way take. */
    long held() {
        return memory.held();
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    private final class Tracers extends ServerStreamTracer.Factory {
        @Override
        public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
            return new InboundTracer(MethodBound.of(method), memory);
        }
    }

    /** Gives every connection a count of its own. */
    private static final class Connections extends ServerTransportFilter {
        @Override
        public Attributes transportReady(Attributes attributes) {
            return attributes.toBuilder()
                    .set(InboundTracer.CONNECTION, new InboundMemory.Connection())
                    .build();
        }
    }

    private final class Admission implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            InboundTracer tracer = InboundTracer.CURRENT.get();
            try {
                if (tracer != null) {
                    tracer.open();
                }
            } catch (StatusRuntimeException full) {
                call.close(full.getStatus(), new Metadata());
                return new ServerCall.Listener<>() {};
            }
            return new Admitted<>(call, next.startCall(call, headers));
        }
    }

    /**
     * The listener of a call, which refuses messages that can't be taken, and gives up a single
     * request that doesn't get complete.
     */
    private final class Admitted<Q> extends SimpleForwardingServerCallListener<Q> {
        /** Set once: by the alarm, by a refusal, or by the end of the request. */
        private final AtomicBoolean decided = new AtomicBoolean();

        private final ServerCall<Q, ?> call;
        private final Optional<ScheduledFuture<?>> alarm;
        private boolean refused;

        Admitted(ServerCall<Q, ?> call, ServerCall.Listener<Q> listener) {
            super(listener);
            this.call = call;
            alarm = call.getMethodDescriptor().getType().clientSendsOneMessage()
                    ? Optional.of(timer.schedule(this::late, complete.toMillis(), TimeUnit.MILLISECONDS))
                    : Optional.empty();
        }

        private void late() {
            if (decided.compareAndSet(false, true)) {
                String what = "The request of %s was not complete after %d ms; send it at once"
                        .formatted(call.getMethodDescriptor().getFullMethodName(), complete.toMillis());
                call.close(Status.DEADLINE_EXCEEDED.withDescription(what), new Metadata());
            }
        }

        /** Ends the time for the request. */
        private boolean decide() {
            alarm.ifPresent(set -> set.cancel(false));
            return decided.compareAndSet(false, true);
        }

        @Override
        public void onMessage(Q message) {
            if (refused) {
                return;
            }
            try {
                super.onMessage(message);
            } catch (StatusRuntimeException e) {
                refused = true;
                if (decide()) {
                    call.close(e.getStatus(), new Metadata());
                }
            }
        }

        @Override
        public void onHalfClose() {
            if (!refused && decide()) {
                super.onHalfClose();
            }
        }

        @Override
        public void onCancel() {
            decide();
            super.onCancel();
        }

        @Override
        public void onComplete() {
            decide();
            super.onComplete();
        }
    }
}
