package org.simreg.worker.data.storage.remote;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.simreg.worker.base.concurrent.Abandoned;

/**
 * The transfer of files by streaming calls: a header, then the bytes in parts. Its methods block,
 * and nothing of a call is left behind when they return or throw.
 */
public final class FileTransfer {
    private static final int PART = 1 << 18;

    private FileTransfer() {}

    /** The translation of a failed call into an exception whose message is a sentence. */
    @FunctionalInterface
    public interface Failure {
        RuntimeException of(Status status, Exception cause);
    }

    /** The writer of a file's bytes. */
    @FunctionalInterface
    public interface Content {
        /**
         * @param out not to be closed
         * @throws IOException if the bytes can't be had, or the stream threw it
         */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * A file as messages.
     *
     * @param header the first message
     * @param part makes a message of some bytes
     * @param content all of them
     */
    public record Upload<P>(P header, Function<ByteString, P> part, Content content) {}

    /** The reader of an answer's parts as they come; what is not taken is not sent. */
    @FunctionalInterface
    public interface AnswerReader<P, T> {
        T read(Iterator<P> parts) throws IOException;
    }

    /**
     * Sends a file.
     *
     * @return the answer to it
     * @throws Abandoned if the thread is interrupted, which it still is then
     * @throws UncheckedIOException if the content can't be read
     * @throws RuntimeException what {@code failure} makes of it if the call fails
     */
    public static <P, A> A put(BlockingClientCall<P, A> call, Upload<P> file, Failure failure) {
        try {
            send(call, file);
            call.halfClose();
            return call.read();
        } catch (StatusException e) {
            throw failure.of(e.getStatus(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            call.cancel("interrupted", e);
            throw new Abandoned("interrupted while a file was sent");
        } catch (IOException e) {
            call.cancel("the file can't be read", e);
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            call.cancel("the file can't be given", e);
            throw e;
        }
    }

    /** Until the call ends, perhaps before the file does: the answer says why. */
    private static <P> void send(BlockingClientCall<P, ?> call, Upload<P> file)
            throws IOException, StatusException, InterruptedException {
        try {
            Parts<P> parts = new Parts<>(call, file.part());
            parts.send(file.header());
            file.content().writeTo(parts);
            parts.flush();
        } catch (CallEnded e) {
            if (e.getCause() instanceof StatusException failed) {
                throw failed;
            } else if (e.getCause() instanceof InterruptedException interrupted) {
                throw interrupted;
            }
        }
    }

    /** The stream that cuts a file into messages of {@value #PART} bytes. */
    private static final class Parts<P> extends OutputStream {
        private final BlockingClientCall<P, ?> call;
        private final Function<ByteString, P> message;
        private byte[] part = new byte[PART];
        private int filled;

        Parts(BlockingClientCall<P, ?> call, Function<ByteString, P> message) {
            this.call = call;
            this.message = message;
        }

        void send(P part) throws CallEnded {
            try {
                if (!call.write(part)) {
                    throw new CallEnded(null);
                }
            } catch (StatusException | InterruptedException e) {
                throw new CallEnded(e);
            }
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, bytes.length);
            for (int at = offset; at < offset + length; ) {
                int count = Math.min(PART - filled, offset + length - at);
                System.arraycopy(bytes, at, part, filled, count);
                filled += count;
                at += count;
                if (filled == PART) {
                    flush();
                }
            }
        }

        /** The message keeps the bytes, so the next part has new ones. */
        @Override
        public void flush() throws IOException {
            if (filled > 0) {
                ByteString bytes = UnsafeByteOperations.unsafeWrap(part, 0, filled);
                part = new byte[PART];
                filled = 0;
                send(message.apply(bytes));
            }
        }
    }

    /** The error of writing to a call that has ended; the cause, if there is one, says why. */
    private static final class CallEnded extends IOException {
        private static final long serialVersionUID = 1;

        CallEnded(Exception cause) {
            super(cause);
        }
    }

    /**
     * Makes a call, and cancels it if its answer isn't taken to the end.
     *
     * @param call starts it, on this thread
     * @throws StatusRuntimeException if it fails
     * @throws IOException if the reader threw it
     */
    public static <P, T> T get(Supplier<Iterator<P>> call, AnswerReader<P, T> reader) throws IOException {
        Context.CancellableContext context = Context.ROOT.withCancellation();
        Context before = context.attach();
        try {
            return reader.read(call.get());
        } finally {
            context.detach(before);
            context.cancel(null);
        }
    }

    /**
     * Makes a call as {@link #get(Supplier, AnswerReader)}.
     *
     * @throws UncheckedIOException if the reader threw an {@link IOException}
     * @throws RuntimeException what {@code failure} makes of it if the call fails
     */
    public static <P, T> T get(Supplier<Iterator<P>> call, AnswerReader<P, T> reader, Failure failure) {
        try {
            return get(call, reader);
        } catch (StatusRuntimeException e) {
            throw failure.of(e.getStatus(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Writes the bytes of parts, until they exceed a length.
     *
     * @param data the bytes in a part
     * @param length that the file should have
     * @return bytes that came
     */
    public static <P> long copy(Iterator<P> parts, Function<P, ByteString> data, long length, OutputStream out)
            throws IOException {
        long came = 0;
        while (came <= length && parts.hasNext()) {
            ByteString bytes = data.apply(parts.next());
            came += bytes.size();
            if (came <= length) {
                bytes.writeTo(out);
            }
        }
        return came;
    }
}
