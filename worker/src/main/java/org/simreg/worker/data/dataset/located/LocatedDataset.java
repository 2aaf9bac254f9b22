package org.simreg.worker.data.dataset.located;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.simreg.proto.UserError;
import org.simreg.worker.data.cache.SampleCache;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.LocatedIndex;
import org.simreg.worker.data.dataset.LocatedIndexFile;
import org.simreg.worker.data.dataset.SampleExtents;
import org.simreg.worker.data.dataset.SampleIndex;
import org.simreg.worker.data.dataset.folder.IndexedDataset;
import org.simreg.worker.data.dataset.folder.PathTree;
import org.simreg.worker.data.store.FileStore;
import org.simreg.worker.data.store.StoredFile;
import org.simreg.worker.data.store.ValueStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The opener of data sets whose images are stretches of files, from one source or several. */
public final class LocatedDataset {
    private static final Logger LOG = LoggerFactory.getLogger(LocatedDataset.class);

    private LocatedDataset() {}

    /**
     * The index of a source: the stored one while the files that it was made of are the same, else a new one.
     *
     * @param cache folder for index files; created if missing
     * @throws UserError if the source can't be listed
     */
    public static LocatedIndex index(SampleLister lister, Path cache, ImageDataset.IndexProgress progress) {
        List<StoredFile> inputs = lister.inputs();
        LocatedIndexFile file = new LocatedIndexFile(cache, lister.key());
        Optional<LocatedIndex> stored = file.read(inputs);
        if (stored.isPresent()) {
            return stored.get();
        }
        SampleEntries entries = new SampleEntries(lister.key());
        lister.list(inputs, entries, progress);
        LocatedIndex built = entries.index(inputs);
        try {
            file.write(built);
        } catch (IOException e) {
            LOG.warn(
                    "The index of {} can't be stored, so the next start makes it again: {}",
                    lister.key(),
                    e.toString());
        }
        return built;
    }

    /**
     * The index of a folder tree as one source among others.
     *
     * @param root the folder
     * @param index of its images
     */
    public static LocatedIndex of(Path root, SampleIndex index) {
        List<LocatedIndex.Part> parts = new ArrayList<>();
        for (SampleIndex.FolderPart part : index.parts()) {
            PartBuilder built = new PartBuilder(part.folder());
            String folder = root + "/" + (part.folder().isEmpty() ? "" : part.folder() + "/");
            for (int label = 0; label < part.classes().size(); label++) {
                String name = part.classes().get(label);
                StoredFile beginning = new StoredFile(folder + (name.isEmpty() ? "" : name + "/"), 0, 0);
                for (int image = part.classEnd(label - 1); image < part.classEnd(label); image++) {
                    built.add(name, part.name(image), beginning, SampleExtents.WHOLE, -1);
                }
            }
            parts.add(built.build());
        }
        return new LocatedIndex(List.of(StoredFile.folder(root + "/")), parts, index.notes());
    }

    /**
     * One index of several.
     *
     * @throws UserError if two sources have samples of one name
     */
    public static LocatedIndex merged(List<LocatedIndex> sources) {
        List<String> notes = new ArrayList<>();
        sources.forEach(source -> notes.addAll(source.notes()));
        Optional<FileSplits> splits = splits(sources);
        splits.ifPresent(all -> notes.add(all.note()));
        List<LocatedIndex.Part> parts = new ArrayList<>();
        for (FileSplits.Split split : List.of(FileSplits.Split.TRAIN, FileSplits.Split.VAL)) {
            PartBuilder all = new PartBuilder(split.name().toLowerCase(Locale.ROOT));
            for (LocatedIndex source : sources) {
                part(source, split, splits).ifPresent(part -> addAll(part, all));
            }
            if (all.size() > 0) {
                all.twice().ifPresent(twice -> {
                    throw new UserError(
                            "The sources can't be one data set: %s; rename one of them, or leave a source out"
                                    .formatted(twice));
                });
                LocatedIndex.Part one = all.build();
                notes.addAll(PathTree.notes(one.names()));
                parts.add(one);
            }
        }
        return new LocatedIndex(List.of(), parts, notes);
    }

    /** What sources are by the names of their files, if each has one part and all of its files are of one split. */
    private static Optional<FileSplits> splits(List<LocatedIndex> sources) {
        boolean whole = sources.stream()
                .allMatch(
                        source -> source.parts().size() == 1 && !source.inputs().isEmpty());
        return FileSplits.of(sources.stream()
                        .flatMap(source -> source.inputs().stream())
                        .toList())
                .filter(splits -> whole
                        && sources.stream()
                                .allMatch(source -> source.inputs().stream()
                                                .map(splits::of)
                                                .distinct()
                                                .count()
                                        == 1));
    }

    private static Optional<LocatedIndex.Part> part(
            LocatedIndex source, FileSplits.Split split, Optional<FileSplits> splits) {
        if (splits.isPresent()) {
            boolean is = splits.get().of(source.inputs().get(0)) == split;
            return is ? Optional.of(source.parts().get(0)) : Optional.empty();
        }
        int part = split == FileSplits.Split.TRAIN ? 0 : 1;
        return source.parts().size() > part ? Optional.of(source.parts().get(part)) : Optional.empty();
    }

    private static void addAll(LocatedIndex.Part from, PartBuilder into) {
        SampleIndex.FolderPart names = from.names();
        SampleExtents extents = from.extents();
        for (int label = 0; label < names.classes().size(); label++) {
            for (int image = names.classEnd(label - 1); image < names.classEnd(label); image++) {
                StoredFile file = extents.files().get(extents.file()[image]);
                into.add(
                        names.classes().get(label),
                        names.name(image),
                        file,
                        extents.offset()[image],
                        extents.length()[image]);
            }
        }
    }

    /**
     * Where the samples of a data set are read.
     *
     * @param files of stretches
     * @param values packed in files
     * @param cache of samples that lie in buckets; none: they are read each time
     */
    public record Stores(FileStore files, ValueStore values, Optional<SampleCache> cache) {}

    /**
     * The data set of an index.
     *
     * @param found the index
     * @param shown what the data set is called
     * @param stores where its files are read
     * @throws UserError if the subset names unknown classes, or a list of val's classes
     */
    public static ImageDataset open(
            LocatedIndex found, String shown, Stores stores, ImageDataset.Subset subset, Consumer<String> notices) {
        if (subset.valLabels().isPresent()) {
            throw new UserError("dataset.val_labels (--val-labels) goes with one folder only, not with %s; leave it out"
                    .formatted(shown));
        }
        LocatedIndex index = subset.held().map(found::held).orElse(found);
        index.notes().forEach(note -> notices.accept(shown + ": " + note));
        List<SampleIndex.FolderPart> parts =
                index.parts().stream().map(LocatedIndex.Part::names).toList();
        return new IndexedDataset(
                        Path.of(shown),
                        shown,
                        parts,
                        (part, images) -> FarSamples.source(
                                new LocatedSamples(images, extents(index, part), stores.files(), stores.values()),
                                stores.cache(),
                                notices))
                .open(subset, notices);
    }

    private static SampleExtents extents(LocatedIndex index, SampleIndex.FolderPart part) {
        return index.parts().stream()
                .filter(one -> one.names() == part)
                .findFirst()
                .orElseThrow()
                .extents();
    }
}
