package org.simreg.worker.weights.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.weights.format.ForeignFormat;
import org.simreg.worker.weights.format.ShardIndex;
import org.simreg.worker.weights.tensor.CorruptFile;

/** A folder that stands for a file of weights: an unpacked archive, or what Hugging Face's libraries save. */
final class WeightFolder {
    private static final List<String> INDEXES = List.of("model.safetensors.index.json", "pytorch_model.bin.index.json");
    private static final List<String> WHOLE = List.of("model.safetensors", "pytorch_model.bin");

    private WeightFolder() {}

    /** The folder that an archive was unpacked into: this one, or the only one in it. */
    static Optional<Path> archive(Path folder) throws IOException {
        if (Files.isRegularFile(folder.resolve("data.pkl"))) {
            return Optional.of(folder);
        }
        try (Stream<Path> inside = Files.list(folder)) {
            List<Path> folders = inside.filter(
                            file -> !String.valueOf(file.getFileName()).startsWith(".") && !isFinders(file))
                    .limit(2)
                    .toList();
            return folders.size() == 1 && Files.isRegularFile(folders.get(0).resolve("data.pkl"))
                    ? Optional.of(folders.get(0))
                    : Optional.empty();
        }
    }

    /** Whether macOS has put it beside what others made. */
    private static boolean isFinders(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.equals(".DS_Store") || name.equals("__MACOSX") || name.startsWith("._");
    }

    /** The file in a folder that names all weights; empty if there is none. */
    static Optional<Path> file(Path folder) {
        return Stream.concat(INDEXES.stream(), WHOLE.stream())
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /** The file with all weights in a folder that has one; else the path itself. */
    static Path whole(Path path) {
        return file(path).orElse(path);
    }

    /** Whether a folder holds weights, or those of a format that is known by sight. */
    static boolean isWeights(Path folder) {
        try {
            return archive(folder).isPresent()
                    || file(folder).isPresent()
                    || ForeignFormat.ofFolder(folder).isPresent();
        } catch (IOException e) {
            return false;
        }
    }

    /** SHA-256 of a file, of an index with its shards, or of a folder: over the names and digests of its files. */
    static String sha256(Path path) throws IOException {
        List<Path> files = new ArrayList<>();
        if (Files.isDirectory(path)) {
            Optional<Path> archive = archive(path);
            if (archive.isEmpty()) {
                return sha256(file(path).orElseThrow(() -> new CorruptFile("it is a folder; name a file")));
            }
            try (Stream<Path> all = Files.walk(archive.get(), 3)) {
                all.filter(Files::isRegularFile)
                        .filter(file -> !isFinders(file) && !isFinders(file.getParent()))
                        .sorted()
                        .forEach(files::add);
            }
        } else if (ShardIndex.isIndex(path)) {
            files.add(path);
            files.addAll(ShardIndex.read(path).shards());
        } else {
            return Sha256.of(path);
        }
        StringBuilder digests = new StringBuilder();
        for (Path file : files) {
            digests.append(file.getFileName())
                    .append(' ')
                    .append(Sha256.of(file))
                    .append('\n');
        }
        return Sha256.of(digests.toString());
    }
}
