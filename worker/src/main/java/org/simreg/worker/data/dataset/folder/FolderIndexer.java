package org.simreg.worker.data.dataset.folder;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.SampleIndex;

/**
 * A builder of data sets' indexes: it lists folders, several classes at once, and reads no file.
 */
final class FolderIndexer {
    private static final String LAYOUTS =
            "a data set is train/CLASS/* and val/CLASS/*, or CLASS/*, or one folder of images";

    /** Listing waits for disks and networks more than for processors. */
    private static final int THREADS = Math.max(8, 2 * Runtime.getRuntime().availableProcessors());

    private final Path root;
    private final Walk walk;

    private FolderIndexer(Path root, ImageDataset.IndexProgress progress) {
        this.root = root;
        walk = new Walk(root, progress);
    }

    /**
     * @throws UserError if the folder is missing, holds no images, or mixes images and class
     *     folders
     */
    static SampleIndex of(Path root, ImageDataset.IndexProgress progress) {
        if (!Files.isDirectory(root)) {
            throw new UserError("The data set %s is no folder; %s".formatted(root, LAYOUTS));
        }
        ExecutorService threads = NamedThreads.numbered("index", THREADS);
        try {
            return new FolderIndexer(root, progress).build(threads);
        } finally {
            threads.shutdownNow();
        }
    }

    private SampleIndex build(ExecutorService threads) {
        List<SampleIndex.FolderPart> parts = new ArrayList<>();
        if (Files.isDirectory(root.resolve("train"))) {
            walk.list("");
            parts.add(part("train", threads));
            if (Files.isDirectory(root.resolve("val"))) {
                parts.add(part("val", threads));
            }
        } else {
            parts.add(part("", threads));
        }
        return new SampleIndex(walk.listed(), List.copyOf(parts));
    }

    private SampleIndex.FolderPart part(String folder, ExecutorService threads) {
        Walk.Entries entries = walk.list(folder);
        Path path = root.resolve(folder);
        if (entries.folders().isEmpty()) {
            List<byte[][]> images = new ArrayList<>();
            images.add(sorted(entries.images()));
            return assemble(folder, false, List.of(""), images);
        }
        if (!entries.images().isEmpty()) {
            throw new UserError(
                    "The data set's folder %s holds both class folders (%s, ..) and images (%s, ..); move the images away or into a class; %s"
                            .formatted(
                                    path,
                                    entries.folders().get(0),
                                    entries.images().get(0),
                                    LAYOUTS));
        }
        List<String> classes = text(sorted(entries.folders()));
        String prefix = folder.isEmpty() ? "" : folder + "/";
        List<Future<byte[][]>> listings = classes.stream()
                .map(name -> threads.submit(() -> sorted(walk.below(prefix + name))))
                .toList();
        return assemble(
                folder,
                true,
                classes,
                listings.stream().map(FolderIndexer::result).toList());
    }

    /** Class folders without images are no classes. */
    private SampleIndex.FolderPart assemble(
            String folder, boolean labelled, List<String> classes, List<byte[][]> images) {
        List<String> filled = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        int size = images.stream().mapToInt(names -> names.length).sum();
        if (size == 0) {
            throw new UserError("The data set's folder %s holds no images (jpg, png, webp, gif, bmp); %s"
                    .formatted(root.resolve(folder), LAYOUTS));
        }
        int[] nameEnds = new int[size];
        ByteArrayOutputStream names = new ByteArrayOutputStream(32 * size);
        int image = 0;
        for (int label = 0; label < classes.size(); label++) {
            for (byte[] name : images.get(label)) {
                names.writeBytes(name);
                nameEnds[image++] = names.size();
            }
            if (images.get(label).length > 0) {
                filled.add(classes.get(label));
                ends.add(image);
            }
        }
        int[] classEnds = ends.stream().mapToInt(Integer::intValue).toArray();
        return new SampleIndex.FolderPart(
                folder, labelled, List.copyOf(filled), classEnds, nameEnds, names.toByteArray());
    }

    /** By unsigned bytes of UTF-8: the same order on every machine, whatever its language. */
    private static byte[][] sorted(List<String> names) {
        byte[][] bytes = names.stream()
                .map(name -> name.getBytes(StandardCharsets.UTF_8))
                .toArray(byte[][]::new);
        Arrays.sort(bytes, Arrays::compareUnsigned);
        return bytes;
    }

    private static List<String> text(byte[][] names) {
        return Arrays.stream(names)
                .map(name -> new String(name, StandardCharsets.UTF_8))
                .toList();
    }

    private static <T> T result(Future<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UserError error) {
                throw error;
            }
            throw new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("The listing of the data set's folders was interrupted; start again", e);
        }
    }

    /**
     * A walk through a data set's folders, which it lists. Tells images from folders by the name's
     * ending, and asks the file system only about names without an image's ending: a million files
     * are listed without a call each.
     */
    private static final class Walk {
        private static final Set<String> ENDINGS = Set.of("jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp");
        private static final int DEEPEST = 32;

        /** What Java puts for bytes of a name that the locale's encoding doesn't have. */
        private static final char UNREADABLE = '\uFFFD';

        private final Path root;
        private final ImageDataset.IndexProgress progress;
        private final Queue<SampleIndex.Listed> listed = new ConcurrentLinkedQueue<>();
        private final AtomicLong folders = new AtomicLong();
        private final AtomicLong images = new AtomicLong();

        Walk(Path root, ImageDataset.IndexProgress progress) {
            this.root = root;
            this.progress = progress;
        }

        /**
         * The names in one folder; those that start with a dot are left out.
         *
         * @param folders names of folders, links to folders included
         * @param images names that end like an image's
         */
        record Entries(List<String> folders, List<String> images) {}

        /** Every folder that was listed so far. */
        List<SampleIndex.Listed> listed() {
            return List.copyOf(listed);
        }

        /** Lists one folder, given by its path below the root. */
        Entries list(String folder) {
            Path path = root.resolve(folder);
            Entries entries = new Entries(new ArrayList<>(), new ArrayList<>());
            try {
                listed.add(new SampleIndex.Listed(folder, Files.getLastModifiedTime(path)));
                try (DirectoryStream<Path> stream = Files.newDirectoryStream(path)) {
                    stream.forEach(entry -> sort(entry, entries));
                }
            } catch (IOException | DirectoryIteratorException e) {
                throw new UserError(
                        "The folder %s of the data set can't be listed (%s); check its permissions".formatted(path, e),
                        e);
            }
            progress.listed(
                    folders.incrementAndGet(), images.addAndGet(entries.images().size()));
            return entries;
        }

        private static void sort(Path entry, Entries entries) {
            String name = entry.getFileName().toString();
            if (name.startsWith(".")) {
                return;
            }
            if (name.indexOf(UNREADABLE) >= 0) {
                throw new UserError(
                        "The name %s in the data set has characters that can't be read in this locale; start with LC_ALL=C.UTF-8, or rename it"
                                .formatted(entry));
            }
            if (isImage(name)) {
                entries.images().add(name);
            } else if (Files.isDirectory(entry)) {
                entries.folders().add(name);
            }
        }

        /** Paths of all images below a folder, relative to it and with slashes, in no order. */
        List<String> below(String folder) {
            List<String> found = new ArrayList<>();
            collect(folder, "", list(folder), 0, found);
            return found;
        }

        private void collect(String folder, String prefix, Entries entries, int depth, List<String> found) {
            if (depth > DEEPEST) {
                throw new UserError(
                        "The data set's folder %s is nested more than %d deep; does a symbolic link in it lead upwards?"
                                .formatted(root.resolve(folder).resolve(prefix), DEEPEST));
            }
            entries.images().forEach(name -> found.add(prefix + name));
            for (String name : entries.folders()) {
                String inner = prefix + name;
                collect(folder, inner + "/", list(folder + "/" + inner), depth + 1, found);
            }
        }

        private static boolean isImage(String name) {
            int dot = name.lastIndexOf('.');
            return dot >= 0 && ENDINGS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
        }
    }
}
