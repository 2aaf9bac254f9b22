package org.simreg.worker.data.dataset.list;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.simreg.proto.DataSource;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.folder.LeftOut;
import org.simreg.worker.data.dataset.folder.PathTree;
import org.simreg.worker.data.dataset.located.SampleEntries;
import org.simreg.worker.data.dataset.located.SampleLister;
import org.simreg.worker.data.store.ObjectStore;
import org.simreg.worker.data.store.StoredFile;

/** The lister of objects below a beginning of their names, as a folder tree. Each start lists them. */
public final class ObjectLister implements SampleLister {
    private final String folder;
    private final ObjectStore store;
    private final ImageDataset.IndexProgress progress;
    private Optional<ObjectRows> objects = Optional.empty();

    /**
     * @param folder the place that all begin with
     * @param progress told about the listing
     */
    public ObjectLister(String folder, ObjectStore store, ImageDataset.IndexProgress progress) {
        this.folder = folder.endsWith("/") ? folder : folder + "/";
        this.store = store;
        this.progress = progress;
    }

    @Override
    public String key() {
        return folder;
    }

    /** One file that stands for all: a digest of their names, sizes and versions. */
    @Override
    public List<StoredFile> inputs() {
        ObjectRows found = new ObjectRows(folder, progress);
        store.below(folder, found);
        objects = Optional.of(found);
        return List.of(new StoredFile(folder, found.size(), found.digest()));
    }

    @Override
    public void list(List<StoredFile> inputs, SampleEntries into, ImageDataset.IndexProgress listed) {
        LeftOut leftOut = new LeftOut();
        StoredFile beginning = StoredFile.folder(folder);
        int odd = 0;
        Map<String, DataSource> shards = new TreeMap<>();
        ObjectRows rows = objects.orElseThrow();
        for (int row : rows.order()) {
            String path = rows.path(row);
            if (path.isEmpty() || path.endsWith("/")) {
                continue;
            }
            if (isOdd(path)) {
                odd++;
            } else if (!PathTree.isImage(path)) {
                leftOut.file("", path.substring(path.lastIndexOf('/') + 1), true);
                DataSource.ofShards(folder + path).ifPresent(source -> shards.putIfAbsent(ending(path), source));
            } else {
                StoredFile object = rows.object(row);
                into.add(new SampleEntries.Entry(null, path, beginning, object.changed(), length(object)));
            }
        }
        objects = Optional.empty();
        if (into.size() == 0) {
            shards.forEach(this::refuse);
        }
        leftOut.notes().forEach(into::note);
        if (odd > 0) {
            into.note("left out: %d objects with empty names, . or .. in their paths".formatted(odd));
        }
    }

    private static String ending(String path) {
        return path.substring(path.lastIndexOf('.'));
    }

    private void refuse(String ending, DataSource first) {
        String place = first.at().substring(0, first.at().lastIndexOf('/') + 1);
        throw new UserError("%s has no images and %s files; name them by '%s'"
                .formatted(folder, ending, first.with(place + "*" + ending).text()));
    }

    /** An object's bytes as those of an image. */
    static int length(StoredFile object) {
        if (object.size() > Integer.MAX_VALUE) {
            throw new UserError("%s has %d bytes, more than an image may have; take it away"
                    .formatted(object.path(), object.size()));
        }
        return (int) object.size();
    }

    private static boolean isOdd(String path) {
        return Arrays.stream(path.split("/", -1))
                .anyMatch(name -> name.isEmpty() || name.equals(".") || name.equals(".."));
    }
}
