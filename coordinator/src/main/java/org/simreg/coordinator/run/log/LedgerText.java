package org.simreg.coordinator.run.log;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.UserError;

/**
 * The intact lines of a ledger file in memory: where each begins, and each as an entry. They end
 * before the first that isn't as it was written. Only checksums are read at first; a line is parsed
 * when it is asked for.
 */
public final class LedgerText {
    private final Path path;
    private final ByteBuffer bytes;
    private int[] starts = new int[1024];
    private int lines;
    private int end;
    private int chain;
    private int behind;

    private LedgerText(Path path, ByteBuffer bytes) {
        this.path = path;
        this.bytes = bytes;
    }

    /**
     * Reads a ledger as far as its lines are whole.
     *
     * @throws UserError if whole lines follow one that isn't; the message has its number
     */
    static LedgerText read(Path path, FileChannel file) throws IOException {
        LedgerText text = new LedgerText(path, map(path, file));
        text.scan();
        if (text.behind > 0) {
            throw new UserError(
                    "Line %d of %s is damaged or was changed, and %d whole lines follow it; restore the file from a copy, or move it away and resume: then a new one begins at the newest checkpoint"
                            .formatted(text.lines + 1, path, text.behind));
        }
        return text;
    }

    /** All of a file for the audit: every line, whole or not, but for an unfinished last one. */
    public static ByteBuffer map(Path path, FileChannel file) throws IOException {
        if (file.size() > Integer.MAX_VALUE) {
            throw new UserError("%s has more than 2 GiB and can't be read".formatted(path));
        }
        return file.map(FileChannel.MapMode.READ_ONLY, 0, file.size());
    }

    private void scan() {
        int before = 0;
        int at = 0;
        boolean broken = false;
        for (int next = lineEnd(bytes, at); next >= 0; next = lineEnd(bytes, at)) {
            ByteBuffer line = bytes.slice(at, next - at);
            boolean intact = LedgerLine.isIntact(line, before);
            broken |= !intact;
            before = LedgerLine.chain(line).orElse(before);
            at = next + 1;
            if (broken) {
                behind += intact ? 1 : 0;
            } else {
                add(at - line.limit() - 1);
                end = at;
                chain = before;
            }
        }
    }

    private void add(int start) {
        if (lines == starts.length) {
            starts = Arrays.copyOf(starts, 2 * lines);
        }
        starts[lines++] = start;
    }

    /** Place of the next line end; -1 if there is none. */
    public static int lineEnd(ByteBuffer bytes, int from) {
        for (int i = from; i < bytes.limit(); i++) {
            if (bytes.get(i) == '\n') {
                return i;
            }
        }
        return -1;
    }

    int lines() {
        return lines;
    }

    /** Where the whole lines end. */
    int end() {
        return end;
    }

    /** Chain value of the last whole line. */
    int chain() {
        return chain;
    }

    /**
     * @param line from 0
     * @throws UserError if it is no entry
     */
    LedgerEntry entry(int line) {
        int next = line + 1 < lines ? starts[line + 1] : end;
        try {
            return LedgerLine.parse(bytes.slice(starts[line], next - 1 - starts[line]));
        } catch (InvalidProtocolBufferException e) {
            throw new UserError(
                    "Line %d of %s is no entry of a ledger: %s".formatted(line + 1, path, e.getMessage()), e);
        }
    }
}
