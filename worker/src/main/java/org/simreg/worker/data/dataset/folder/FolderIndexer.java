package org.simreg.worker.data.dataset.folder;

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.simreg.proto.DataSource;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.io.FileNames;
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
    private final LeftOut leftOut = new LeftOut();
    private final FolderWalk walk;

    private FolderIndexer(Path root, ImageDataset.IndexProgress progress) {
        this.root = root;
        walk = new FolderWalk(root, progress, leftOut);
    }

    /**
     * @throws UserError if the folder is missing, can't be listed or holds no images
     */
    static SampleIndex of(Path root, ImageDataset.IndexProgress progress) {
        if (!Files.isDirectory(root)) {
            throw new UserError("The data set %s is no folder; %s".formatted(root, other(root)));
        }
        ExecutorService threads = NamedThreads.numbered("index", THREADS);
        try {
            return new FolderIndexer(root, progress).build(threads);
        } finally {
            threads.shutdownNow();
        }
    }

    /** What else it may be meant to be. */
    private static String other(Path root) {
        String name =
                root.getFileName() == null ? "" : root.getFileName().toString().toLowerCase(Locale.ROOT);
        if (root.toString().matches("(https?|ftp|gs|hdfs|hf|az|abfss?):.*")) {
            return "such addresses aren't read: download it, or name a bucket by s3://BUCKET/PREFIX";
        } else if (!Files.isRegularFile(root)) {
            return LAYOUTS;
        }
        Optional<DataSource> shards = DataSource.ofShards(root.toString());
        if (shards.isPresent()) {
            return "write " + shards.get().text();
        } else if (name.matches(".*\\.(zip|7z|rar|tgz|tar\\..*)")) {
            return "it is an archive: unpack it, and name the folder";
        }
        return FolderWalk.isImage(name)
                ? "it is one image: name its folder"
                : "write list:%s if it is a list of images".formatted(root);
    }

    private SampleIndex build(ExecutorService threads) {
        SplitLayout layout = SplitLayout.of(walk);
        List<String> notes = new ArrayList<>(layout.notes());
        List<SampleIndex.FolderPart> parts = new ArrayList<>();
        SampleIndex.FolderPart train = part(layout.train(), threads, notes);
        if (train.size() == 0) {
            throw empty(layout.train());
        }
        parts.add(train);
        layout.vals().stream()
                .findFirst()
                .flatMap(folder -> val(folder, threads, notes))
                .ifPresent(parts::add);
        notes.addAll(leftOut.notes());
        return new SampleIndex(walk.listed(), List.copyOf(parts), List.copyOf(notes));
    }

    /** Nothing about val stops a training. */
    private Optional<SampleIndex.FolderPart> val(String folder, ExecutorService threads, List<String> notes) {
        try {
            return Optional.of(part(folder, threads, notes));
        } catch (UserError e) {
            notes.add("left out: val, since " + e.getMessage());
            return Optional.empty();
        }
    }

    private UserError empty(String folder) {
        long tars = leftOut.count(".tar") + leftOut.count(".tgz") + leftOut.count(".gz");
        String path = FileNames.resolve(root, folder).toString();
        if (leftOut.count(".parquet") > 0) {
            return new UserError(
                    "The data set's folder %s holds no images; it holds %s, which are named 'parquet:%s/*.parquet'"
                            .formatted(path, leftOut.endings(), path));
        }
        if (tars > 0) {
            return new UserError(
                    "The data set's folder %s holds archives (%s) and no images; shards are read where they lie by tar:%s/*.tar, and of an archive a class unpack each into a folder of its name: for t in *.tar; do mkdir \"${t%%.tar}\" && tar -xf \"$t\" -C \"${t%%.tar}\"; done"
                            .formatted(path, leftOut.endings(), path));
        }
        String found = leftOut.endings().isEmpty() ? "" : "; it holds " + leftOut.endings();
        return new UserError("The data set's folder %s holds no images (jpg, png, webp, gif, bmp, tif, ppm, pgm)%s; %s"
                .formatted(path, found, LAYOUTS));
    }

    /**
     * A part as its folders are. Images beside the class folders come first, under an empty class name: whoever uses
     * the part knows whether they count.
     */
    private SampleIndex.FolderPart part(String folder, ExecutorService threads, List<String> notes) {
        FolderWalk.Entries entries = walk.list(folder);
        List<String> classes = text(sorted(entries.folders()));
        List<Future<byte[][]>> listings = classes.stream()
                .map(name -> threads.submit(() -> sorted(walk.below(FolderWalk.below(folder, name)))))
                .toList();
        List<String> names = new ArrayList<>();
        names.add("");
        names.addAll(classes);
        List<byte[][]> images = new ArrayList<>();
        images.add(sorted(entries.images()));
        listings.forEach(listing -> images.add(result(listing)));
        SampleIndex.FolderPart part = assemble(folder, names, images);
        if (part.labelled()) {
            notes.addAll(new PartNotes(folder, part, classes).notes());
        }
        return part;
    }

    private static SampleIndex.FolderPart assemble(String folder, List<String> classes, List<byte[][]> images) {
        List<String> filled = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        int size = images.stream().mapToInt(names -> names.length).sum();
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
        boolean labelled = filled.stream().anyMatch(name -> !name.isEmpty());
        return new SampleIndex.FolderPart(
                folder,
                labelled ? SampleIndex.Placement.CLASS_FOLDERS : SampleIndex.Placement.ONE_FOLDER,
                List.copyOf(filled),
                ends.stream().mapToInt(Integer::intValue).toArray(),
                nameEnds,
                names.toByteArray());
    }

    /** By unsigned bytes: the same order on every machine, whatever its language. */
    private static byte[][] sorted(List<String> names) {
        byte[][] bytes = names.stream().map(FileNames::bytes).toArray(byte[][]::new);
        Arrays.sort(bytes, Arrays::compareUnsigned);
        return bytes;
    }

    private static List<String> text(byte[][] names) {
        return Arrays.stream(names).map(FileNames::text).toList();
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
}
