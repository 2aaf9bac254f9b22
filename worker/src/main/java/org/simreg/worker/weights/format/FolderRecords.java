package org.simreg.worker.weights.format;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.MappedFile;

/** The records of an archive that was unpacked into a folder, as macOS does with a {@code .pth}. */
final class FolderRecords implements Records {
    private static final int MAX_FILES = 1_000_000;

    private final Map<String, Path> files = new LinkedHashMap<>();

    FolderRecords(Path folder) throws IOException {
        for (Path file : files(folder)) {
            files.put(folder.relativize(file).toString().replace('\\', '/'), file);
        }
    }

    /** Regular files of a folder and two levels below it, in name order. */
    static List<Path> files(Path folder) throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> all = Files.walk(folder, 3)) {
            all.filter(Files::isRegularFile).limit(MAX_FILES).sorted().forEach(found::add);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return found;
    }

    @Override
    public Iterable<String> names() {
        return files.keySet();
    }

    @Override
    public boolean contains(String name) {
        return files.containsKey(name);
    }

    @Override
    public long size(String name) throws CorruptFile {
        try {
            return Files.size(file(name));
        } catch (IOException e) {
            throw new CorruptFile("its record " + name + " can't be read: " + Disk.reason(e));
        }
    }

    @Override
    public ByteBuffer data(String name) throws CorruptFile {
        try {
            MappedFile mapped = MappedFile.open(file(name));
            return mapped.slice(0, mapped.size());
        } catch (CorruptFile e) {
            throw e;
        } catch (IOException e) {
            throw new CorruptFile("its record " + name + " can't be read: " + Disk.reason(e));
        }
    }

    private Path file(String name) throws CorruptFile {
        Path file = files.get(name);
        if (file == null) {
            throw new CorruptFile("its record " + name + " is missing");
        }
        return file;
    }
}
