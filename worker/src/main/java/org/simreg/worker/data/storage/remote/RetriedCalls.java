package org.simreg.worker.data.storage.remote;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.simreg.proto.SamplesGrpc;
import org.simreg.proto.SamplesGrpc.SamplesBlockingStub;
import org.simreg.proto.UserError;

/**
 * The caller of the coordinator's service {@code Samples}, which outlasts the coordinator's
 * absence: calls are repeated with longer and longer pauses until it has been away for too long.
 * Safe for all threads.
 */
final class RetriedCalls {
    private static final long FIRST_PAUSE_MS = 100;
    private static final long LONGEST_PAUSE_MS = 2_000;
    private static final long LOOK_UP_MS = 50;
    private static final int MOST_DAMAGES = 3;

    private final ManagedChannel channel;
    private final Duration patience;
    private final Consumer<String> notices;
    private volatile long heard = System.nanoTime();
    private boolean away;
    private long awaySince;

    /**
     * @param notices told once when the coordinator can't be reached, and when it can again; from
     *     any thread
     */
    RetriedCalls(ManagedChannel channel, Duration patience, Consumer<String> notices) {
        this.channel = channel;
        this.patience = patience;
        this.notices = notices;
    }

    /** The error of an answer that isn't what was sent: asking again may help. */
    static final class Damaged extends IOException {
        private static final long serialVersionUID = 1;

        Damaged(String reason) {
            super(reason);
        }
    }

    /**
     * A call with one request.
     *
     * @param what is read, for people: "images of DIR"
     * @param seconds the whole call may take
     * @param method starts it
     */
    record Call<P>(String what, int seconds, Function<SamplesBlockingStub, Iterator<P>> method) {
        /**
         * Makes the call once.
         *
         * @throws StatusRuntimeException if it fails
         */
        <T> T once(ManagedChannel channel, FileTransfer.AnswerReader<P, T> reader) throws IOException {
            return FileTransfer.get(
                    () -> method.apply(
                            SamplesGrpc.newBlockingStub(channel).withDeadlineAfter(seconds, TimeUnit.SECONDS)),
                    reader);
        }
    }

    /**
     * Makes a call until it succeeds.
     *
     * @param wanted whether the caller still waits
     * @param reader takes the answer; asks for it again by throwing {@link Damaged}
     * @throws UserError if the coordinator refuses it, sends damaged data again and again, or has
     *     been away for too long
     * @throws CancellationException if it isn't wanted any more, or the thread is interrupted
     * @throws UncheckedIOException if the reader throws another {@link IOException}
     */
    <P, T> T call(Call<P> call, BooleanSupplier wanted, FileTransfer.AnswerReader<P, T> reader) {
        long begun = System.nanoTime();
        long pause = FIRST_PAUSE_MS;
        int damages = 0;
        while (true) {
            require(wanted, call.what());
            long tried = System.nanoTime();
            try {
                T answer = call.once(channel, parts -> reader.read(new Heard<>(parts)));
                answered(tried);
                return answer;
            } catch (StatusRuntimeException e) {
                require(wanted, call.what());
                if (!isPassing(e.getStatus())) {
                    throw new UserError(refused(call.what(), e.getStatus()), e);
                }
                waitOrGiveUp(call.what(), begun, tried, e);
            } catch (Damaged e) {
                if (++damages == MOST_DAMAGES) {
                    throw new UserError(damaged(call.what(), e), e);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            pause = heard - tried < 0 ? pause : FIRST_PAUSE_MS;
            pause(pause, wanted);
            pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
        }
    }

    /** The parts of an answer; when the last one came is when the coordinator was last heard. */
    private final class Heard<P> implements Iterator<P> {
        private final Iterator<P> parts;

        Heard(Iterator<P> parts) {
            this.parts = parts;
        }

        @Override
        public boolean hasNext() {
            return parts.hasNext();
        }

        @Override
        public P next() {
            P part = parts.next();
            heard = System.nanoTime();
            return part;
        }
    }

    /** Only a call that began after the coordinator was lost shows that it is back. */
    private synchronized void answered(long tried) {
        heard = System.nanoTime();
        if (away && tried - awaySince > 0) {
            away = false;
            notices.accept("the coordinator answers again");
        }
    }

    /** Only a call that began after the last answer shows that the coordinator is lost. */
    private synchronized void lost(String what, long tried, Status status) {
        if (!away && heard - tried < 0) {
            away = true;
            awaySince = System.nanoTime();
            notices.accept("the coordinator can't be reached for %s (%s); what isn't cached waits for it, %s at most"
                    .formatted(what, text(status), text(patience)));
        }
    }

    private static void require(BooleanSupplier wanted, String what) {
        if (!wanted.getAsBoolean()) {
            throw new CancellationException("nobody waits for " + what + " any more");
        }
    }

    /** Whether a failure is one of the network or of the moment, not of what was asked. */
    private static boolean isPassing(Status status) {
        return switch (status.getCode()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, CANCELLED, INTERNAL, UNKNOWN -> true;
            default -> false;
        };
    }

    private void waitOrGiveUp(String what, long begun, long tried, StatusRuntimeException e) {
        long silent = System.nanoTime() - (heard - begun > 0 ? heard : begun);
        if (silent > patience.toNanos()) {
            throw new UserError(
                    "Can't read %s from the coordinator, which has not answered for %s (%s); start it, and resume the job"
                            .formatted(what, text(patience), text(e.getStatus())),
                    e);
        }
        lost(what, tried, e.getStatus());
        // Else a channel that has failed often waits minutes before it connects again.
        channel.resetConnectBackoff();
    }

    private static String refused(String what, Status status) {
        String reason = status.getDescription();
        return reason == null ? "The coordinator refuses to give %s: %s".formatted(what, status.getCode()) : reason;
    }

    private static String damaged(String what, Damaged e) {
        return "Can't read %s from the coordinator: %s, %d times in a row; check its storage and the network"
                .formatted(what, e.getMessage(), MOST_DAMAGES);
    }

    private static String text(Status status) {
        return status.getDescription() == null
                ? status.getCode().toString()
                : status.getCode() + ": " + status.getDescription();
    }

    private static String text(Duration time) {
        return time.toSeconds() < 120 ? time.toMillis() / 1000.0 + " s" : time.toMinutes() + " minutes";
    }

    private static void pause(long millis, BooleanSupplier wanted) {
        try {
            for (long left = millis; left > 0 && wanted.getAsBoolean(); left -= LOOK_UP_MS) {
                TimeUnit.MILLISECONDS.sleep(Math.min(left, LOOK_UP_MS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting for the coordinator");
        }
    }
}
