package org.simreg.worker.data.dataset.list;

import java.util.function.Consumer;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.located.LongColumn;
import org.simreg.worker.data.dataset.located.TextColumn;
import org.simreg.worker.data.store.StoredFile;

/** The objects below a folder in columns: a million take their paths and twenty bytes each. */
final class ObjectRows implements Consumer<StoredFile> {
    private static final int STEP = 1000;

    private final String folder;
    private final ImageDataset.IndexProgress progress;
    private final TextColumn paths = new TextColumn();
    private final LongColumn sizes = new LongColumn();
    private final LongColumn changed = new LongColumn();
    private int[] order = {};

    /**
     * @param folder the place that all begin with
     * @param progress told now and then how many there are
     */
    ObjectRows(String folder, ImageDataset.IndexProgress progress) {
        this.folder = folder;
        this.progress = progress;
    }

    @Override
    public void accept(StoredFile object) {
        paths.add(object.path().substring(folder.length()));
        sizes.add(object.size());
        changed.add(object.changed());
        if (size() % STEP == 0) {
            progress.listed(0, size());
        }
    }

    /** How many objects. */
    int size() {
        return paths.size();
    }

    /** The rows in the byte order of their paths, which is found once all are there. */
    int[] order() {
        if (order.length != size()) {
            order = paths.order();
        }
        return order;
    }

    /** An object's path below the folder. */
    String path(int row) {
        return paths.get(row);
    }

    /** An object. */
    StoredFile object(int row) {
        return new StoredFile(folder + path(row), sizes.get(row), changed.get(row));
    }

    /** A digest of names, sizes and versions, in 64 bits. */
    long digest() {
        Sha256 sha = new Sha256();
        for (int row : order()) {
            StoredFile one = object(row);
            sha.text(one.path()).text(one.size() + " " + one.changed());
        }
        return Long.parseUnsignedLong(sha.hex().substring(0, 16), 16);
    }
}
