package org.simreg.worker.data;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.simreg.proto.SamplesGrpc;

/** Calls of the service {@code Samples}. Nothing of a call is left behind when it returns. */
final class Calls {
    private final ManagedChannel channel;

    Calls(ManagedChannel channel) {
        this.channel = channel;
    }

    ManagedChannel channel() {
        return channel;
    }

    /** Takes the parts of an answer as they come; what is not taken is not sent. */
    interface Taking<P, T> {
        T from(Iterator<P> parts) throws Damaged;
    }

    /**
     * Makes a call, and hangs up if its answer isn't taken to the end.
     *
     * @param seconds the whole call may take
     * @throws io.grpc.StatusRuntimeException if it fails
     */
    <P, T> T call(
            int seconds,
            Function<SamplesGrpc.SamplesBlockingStub, Iterator<P>> method,
            Taking<P, T> taking)
            throws Damaged {
        Context.CancellableContext context = Context.ROOT.withCancellation();
        Context before = context.attach();
        try {
            SamplesGrpc.SamplesBlockingStub stub =
                    SamplesGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(seconds, TimeUnit.SECONDS);
            return taking.from(method.apply(stub));
        } finally {
            context.detach(before);
            context.cancel(null);
        }
    }
}
