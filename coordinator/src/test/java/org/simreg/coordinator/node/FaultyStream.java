package org.simreg.coordinator.node;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.simreg.proto.Report;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The interceptor of a worker's stream to the coordinator that simulates a frozen or killed
 * process: messages in both directions wait, in order, while it is frozen, and are dropped once it
 * is dead.
 */
final class FaultyStream implements ClientInterceptor {
    private static final Logger LOG = LoggerFactory.getLogger(FaultyStream.class);

    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private final AtomicBoolean dead = new AtomicBoolean();
    private final BooleanSupplier breaksAtMeasurement;
    private boolean frozen;

    /**
     * @param breaksAtMeasurement asked when a measurement is sent: whether it and all that follows on that stream is lost
     */
    FaultyStream(BooleanSupplier breaksAtMeasurement) {
        this.breaksAtMeasurement = breaksAtMeasurement;
    }

    private void pass(Runnable message) {
        synchronized (this) {
            if (dead.get()) {
                return;
            }
            if (frozen) {
                waiting.add(message);
                return;
            }
        }
        message.run();
    }

    synchronized void freeze() {
        frozen = true;
    }

    void wake() {
        while (true) {
            Runnable next;
            synchronized (this) {
                next = waiting.poll();
                if (next == null) {
                    frozen = false;
                    notifyAll();
                    return;
                }
            }
            try {
                next.run();
            } catch (IllegalStateException over) {
                LOG.debug("a call has ended while its worker was frozen", over);
            }
        }
    }

    synchronized void kill() {
        dead.set(true);
        waiting.clear();
        notifyAll();
    }

    boolean dead() {
        return dead.get();
    }

    /** Holds the step thread as long as the worker is frozen. */
    synchronized void holdWhileFrozen() {
        while (frozen && !dead.get()) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        if (method.getType() != MethodDescriptor.MethodType.BIDI_STREAMING) {
            return next.newCall(method, options);
        }
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
            private boolean broken;

            @Override
            public void start(Listener<A> listener, Metadata headers) {
                super.start(
                        new SimpleForwardingClientCallListener<>(listener) {
                            @Override
                            public void onMessage(A message) {
                                pass(() -> super.onMessage(message));
                            }

                            @Override
                            public void onClose(Status status, Metadata trailers) {
                                if (dead()) {
                                    // Its threads end, so that the test can.
                                    super.onClose(status, trailers);
                                } else {
                                    pass(() -> super.onClose(status, trailers));
                                }
                            }
                        },
                        headers);
            }

            @Override
            public void sendMessage(Q message) {
                broken |=
                        message instanceof Report report && report.hasMeasured() && breaksAtMeasurement.getAsBoolean();
                if (!broken) {
                    pass(() -> super.sendMessage(message));
                }
            }

            @Override
            public void halfClose() {
                pass(super::halfClose);
            }
        };
    }
}
