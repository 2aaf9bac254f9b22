package org.simreg.worker.data.dataset.tar;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.simreg.proto.DataSource;
import org.simreg.proto.UserError;
import org.simreg.worker.data.store.FileStore;

/**
 * A walk over the headers of one tar, which may be a stretch of another; the data between is not read. GNU's and
 * POSIX's long names and sizes are the library's business.
 *
 * @param reader of the file
 * @param headers bytes that are read at once where a header is
 * @param shown the tar's name, for messages
 * @param from where it begins in the file
 * @param end where it ends
 */
record TarScan(FileStore.Reader reader, int headers, String shown, long from, long end) {
    private static final int RECORD = 512;

    /** Where bytes behind the end mark are looked for: files joined by cat. */
    private static final int PROBED = 1 << 20;

    /** What is told about each member. */
    interface Visitor {
        /**
         * A member.
         *
         * @param entry its header
         * @param offset where its data begins in the file
         * @param data its data, read only where it is asked for
         */
        void member(TarArchiveEntry entry, long offset, TarArchiveInputStream data) throws IOException;
    }

    /**
     * Walks over all members.
     *
     * @throws UserError if it is no whole, uncompressed tar
     * @throws IOException if the file can't be read
     */
    void walk(Visitor visitor) throws IOException {
        requireTar();
        TarWindow window = new TarWindow(reader, headers, from, end);
        String last = "";
        long lastEnd = from;
        try (TarArchiveInputStream tar = new TarArchiveInputStream(window, RECORD, RECORD, "UTF-8")) {
            TarArchiveEntry entry = tar.getNextEntry();
            while (entry != null) {
                if (!entry.isCheckSumOK()) {
                    throw new UserError(
                            "%s is damaged behind its member '%s': the next header's checksum is wrong; copy it again"
                                    .formatted(shown, last));
                }
                last = entry.getName();
                if (!entry.isSparse() && window.left() < entry.getSize()) {
                    throw truncated(last);
                }
                lastEnd = window.position() + entry.getSize();
                visitor.member(entry, window.position(), tar);
                entry = tar.getNextEntry();
            }
            requireEnd(window.position(), lastEnd, last);
        } catch (IllegalArgumentException e) {
            throw new UserError(
                    "%s is no tar, or is damaged behind its member '%s' (%s); copy it again"
                            .formatted(shown, last, e.getMessage()),
                    e);
        } catch (IOException e) {
            if (window.left() <= 0 || String.valueOf(e.getMessage()).contains("runcated")) {
                throw truncated(last);
            }
            throw new UserError(
                    "%s is no tar, or is damaged behind its member '%s' (%s); copy it again"
                            .formatted(shown, last, e.getMessage()),
                    e);
        }
    }

    private UserError truncated(String last) {
        return new UserError("%s is cut short at its member '%s': it ends after %d bytes; copy it again"
                .formatted(shown, last, end - from));
    }

    private void requireTar() throws IOException {
        ByteBuffer head = ByteBuffer.allocate((int) Math.min(RECORD, end - from));
        reader.read(from, head);
        byte[] bytes = Arrays.copyOf(head.array(), RECORD);
        if (starts(bytes, 0x1F, 0x8B)) {
            throw compressed("gzip", "gzip -d");
        } else if (starts(bytes, 0x28, 0xB5, 0x2F, 0xFD)) {
            throw compressed("zstd", "zstd -d");
        } else if (starts(bytes, 0xFD, '7', 'z', 'X')) {
            throw compressed("xz", "xz -d");
        } else if (starts(bytes, 'B', 'Z', 'h')) {
            throw compressed("bzip2", "bzip2 -d");
        } else if (head.position() < RECORD) {
            throw new UserError("%s is no tar: it has %d bytes; check what it is".formatted(shown, end - from));
        }
    }

    private UserError compressed(String by, String command) {
        if (DataSource.isObjects(shown)) {
            return new UserError(
                    "%s is compressed (%s), so its pictures can't be read in place; unpack the tar itself, which pictures hardly grow by: aws s3 cp '%s' - | %s | aws s3 cp - '%s'"
                            .formatted(shown, by, shown, command, shown.replaceFirst("\\.\\w+$", "")));
        }
        return new UserError(
                "%s is compressed (%s), so its pictures can't be read in place; unpack the tar itself, which pictures hardly grow by: %s '%s'"
                        .formatted(shown, by, command, shown));
    }

    private static boolean starts(byte[] bytes, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if ((bytes[i] & 0xFF) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    /** A tar that was cut between two members has no end mark; joined ones have more behind it. */
    private void requireEnd(long position, long lastEnd, String last) throws IOException {
        ByteBuffer rest = ByteBuffer.allocate((int) Math.min(PROBED, end - position));
        reader.read(position, rest);
        boolean mark = position - RECORD >= lastEnd && isZero(position - RECORD);
        if (!mark) {
            throw truncated(last);
        }
        for (int i = 0; i < rest.position(); i++) {
            if (rest.get(i) != 0) {
                throw new UserError(
                        "%s has more behind its end mark, as files joined by cat do; name the parts one by one, or pack them again"
                                .formatted(shown));
            }
        }
    }

    private boolean isZero(long at) throws IOException {
        ByteBuffer record = ByteBuffer.allocate(RECORD);
        reader.read(at, record);
        return !record.hasRemaining() && Arrays.equals(record.array(), new byte[RECORD]);
    }
}
