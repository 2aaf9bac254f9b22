package org.simreg.worker.data;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.SamplePart;
import org.simreg.proto.Version;

/** Puts the pieces of samples together and checks them, in the order they were asked for. */
final class Assembly {
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
    Optional<Arrival> add(SamplePart part) throws RetriedCalls.Damaged {
        begin(part);
        switch (part.getEndCase()) {
            case UNREADABLE:
                return end(new Arrival.Unreadable(part.getId(), part.getUnreadable()));
            case UNCHANGED:
                if (!current.hasHeld()) {
                    throw new RetriedCalls.Damaged(
                            "sample %d is said to be unchanged, but is not held"
                                    .formatted(part.getId()));
                }
                return end(new Arrival.Unchanged(part.getId()));
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
                            : "sample %d comes in place of %d"
                                    .formatted(part.getId(), current.getId()));
        }
    }

    private void take(SamplePart part) throws RetriedCalls.Damaged {
        if (!part.getVersion().equals(version)) {
            throw new RetriedCalls.Damaged(
                    "the version of sample %d differs in it".formatted(part.getId()));
        }
        data = data.concat(part.getData());
        for (ByteBuffer piece : part.getData().asReadOnlyByteBufferList()) {
            sum.update(piece);
        }
        if (data.size() > version.getLength()) {
            throw lengthOf(part.getId());
        }
    }

    private Arrival checked(int crc32c) throws RetriedCalls.Damaged {
        if (data.size() != version.getLength()) {
            throw lengthOf(current.getId());
        }
        if ((int) sum.getValue() != crc32c) {
            throw new RetriedCalls.Damaged(
                    "the CRC32C of sample %d is %08x, not the announced %08x"
                            .formatted(current.getId(), sum.getValue(), crc32c));
        }
        return new Arrival.File(current.getId(), version, data, crc32c);
    }

    private RetriedCalls.Damaged lengthOf(int id) {
        return new RetriedCalls.Damaged(
                "sample %d has %d bytes, not the announced %d"
                        .formatted(id, data.size(), version.getLength()));
    }

    private Optional<Arrival> end(Arrival arrival) {
        current = null;
        data = ByteString.EMPTY;
        sum.reset();
        return Optional.of(arrival);
    }

    /** Called after the last piece. */
    void finish() throws RetriedCalls.Damaged {
        if (current != null || expected.hasNext()) {
            throw new RetriedCalls.Damaged(
                    "the answer ends at sample %d"
                            .formatted(
                                    current == null ? expected.next().getId() : current.getId()));
        }
    }
}
