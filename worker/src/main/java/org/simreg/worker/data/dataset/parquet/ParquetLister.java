package org.simreg.worker.data.dataset.parquet;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.located.FileSplits;
import org.simreg.worker.data.dataset.located.SampleEntries;
import org.simreg.worker.data.dataset.located.SampleLister;
import org.simreg.worker.data.dataset.located.TextNumbers;
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
                    progress.listed(files.incrementAndGet(), images.addAndGet(rows.size()));
                    return rows;
                })
                .toList();
        boolean named = areNamed(all, FileSplits.of(inputs));
        for (ParquetRows rows : all) {
            for (int image = 0; image < rows.size(); image++) {
                String path = named ? plain(rows.path(image)) : byRow(rows.file(), rows.row(image));
                into.add(new SampleEntries.Entry(
                        rows.label(image), path, rows.file(), rows.offset(image), rows.length(image)));
            }
        }
        long nulls = all.stream().mapToLong(ParquetRows::nulls).sum();
        if (nulls > 0) {
            into.note("left out: %d %s without an image".formatted(nulls, nulls == 1 ? "row" : "rows"));
        }
        if (!named) {
            into.note("images are named by file and row, since paths are missing or stand twice");
        }
    }

    private static boolean areNamed(List<ParquetRows> all, Optional<FileSplits> splits) {
        if (!all.stream().allMatch(ParquetRows::isNamed)) {
            return false;
        }
        TextNumbers seen = new TextNumbers();
        for (ParquetRows rows : all) {
            String split = splits.map(each -> each.of(rows.file()) + "/").orElse("");
            for (int image = 0; image < rows.size(); image++) {
                int before = seen.size();
                if (seen.of(split + rows.label(image) + "/" + rows.path(image)) < before) {
                    return false;
                }
            }
        }
        return true;
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
