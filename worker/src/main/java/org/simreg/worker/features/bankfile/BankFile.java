package org.simreg.worker.features.bankfile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;

/** A bank's file, memory-mapped: its rows take memory only as far as they are read. */
public final class BankFile implements RowSource {
    private static final int LABELS = BankLayout.BLOCK * Long.BYTES;
    private static final int FEATURES = LABELS + BankLayout.BLOCK * Integer.BYTES;

    private final Path file;
    private final BankLayout layout;
    private final ByteBuffer[] blocks;

    private BankFile(Path file, BankLayout layout, ByteBuffer[] blocks) {
        this.file = file;
        this.layout = layout;
        this.blocks = blocks;
    }

    /**
     * Maps a file and checks its head and length; {@link #check} looks at the rows.
     *
     * @throws UserError if it can't be read or is damaged; the message names it
     */
    public static BankFile open(Path file) {
        try (FileChannel channel = UserFile.open(file)) {
            long length = channel.size();
            // The head takes at most two texts and a center.
            int start = (int) Math.min(length, 1 << 20);
            BankLayout layout = BankLayout.read(channel.map(MapMode.READ_ONLY, 0, start));
            if (length != layout.fileBytes()) {
                throw new IOException("it has %d bytes instead of %d".formatted(length, layout.fileBytes()));
            }
            return new BankFile(file, layout, map(channel, layout));
        } catch (NoSuchFileException e) {
            throw new UserError("Can't open the feature bank %s: no such file".formatted(file), e);
        } catch (IOException e) {
            throw damaged(file, Disk.reason(e), e);
        }
    }

    private static ByteBuffer[] map(FileChannel channel, BankLayout layout) throws IOException {
        ByteBuffer[] blocks = new ByteBuffer[layout.blocks()];
        int bytes = BankLayout.blockBytes(layout.dimension());
        int together = Math.max(1, (1 << 30) / bytes);
        for (int first = 0; first < blocks.length; first += together) {
            int count = Math.min(together, blocks.length - first);
            long at = layout.headBytes() + (long) first * bytes;
            ByteBuffer window = channel.map(MapMode.READ_ONLY, at, (long) count * bytes);
            for (int i = 0; i < count; i++) {
                blocks[first + i] = window.slice(i * bytes, bytes).order(ByteOrder.LITTLE_ENDIAN);
            }
        }
        return blocks;
    }

    /** The head of the file. */
    public BankLayout layout() {
        return layout;
    }

    /**
     * Compares a block with its checksum.
     *
     * @throws UserError if it differs
     */
    public void check(int block) {
        if (!BankLayout.sealed(blocks[block])) {
            throw damaged(
                    file,
                    "rows %d to %d fail their checksum"
                            .formatted(block * BankLayout.BLOCK, Math.min(size(), (block + 1) * BankLayout.BLOCK) - 1),
                    null);
        }
    }

    private static UserError damaged(Path file, String reason, IOException cause) {
        return new UserError(
                "Can't open the feature bank %s: %s; delete it and make it again".formatted(file, reason), cause);
    }

    @Override
    public int size() {
        return layout.size();
    }

    @Override
    public int dimension() {
        return layout.dimension();
    }

    @Override
    public long id(int row) {
        return blocks[row / BankLayout.BLOCK].getLong(row % BankLayout.BLOCK * Long.BYTES);
    }

    @Override
    public int label(int row) {
        return blocks[row / BankLayout.BLOCK].getInt(LABELS + row % BankLayout.BLOCK * Integer.BYTES);
    }

    @Override
    public void copy(int row, float[] into, int at) {
        int dimension = layout.dimension();
        int from = FEATURES + row % BankLayout.BLOCK * dimension * Float.BYTES;
        blocks[row / BankLayout.BLOCK]
                .slice(from, dimension * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(into, at, dimension);
    }
}
