package org.simreg.worker.data.storage.remote;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.ReadRequest;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.SamplePart;
import org.simreg.proto.SamplesGrpc.SamplesBlockingStub;
import org.simreg.proto.Split;
import org.simreg.proto.Version;
import org.simreg.worker.data.cache.SampleFetch;

/** A reader of one part of a data set at the coordinator, many samples in a call. */
final class SampleReader implements SampleFetch {
    private static final int CALL_SECONDS = 120;
    private static final int MOST_A_CALL = 1024;

    private final RetriedCalls calls;
    private final ReadRequest head;
    private final String what;

    SampleReader(RetriedCalls calls, Dataset dataset, Split split, String sha256) {
        this.calls = calls;
        head = ReadRequest.newBuilder()
                .setDataset(dataset)
                .setSplit(split)
                .setSha256(sha256)
                .build();
        what = "images of " + DataSource.shown(dataset);
    }

    /** Reads samples, also if it takes several calls; what came is not asked for again. */
    @Override
    public void read(List<Wanted> samples, BooleanSupplier wanted, Consumer<Answer> taker) {
        Reading reading = new Reading(samples, wanted, taker);
        RetriedCalls.Call<SamplePart> call = new RetriedCalls.Call<>(what, CALL_SECONDS, reading::ask);
        while (!reading.isDone()) {
            calls.call(call, wanted, reading::take);
        }
    }

    /** A request for samples, over as many calls as it takes. */
    private final class Reading {
        private final Map<Integer, Wanted> missing = new LinkedHashMap<>();
        private final BooleanSupplier wanted;
        private final Consumer<Answer> taker;
        private Assembly assembly;

        Reading(List<Wanted> samples, BooleanSupplier wanted, Consumer<Answer> taker) {
            this.wanted = wanted;
            this.taker = taker;
            samples.forEach(sample -> missing.put(sample.getId(), sample));
        }

        boolean isDone() {
            return missing.isEmpty();
        }

        /** Asks for what hasn't come, as much as goes in a call. */
        Iterator<SamplePart> ask(SamplesBlockingStub stub) {
            List<Wanted> some = missing.values().stream().limit(MOST_A_CALL).toList();
            assembly = new Assembly(some);
            return stub.read(head.toBuilder().addAllSamples(some).build());
        }

        Boolean take(Iterator<SamplePart> parts) throws RetriedCalls.Damaged {
            while (parts.hasNext()) {
                assembly.add(parts.next()).ifPresent(this::arrived);
                if (!wanted.getAsBoolean()) {
                    throw new CancellationException("nobody waits for " + what + " any more");
                }
            }
            assembly.finish();
            return true;
        }

        private void arrived(Answer answer) {
            missing.remove(answer.id());
            taker.accept(answer);
        }
    }

    /** The assembly of samples from pieces, checked, in the order they were asked for. */
    private static final class Assembly {
        private final Iterator<Wanted> expected;
        private final CRC32C sum = new CRC32C();
        private Wanted current;
        private ByteString data = ByteString.EMPTY;
        private Version version;

        Assembly(List<Wanted> asked) {
            expected = asked.iterator();
        }

        /**
         * Takes the next piece.
         *
         * @return the sample that it ends, if it does
         */
        Optional<Answer> add(SamplePart part) throws RetriedCalls.Damaged {
            begin(part);
            switch (part.getEndCase()) {
                case UNREADABLE:
                    return end(new Answer.Unreadable(part.getId(), part.getUnreadable()));
                case UNCHANGED:
                    if (!current.hasHeld()) {
                        throw new RetriedCalls.Damaged(
                                "sample %d is said to be unchanged, but is not held".formatted(part.getId()));
                    }
                    return end(new Answer.Unchanged(part.getId()));
                case CRC32C:
                    take(part);
                    return end(checked(part.getCrc32C()));
                default:
                    take(part);
                    return Optional.empty();
            }
        }

        private void begin(SamplePart part) throws RetriedCalls.Damaged {
            if (current == null) {
                current = expected.hasNext() ? expected.next() : null;
                version = part.getVersion();
            }
            if (current == null || current.getId() != part.getId()) {
                throw new RetriedCalls.Damaged(
                        current == null
                                ? "more samples come than were asked for"
                                : "sample %d comes in place of %d".formatted(part.getId(), current.getId()));
            }
        }

        private void take(SamplePart part) throws RetriedCalls.Damaged {
            if (!part.getVersion().equals(version)) {
                throw new RetriedCalls.Damaged("the version of sample %d differs in it".formatted(part.getId()));
            }
            data = data.concat(part.getData());
            for (ByteBuffer piece : part.getData().asReadOnlyByteBufferList()) {
                sum.update(piece);
            }
            if (data.size() > version.getLength()) {
                throw lengthOf(part.getId());
            }
        }

        private Answer checked(int crc32c) throws RetriedCalls.Damaged {
            if (data.size() != version.getLength()) {
                throw lengthOf(current.getId());
            }
            if ((int) sum.getValue() != crc32c) {
                throw new RetriedCalls.Damaged("the CRC32C of sample %d is %08x, not the announced %08x"
                        .formatted(current.getId(), sum.getValue(), crc32c));
            }
            return new Answer.File(current.getId(), version, data, crc32c);
        }

        private RetriedCalls.Damaged lengthOf(int id) {
            return new RetriedCalls.Damaged(
                    "sample %d has %d bytes, not the announced %d".formatted(id, data.size(), version.getLength()));
        }

        private Optional<Answer> end(Answer answer) {
            current = null;
            data = ByteString.EMPTY;
            sum.reset();
            return Optional.of(answer);
        }

        /** Called after the last piece. */
        void finish() throws RetriedCalls.Damaged {
            if (current != null || expected.hasNext()) {
                throw new RetriedCalls.Damaged("the answer ends at sample %d"
                        .formatted(current == null ? expected.next().getId() : current.getId()));
            }
        }
    }
}
