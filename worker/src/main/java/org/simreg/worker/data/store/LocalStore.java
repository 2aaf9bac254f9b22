package org.simreg.worker.data.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.io.UserFile;

/**
 * The file systems that this process sees.
 *
 * @param roots below which files must lie to be read, links resolved
 */
public record LocalStore(Roots roots) implements FileStore {
    private static final int PAGE = 4096;

    private static final Comparator<String> BYTES = Comparator.comparing(FileNames::bytes, Arrays::compareUnsigned);

    @Override
    public List<StoredFile> find(String pattern) {
        List<StoredFile> found = new ArrayList<>();
        for (String one : FilePattern.expanded(pattern)) {
            if (FilePattern.isWild(one)) {
                listed(one).forEach(path -> found.add(file(path, pattern)));
            } else {
                found.add(file(one, pattern));
            }
        }
        if (found.isEmpty()) {
            throw new UserError("No file is named like %s; check the pattern".formatted(pattern));
        }
        return found.stream()
                .distinct()
                .sorted(Comparator.comparing(StoredFile::path, BYTES))
                .toList();
    }

    /** Names in one folder; wildcards stand in the last name only. */
    private static List<String> listed(String pattern) {
        int slash = pattern.lastIndexOf('/');
        String folder = pattern.substring(0, slash + 1);
        if (FilePattern.isWild(folder)) {
            throw new UserError("%s: wildcards are for the file's name, not for folders".formatted(pattern));
        }
        Pattern name = FilePattern.name(pattern.substring(slash + 1));
        List<String> found = new ArrayList<>();
        try {
            Path real = Path.of(folder.isEmpty() ? "." : folder);
            UserFile.requireFolder(real);
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(real)) {
                for (Path entry : entries) {
                    String text = FileNames.of(entry);
                    if (name.matcher(text).matches()) {
                        found.add(folder + text);
                    }
                }
            }
        } catch (DirectoryIteratorException e) {
            throw unlisted(pattern, e.getCause());
        } catch (IOException e) {
            throw unlisted(pattern, e);
        }
        return found;
    }

    private static UserError unlisted(String pattern, IOException e) {
        return new UserError(
                "The folder of %s can't be listed (%s); check the path".formatted(pattern, Disk.reason(e)), e);
    }

    private StoredFile file(String path, String pattern) {
        if (!roots.hold(local(path))) {
            throw new UserError("%s is not below %s (--root)".formatted(path, roots));
        }
        try {
            UserFile.requireRegular(local(path));
            return stored(path);
        } catch (NoSuchFileException e) {
            String of = path.equals(pattern) ? "" : ", one of " + pattern;
            throw new UserError("There is no file %s%s; check the path".formatted(path, of), e);
        } catch (IOException e) {
            throw new UserError("%s can't be read: %s".formatted(path, Disk.reason(e)), e);
        }
    }

    private static StoredFile stored(String path) throws IOException {
        BasicFileAttributes found = Files.readAttributes(local(path), BasicFileAttributes.class);
        Instant changed = found.lastModifiedTime().toInstant();
        return new StoredFile(path, found.size(), changed.getEpochSecond() * 1_000_000_000L + changed.getNano());
    }

    private static Path local(String path) {
        return path.startsWith("/")
                ? FileNames.resolve(Path.of("/"), path.substring(1))
                : FileNames.resolve(Path.of(""), path);
    }

    @Override
    public int threads() {
        return Math.max(4, 2 * Runtime.getRuntime().availableProcessors());
    }

    @Override
    public int cheapBytes() {
        return PAGE;
    }

    @Override
    public Reader open(StoredFile file, BooleanSupplier wanted) throws IOException {
        FileChannel channel = UserFile.open(local(file.path()));
        try {
            if (!stored(file.path()).equals(file)) {
                throw new IOException(
                        "%s has changed since it was listed; leave the files of a running job alone, and start it again"
                                .formatted(file.path()));
            }
            return new Open(channel);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private record Open(FileChannel channel) implements Reader {
        @Override
        public void read(long from, ByteBuffer into) throws IOException {
            long at = from;
            while (into.hasRemaining()) {
                int read = channel.read(into, at);
                if (read < 0) {
                    return;
                }
                at += read;
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
