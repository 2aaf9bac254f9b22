package org.simreg.worker.data;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.simreg.proto.UserError;
import org.simreg.worker.serve.ServeThreads;

/**
 * A builder of data sets' indexes: it lists folders, several classes at once, and reads no file.
 */
final class IndexBuild {
    private static final String LAYOUTS =
            "a data set is train/CLASS/* and val/CLASS/*, or CLASS/*, or one folder of images";

    /** Listing waits for disks and networks more than for processors. */
    private static final int THREADS = Math.max(8, 2 * Runtime.getRuntime().availableProcessors());

    private final Path root;
    private final FolderWalk walk;

    private IndexBuild(Path root, IndexProgress progress) {
        this.root = root;
        walk = new FolderWalk(root, progress);
    }

    /**
     * @throws UserError if the folder is missing, holds no images, or mixes images and class
     *     folders
     */
    static FolderIndex of(Path root, IndexProgress progress) {
        if (!Files.isDirectory(root)) {
            throw new UserError("The data set %s is no folder; %s".formatted(root, LAYOUTS));
        }
        ExecutorService threads =
                Executors.newFixedThreadPool(THREADS, ServeThreads.numbered("index"));
        try {
            return new IndexBuild(root, progress).build(threads);
        } finally {
            threads.shutdownNow();
        }
    }

    private FolderIndex build(ExecutorService threads) {
        List<FolderPart> parts = new ArrayList<>();
        if (Files.isDirectory(root.resolve("train"))) {
            walk.list("");
            parts.add(part("train", threads));
            if (Files.isDirectory(root.resolve("val"))) {
                parts.add(part("val", threads));
            }
        } else {
            parts.add(part("", threads));
        }
        return new FolderIndex(walk.listed(), List.copyOf(parts));
    }

    private FolderPart part(String folder, ExecutorService threads) {
        FolderWalk.Entries entries = walk.list(folder);
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
        List<Future<byte[][]>> listings =
                classes.stream()
                        .map(name -> threads.submit(() -> sorted(walk.below(prefix + name))))
                        .toList();
        return assemble(folder, true, classes, listings.stream().map(IndexBuild::result).toList());
    }

    /** Class folders without images are no classes. */
    private FolderPart assemble(
            String folder, boolean labelled, List<String> classes, List<byte[][]> images) {
        List<String> filled = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        int size = images.stream().mapToInt(names -> names.length).sum();
        if (size == 0) {
            throw new UserError(
                    "The data set's folder %s holds no images (jpg, png, webp, gif, bmp); %s"
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
        return new FolderPart(
                folder, labelled, List.copyOf(filled), classEnds, nameEnds, names.toByteArray());
    }

    /** By unsigned bytes of UTF-8: the same order on every machine, whatever its language. */
    private static byte[][] sorted(List<String> names) {
        byte[][] bytes =
                names.stream()
                        .map(name -> name.getBytes(StandardCharsets.UTF_8))
                        .toArray(byte[][]::new);
        Arrays.sort(bytes, Arrays::compareUnsigned);
        return bytes;
    }

    private static List<String> text(byte[][] names) {
        return Arrays.stream(names).map(name -> new String(name, StandardCharsets.UTF_8)).toList();
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
            throw new UserError(
                    "The listing of the data set's folders was interrupted; start again", e);
        }
    }
}
