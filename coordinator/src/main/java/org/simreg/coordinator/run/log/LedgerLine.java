package org.simreg.coordinator.run.log;

import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.zip.CRC32C;
import org.simreg.proto.LedgerEntry;

/**
 * The lines of a ledger: each an entry as JSON whose last field, {@code chain}, is the CRC32C of
 * the chain value of the line before (4 bytes, 0 before the first line) and all of this line that
 * stands before the field. A changed, missing, added or moved line breaks the chain at its place
 * only.
 */
public final class LedgerLine {
    private static final byte[] FIELD = ",\"chain\":\"".getBytes(StandardCharsets.US_ASCII);
    private static final short END = '"' << 8 | '}';
    private static final int TAIL = FIELD.length + 8 + 2;

    private LedgerLine() {}

    /**
     * @param before chain value of the line before
     * @return with line end
     */
    public static byte[] of(LedgerEntry entry, int before) {
        String json = EventJson.line(entry);
        String body = json.substring(0, json.length() - 1);
        int chain = computed(before, ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)));
        return (body + ",\"chain\":\"%08x\"}\n".formatted(chain)).getBytes(StandardCharsets.UTF_8);
    }

    /** The chain value that stands in a line; empty if it isn't a line of a ledger. */
    public static OptionalInt chain(ByteBuffer line) {
        int field = line.limit() - TAIL;
        if (field <= 0
                || !line.slice(field, FIELD.length).equals(ByteBuffer.wrap(FIELD))
                || line.getShort(line.limit() - 2) != END) {
            return OptionalInt.empty();
        }
        int chain = 0;
        for (int at = field + FIELD.length; at < line.limit() - 2; at++) {
            int digit = "0123456789abcdef".indexOf(line.get(at));
            if (digit < 0) {
                return OptionalInt.empty();
            }
            chain = chain << 4 | digit;
        }
        return OptionalInt.of(chain);
    }

    /**
     * Whether a line is as it was written.
     *
     * @param line without its end, from position to limit
     * @param before chain value of the line before
     */
    public static boolean isIntact(ByteBuffer line, int before) {
        OptionalInt written = chain(line);
        return written.isPresent() && written.getAsInt() == computed(before, line.slice(0, line.limit() - TAIL));
    }

    private static int computed(int before, ByteBuffer body) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(4).putInt(0, before));
        crc.update(body);
        return (int) crc.getValue();
    }

    /**
     * @throws InvalidProtocolBufferException if it is no entry
     */
    public static LedgerEntry parse(ByteBuffer line) throws InvalidProtocolBufferException {
        LedgerEntry.Builder entry = LedgerEntry.newBuilder();
        EventJson.merge(StandardCharsets.UTF_8.decode(line.duplicate()).toString(), entry);
        return entry.build();
    }
}
