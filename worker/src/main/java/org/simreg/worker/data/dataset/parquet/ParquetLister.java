package org.simreg.worker.data.dataset.parquet;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.located.SampleEntries;
import org.simreg.worker.data.dataset.located.SampleLister;
import org.simreg.worker.data.store.FileStore;
import org.simreg.worker.data.store.StoredFile;

/**
 * The lister of images in Parquet files, as Hugging Face has them. A sample's name is its path, or the file's name and
 * the row where paths are missing or stand twice. Every page of images is unpacked once, several files at once.
 */
public final class ParquetLister implements SampleLister {
    private final String pattern;
    private final String field;
    private final FileStore store;

    /**
     * @param pattern of the files' paths
     * @param field name of the label's column; empty: one of the usual names
     */
    public ParquetLister(String pattern, String field, FileStore store) {
        this.pattern = pattern;
        this.field = field;
        this.store = store;
    }

    @Override
    public String key() {
        return "parquet:" + pattern + (field.isEmpty() ? "" : " (" + field + ")");
    }

    @Override
    public List<StoredFile> inputs() {
        return store.find(pattern);
    }

    @Override
    public void list(List<StoredFile> inputs, SampleEntries into, ImageDataset.IndexProgress progress) {
        AtomicLong files = new AtomicLong();
        AtomicLong images = new AtomicLong();
        List<ParquetRows> all = inputs.parallelStream()
                .map(file -> {
                    ParquetRows rows = ParquetRows.of(file, field, store);
                    progress.listed(
                            files.incrementAndGet(),
                            images.addAndGet(rows.images().size()));
                    return rows;
                })
                .toList();
        boolean named = areNamed(all);
        for (ParquetRows rows : all) {
            for (ParquetRows.Image image : rows.images()) {
                String path = named ? plain(image.path()) : byRow(rows.file(), image.row());
                into.add(new SampleEntries.Entry(image.label(), path, rows.file(), image.offset(), image.length()));
            }
        }
        long nulls = all.stream().mapToLong(ParquetRows::nulls).sum();
        if (nulls > 0) {
            into.note("left out: %d rows without an image".formatted(nulls));
        }
        if (!named) {
            into.note("images are named by file and row, since paths are missing or stand twice");
        }
    }

    private static boolean areNamed(List<ParquetRows> all) {
        Set<String> seen = new HashSet<>();
        return all.stream()
                .flatMap(rows -> rows.images().stream())
                .allMatch(image -> image.path() != null
                        && !image.path().isEmpty()
                        && seen.add(image.label() + "/" + image.path()));
    }

    /** A path that leads nowhere else. */
    private String plain(String path) {
        String plain = path.startsWith("./") ? path.substring(2) : path;
        if (plain.startsWith("/") || plain.equals("..") || plain.startsWith("../") || plain.contains("/../")) {
            throw new UserError(
                    "%s names an image %s; a name may not be absolute or have .. in it".formatted(key(), path));
        }
        return plain;
    }

    private static String byRow(StoredFile file, long row) {
        String name = file.path().substring(file.path().lastIndexOf('/') + 1);
        return "%s-%09d".formatted(name, row);
    }
}
