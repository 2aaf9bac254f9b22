package org.simreg.coordinator.search.bank;

import java.nio.file.Path;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;

/** A text file that has a line for each row of a bank, read line by line in the rows' order. */
final class RowLines implements AutoCloseable {
    private final Path file;
    private final int rows;
    private final UserFile.Lines lines;
    private int read;

    private RowLines(Path file, int rows, UserFile.Lines lines) {
        this.file = file;
        this.rows = rows;
        this.lines = lines;
    }

    /**
     * @param rows of the bank
     * @throws UserError if the file can't be read
     */
    static RowLines open(Path file, int rows) {
        return new RowLines(file, rows, Disk.read(file, () -> new UserFile.Lines(file)));
    }

    /**
     * The line of the next row.
     *
     * @throws UserError if there is none, or it can't be read
     */
    String next() {
        String line = Disk.read(file, lines::next);
        if (line == null) {
            throw new UserError("%s has %d lines, but there are %d rows of features; give a line a row"
                    .formatted(file, read, rows));
        }
        read++;
        return line;
    }

    /**
     * Checks, after the last row's line, that none follows.
     *
     * @throws UserError if one does
     */
    void requireEnd() {
        if (Disk.read(file, lines::next) != null) {
            throw new UserError("%s has more than %d lines, but there are %d rows of features; give a line a row"
                    .formatted(file, rows, rows));
        }
    }

    @Override
    public void close() {
        Disk.read(file, () -> {
            lines.close();
            return null;
        });
    }
}
