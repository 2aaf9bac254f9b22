package org.simreg.worker.data.dataset.folder;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import org.simreg.proto.Version;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.data.dataset.SampleBytes;

/** The bytes of a sample that is a file of its own. */
public final class FileBytes implements SampleBytes {
    private final Path file;
    private final FileChannel channel;
    private final Version version;

    private FileBytes(Path file, FileChannel channel, Version version) {
        this.file = file;
        this.channel = channel;
        this.version = version;
    }

    /** Opens a file as {@link org.simreg.worker.data.dataset.SampleSource.Stored#open}. */
    public static FileBytes of(Path file) throws IOException {
        Version version = version(file);
        return new FileBytes(file, UserFile.open(file), version);
    }

    private static Version version(Path file) throws IOException {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
        if (!found.isRegularFile()) {
            throw new AccessDeniedException(file.toString(), null, "it is no file");
        }
        Instant modified = found.lastModifiedTime().toInstant();
        return Version.newBuilder()
                .setLength(found.size())
                .setModifiedNs(modified.getEpochSecond() * 1_000_000_000L + modified.getNano())
                .build();
    }

    @Override
    public Version version() {
        return version;
    }

    @Override
    public void read(ByteBuffer into) throws IOException {
        while (into.hasRemaining() && channel.read(into) >= 0) {
            continue;
        }
    }

    @Override
    public Version now() throws IOException {
        return version(file);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
