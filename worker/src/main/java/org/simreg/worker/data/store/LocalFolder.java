package org.simreg.worker.data.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.base.io.UserFile;

/**
 * A folder of a file system that files are written to.
 *
 * @param folder made with the first file
 */
public record LocalFolder(Path folder) implements FileFolder {
    @Override
    public String place(String name) {
        return folder.resolve(name).toString();
    }

    @Override
    public boolean isEmpty() {
        return Disk.read(folder, () -> {
            if (!Files.exists(folder)) {
                return true;
            }
            try (Stream<Path> entries = Files.list(folder)) {
                return entries.findAny().isEmpty();
            }
        });
    }

    @Override
    public Optional<String> text(String name) {
        Path file = folder.resolve(name);
        return Disk.read(
                file,
                () -> Files.exists(file) ? Optional.of(UserFile.text(file, MOST_TEXT)) : Optional.<String>empty());
    }

    @Override
    public Optional<Written> find(String name) {
        Path file = folder.resolve(name);
        return Disk.read(file, () -> Files.exists(file) ? Optional.of(written(file)) : Optional.<Written>empty());
    }

    private static Written written(Path file) throws IOException {
        return new Written(Files.size(file), Sha256.of(file));
    }

    @Override
    public Written write(String name, Content content) {
        Path file = folder.resolve(name);
        AtomicFile.write(file, content::write);
        return Disk.read(file, () -> written(file));
    }
}
