package org.simreg.coordinator.search.bank;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;

/**
 * The file with the names of a bank's rows, by id: N, N + 1 offsets, the names in UTF-8. Names are
 * read from the disk when they are asked for, so that millions take no memory. Safe for all
 * threads.
 */
final class BankNames implements BankView.Naming, AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final Path file;
    private final FileChannel channel;

    /** Opened when it is first asked for; guarded by this. */
    private NameIndex index;

    private BankNames(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Writes the names of ids 0 to count - 1, whole or not at all.
     *
     * @throws UserError if the file can't be written
     */
    static void write(Path file, long count, LongFunction<String> name) {
        AtomicFile.write(file, out -> {
            ByteBuffer offsets = ByteBuffer.allocate(BUFFER);
            ByteBuffer texts = ByteBuffer.allocate(BUFFER);
            long offsetsAt = 0;
            long textsAt = Long.BYTES * (count + 2);
            long end = textsAt;
            offsets.putLong(count).putLong(end);
            for (long id = 0; id < count; id++) {
                byte[] text = name.apply(id).getBytes(StandardCharsets.UTF_8);
                end += text.length;
                if (offsets.remaining() < Long.BYTES) {
                    offsetsAt += flush(out, offsets, offsetsAt);
                }
                offsets.putLong(end);
                if (texts.remaining() < text.length) {
                    textsAt += flush(out, texts, textsAt);
                }
                if (text.length > BUFFER) {
                    textsAt += flush(out, ByteBuffer.wrap(text).position(text.length), textsAt);
                } else {
                    texts.put(text);
                }
            }
            flush(out, offsets, offsetsAt);
            flush(out, texts, textsAt);
        });
    }

    private static int flush(FileChannel out, ByteBuffer bytes, long at) throws IOException {
        bytes.flip();
        int length = bytes.remaining();
        while (bytes.hasRemaining()) {
            out.write(bytes, at + bytes.position());
        }
        bytes.clear();
        return length;
    }

    /**
     * @throws UserError if the file can't be read
     */
    static BankNames open(Path file) {
        try {
            return new BankNames(file, FileChannel.open(file, StandardOpenOption.READ));
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /**
     * The name of a row.
     *
     * @throws UserError if the file can't be read, or has no such row
     */
    @Override
    public String of(long id) {
        try {
            ByteBuffer offsets = read(Long.BYTES * (id + 1), 2 * Long.BYTES);
            long from = offsets.getLong();
            long length = offsets.getLong() - from;
            ByteBuffer text = read(from, Math.toIntExact(length));
            return StandardCharsets.UTF_8.decode(text).toString();
        } catch (IOException | IllegalArgumentException | ArithmeticException e) {
            throw unreadable(file, e);
        }
    }

    @Override
    public OptionalLong find(String name) {
        return index().candidates(name).filter(id -> of(id).equals(name)).min();
    }

    /** Made by the first who asks; others wait for it. */
    private synchronized NameIndex index() {
        if (index == null) {
            index = NameIndex.open(file.resolveSibling("names.index"), count(), this::of);
        }
        return index;
    }

    private long count() {
        try {
            return read(0, Long.BYTES).getLong();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private ByteBuffer read(long at, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at + bytes.position()) < 0) {
                throw new IOException("it ends at byte " + channel.size());
            }
        }
        return bytes.flip();
    }

    private static UserError unreadable(Path file, Exception e) {
        return new UserError(
                "Can't read the names of a bank's rows from %s: %s; make the bank again"
                        .formatted(file, e instanceof IOException failure ? Disk.reason(failure) : e.getMessage()),
                e);
    }

    @Override
    public synchronized void close() {
        try {
            if (index != null) {
                index.close();
            }
            channel.close();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }
}
